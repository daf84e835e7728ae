/* The kernels behind levels.h: runs of n pixels (or bytes) without gaps, in place or apart. */
#ifndef TENFOLD_AUGMENT_LEVELS_PRIVATE_H
#define TENFOLD_AUGMENT_LEVELS_PRIVATE_H

#include "augment/levels.h"
#include "base/simd.h"

#ifdef SIMD_X86
void levels_bits_avx2(const uint8_t *in, size_t bytes, uint8_t mask, int threshold, uint8_t *out);
void levels_matrix_avx2(const struct color_matrix *m, const uint8_t *in, size_t n, uint8_t *out);
void levels_matrix_avx512(const struct color_matrix *m, const uint8_t *in, size_t n, uint8_t *out);
void levels_to_planes_avx2(const uint8_t *rgb, size_t n, float *r, float *g, float *b);
void levels_from_planes_avx2(const float *r, const float *g, const float *b, size_t n,
                             uint8_t *rgb);
/* Does whole blocks and gives the number of pixels done. */
size_t levels_extremes_avx2(const uint8_t *rgb, size_t n, uint8_t low[3], uint8_t high[3]);

/* One table for all bytes; a table for each channel, the first byte being R. */
void levels_table1_avx2(const uint8_t *in, size_t bytes, const uint8_t table[256], uint8_t *out);
void levels_table1_vbmi(const uint8_t *in, size_t bytes, const uint8_t table[256], uint8_t *out);
void levels_table3_vbmi(const uint8_t *in, size_t bytes, const uint8_t table[3][256], uint8_t *out);
#endif

#endif
