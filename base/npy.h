/*
 * NumPy's .npy arrays, versions 1 to 3, C order, little-endian f4, f2, f8, u1, i1, i4, i8. Reading
 * is hostile-proof: the header is bounded and the file must hold exactly the shape's bytes.
 *
 *     struct tensor t;
 *     if (npy_read("logits.npy", &t, &err) < 0) ...
 *     free(t.data);
 */
#ifndef TENFOLD_BASE_NPY_H
#define TENFOLD_BASE_NPY_H

#include "base/error.h"
#include "base/image.h"

/* `t->data` is fresh memory on a 64-byte boundary that the caller frees with free(); NULL on error.
 */
int npy_read(const char *path, struct tensor *t, struct error *err);
/* Atomic; the same bytes as numpy.save's. bfloat16 has no place in the format: ERROR_FAILED. */
int npy_write(const char *path, const struct tensor *t, struct error *err);

#endif
