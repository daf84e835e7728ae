/*
 * Pillow's ImageEnhance on 8-bit pixels, to the level: a degenerate picture in whole levels d
 * (black for brightness, the mean gray for contrast, each pixel's gray for color), and out = d +
 * factor (x - d), in float, cut off to whole levels. Chains take this in place of the matrix, which
 * rounds once.
 *
 *     blend_levels(BLEND_GRAY, 1.4, &from, &to);
 */
#ifndef TENFOLD_AUGMENT_BLEND_H
#define TENFOLD_AUGMENT_BLEND_H

#include "augment/plan.h"

/* `from` and `to` have the same size and may be the same pixels; any kind but BLEND_NONE. */
void blend_levels(enum plan_blend kind, double factor, const struct image *from, struct image *to);

#endif
