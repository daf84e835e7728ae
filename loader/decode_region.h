/*
 * Which part of a baseline JPEG has to be decoded so that the pixels of `need` are those of a full
 * decode, to the bit. Arithmetic alone; libjpeg is not asked.
 *
 * A pixel's color comes from its MCU (the block of pixels that is coded together) and, where color
 * has less resolution than brightness, from the neighboring color samples: at most one sample
 * (`reach` pixels) further. The decoded part's own edges are edges of an image to libjpeg, so they
 * must lie beyond that reach, or on the edges of the image itself.
 *
 *     struct jpeg_grid grid = { 500, 375, 16, 16, 2, 2 };
 *     struct rect region = region_around(&grid, need);  // the columns and rows to decode
 *
 * All threads may call these.
 */
#ifndef TENFOLD_LOADER_DECODE_REGION_H
#define TENFOLD_LOADER_DECODE_REGION_H

#include <stdbool.h>

#include "base/image.h"

/* In pixels. */
struct jpeg_grid {
    int width, height;
    int mcu_width, mcu_height;
    int reach_x, reach_y;
};

/* `need` with the columns that have to be decoded beside it: from a multiple of the MCU's width on.
 * Rows need none: libjpeg decodes what it needs above and below by itself. */
struct rect region_around(const struct jpeg_grid *grid, struct rect need);

/* Whether decoding `region` alone is worth it: small images and little left out are not. */
bool region_pays(const struct jpeg_grid *grid, struct rect region);

#endif
