/* NumPy's .npy arrays, versions 1 to 3, C order, little-endian f4, f2, f8, u1, i1, i4, i8. Reading
 * is hostile-proof: the header is bounded and the file must hold exactly the shape's bytes. */
#ifndef TENFOLD_BASE_NPY_H
#define TENFOLD_BASE_NPY_H

#include "base/error.h"
#include "base/image.h"

/* `t->data` is fresh memory that the caller frees with free(). */
int npy_read(const char *path, struct tensor *t, struct error *err);
int npy_write(const char *path, const struct tensor *t, struct error *err);

#endif
