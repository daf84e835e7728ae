/* The two passes over one row, in plain and vector code. */
#ifndef TENFOLD_AUGMENT_BLUR_PRIVATE_H
#define TENFOLD_AUGMENT_BLUR_PRIVATE_H

#include "augment/blur.h"
#include "base/simd.h"

enum { BLUR_POINT = 6, BLUR_VALUES = 16 }; /* bits behind a row's point; values in a vector */

/* `values` sums over taps three values apart, `in` being the first one's center. AVX2 does whole
 * vectors: reads and writes up to 15 values more. */
void blur_row_avx2(const uint8_t *in, const struct blur_kernel *k, size_t values, int16_t *out);

/* `values` sums over rows, row[k->half] being the center's. AVX2 reads up to 15 values more, and
 * writes no more. */
void blur_column_avx2(const int16_t *const *row, const struct blur_kernel *k, size_t values,
                      uint8_t *out);

#endif
