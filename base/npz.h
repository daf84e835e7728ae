/*
 * NumPy's .npz: a zip archive of .npy arrays, stored or deflated (zlib). The archive is treated as
 * hostile: every entry must lie within the file, its sizes must agree with each other and its CRC
 * with its bytes, names must differ, and memory is taken only for what the compressed bytes can
 * hold.
 *
 *     struct npz *z;
 *     if (npz_open(&z, "outputs.npz", &err) < 0) ...
 *     struct tensor t;
 *     if (npz_read(z, 0, &t, &err) < 0) ...              // npz_name(z, 0) is "logits"
 *     free(t.data);
 *     npz_close(z);
 */
#ifndef TENFOLD_BASE_NPZ_H
#define TENFOLD_BASE_NPZ_H

#include <stddef.h>

#include "base/error.h"
#include "base/image.h"

struct npz;

int npz_open(struct npz **file, const char *path, struct error *err);
size_t npz_count(const struct npz *file);
/* Without its .npy, in the archive's order; borrowed until close. */
const char *npz_name(const struct npz *file, size_t i);
/* As npy_read. One thread at a time. */
int npz_read(struct npz *file, size_t i, struct tensor *t, struct error *err);
void npz_close(struct npz *file);

#endif
