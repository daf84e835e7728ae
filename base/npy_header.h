/* Inside npy and npz: the header of a file as text, and arrays from any run of bytes. Others
 * include npy.h. */
#ifndef TENFOLD_BASE_NPY_HEADER_H
#define TENFOLD_BASE_NPY_HEADER_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/image.h"

#define NPY_MAGIC "\x93NUMPY"

/* Type, rank and shape of `t` from the dict literal `text`; `path` is for messages. */
int npy_parse_header(const char *text, const char *path, struct tensor *t, struct error *err);

/* Everything before the data, the same bytes as numpy.save's. */
int npy_make_header(const struct tensor *t, struct buffer *out, struct error *err);

/* `size` bytes of an array, which read() hands out from the first one on. */
struct npy_stream {
    const char *name; /* for messages */
    uint64_t size;
    int (*read)(void *context, void *data, size_t size, struct error *err);
    void *context;
};
/* As npy_read. */
int npy_read_stream(const struct npy_stream *stream, struct tensor *t, struct error *err);

/* Whether the format has the type at all. */
bool npy_has_type(enum dtype dtype);

#endif
