/* Inside safetensors: what the header of a file says, checked. Others include safetensors.h. */
#ifndef TENFOLD_BASE_SAFETENSORS_HEADER_H
#define TENFOLD_BASE_SAFETENSORS_HEADER_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "base/image.h"

enum { SAFETENSORS_HEADER_MAX = 100000000 }; /* bytes; the format's own limit */

#define SAFETENSORS_METADATA "__metadata__"

struct safetensors_part {
    const char *name;     /* borrowed from the header */
    struct tensor tensor; /* without data */
    uint64_t begin, end;  /* in the data part */
};

/* Check the header against itself and against a data part of `size` bytes: it must consist of the
 * tensors one after the other. `part` is fresh (free()), in order of place. */
int safetensors_check(const json_t *header, const char *path, uint64_t size,
                      struct safetensors_part **part, size_t *count, struct error *err);

#endif
