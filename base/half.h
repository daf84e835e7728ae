/*
 * 16-bit floats: IEEE half precision and bfloat16, rounded to nearest even. NaN stays NaN, what is
 * too large becomes infinity. The same bits at every level of vector code.
 *
 *     uint16_t h[64];
 *     half_from_floats(x, 64, h);
 *     half_to_floats(h, 64, x);
 */
#ifndef TENFOLD_BASE_HALF_H
#define TENFOLD_BASE_HALF_H

#include <stddef.h>
#include <stdint.h>

void half_from_floats(const float *x, size_t n, uint16_t *half);
void half_to_floats(const uint16_t *half, size_t n, float *x);
void bfloat_from_floats(const float *x, size_t n, uint16_t *bfloat);
void bfloat_to_floats(const uint16_t *bfloat, size_t n, float *x);

#endif
