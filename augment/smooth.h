/*
 * What Pillow's sharpness does: a blend of a picture with its smoothed self.
 *
 *     smooth_blend(&from, 1.5f, sums, &to);
 *
 * s = (sum of the 3x3 neighbors + 4 x) / 13, rounded; result s + factor (x - s) in float, cut off
 * behind the point and clamped to 0..255. The picture's border is copied. The same bits at every
 * level of vector code. Any thread.
 */
#ifndef TENFOLD_AUGMENT_SMOOTH_H
#define TENFOLD_AUGMENT_SMOOTH_H

#include <stddef.h>
#include <stdint.h>

#include "base/image.h"

/* `sums` is memory for 3 * width numbers; `to` is another picture of the same size. */
void smooth_blend(const struct image *from, float factor, uint16_t *sums, const struct image *to);

/* One row inside: a, b, c are rows y - 1, y, y + 1, of which b's values [3, values - 3) are done;
 * AVX2 wants 22 values. */
void smooth_row_avx2(const uint8_t *a, const uint8_t *b, const uint8_t *c, size_t values,
                     float factor, uint16_t *sums, uint8_t *out);

#endif
