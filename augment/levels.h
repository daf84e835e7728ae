/*
 * One pass over an 8-bit picture: what the color steps are made of.
 *
 *     uint8_t table[3][256];                       // of R, G and B
 *     ... fill it ...
 *     levels_table(&from, &to, table);             // from and to may be the same picture
 *
 * `from` and `to` have the same size; they are the same memory or do not overlap. The bits are the
 * same at every level of vector code. Any thread.
 */
#ifndef TENFOLD_AUGMENT_LEVELS_H
#define TENFOLD_AUGMENT_LEVELS_H

#include <stddef.h>
#include <stdint.h>

#include "augment/color_run.h"
#include "base/image.h"

/* Each level becomes its entry in the channel's table. */
void levels_table(const struct image *from, const struct image *to, const uint8_t table[3][256]);

/* v & mask, and 255 minus that where v >= threshold (0: everywhere, 256: nowhere). */
void levels_bits(const struct image *from, const struct image *to, uint8_t mask, int threshold);

/* color_apply, clamped to 0..255 and rounded half up. */
void levels_matrix(const struct color_matrix *m, const struct image *from, const struct image *to);

/* To and from planes of floats (3,h,w), whose pixel `at` is the run's first; n pixels. To levels:
 * clamped and rounded half up. */
void levels_to_planes(const uint8_t *rgb, size_t n, float *r, float *g, float *b);
void levels_from_planes(const float *r, const float *g, const float *b, size_t n, uint8_t *rgb);

/* Of n pixels: lowered and raised in low and high; counted in histogram. */
void levels_extremes(const uint8_t *rgb, size_t n, uint8_t low[3], uint8_t high[3]);
void levels_count(const uint8_t *rgb, size_t n, uint32_t histogram[3][256]);

#endif
