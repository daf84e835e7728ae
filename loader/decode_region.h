/*
 * Which part of a baseline JPEG has to be decoded so that the pixels of `need` are those of a full
 * decode, to the bit. Arithmetic alone; libjpeg is not asked.
 *
 * A pixel's color comes from its MCU (the block of pixels that is coded together) and, where color
 * has less resolution than brightness, from the neighboring color samples: at most one sample
 * (`reach` pixels) further. The decoded part's own edges are edges of an image to libjpeg, so they
 * must lie beyond that reach, or on the edges of the image itself.
 *
 *     struct jpeg_grid grid = { 500, 375, 16, 16, 2, 2, 4 };
 *     struct restart_cut cut;
 *     if (restart_cut(&grid, need, &cut)) ...           // the segments to cut out of the file
 *     struct rect region = region_around(&grid, need);  // the columns and rows to decode
 *
 * All threads may call these.
 */
#ifndef TENFOLD_LOADER_DECODE_REGION_H
#define TENFOLD_LOADER_DECODE_REGION_H

#include <stdbool.h>

#include "base/image.h"

/* In pixels, but for `interval`. */
struct jpeg_grid {
    int width, height;
    int mcu_width, mcu_height;
    int reach_x, reach_y;
    unsigned interval; /* MCUs between restart markers; 0: there are none */
};

/* `need` with the columns that have to be decoded beside it: from a multiple of the MCU's width on.
 * Rows need none: libjpeg decodes what it needs above and below by itself. */
struct rect region_around(const struct jpeg_grid *grid, struct rect need);

/* Whether decoding `region` alone is worth it: small images and little left out are not. */
bool region_pays(const struct jpeg_grid *grid, struct rect region);

/* Segments (what lies between restart markers) that form a rectangle of the image. Segment (i, j)
 * is number j * across + i of the file. */
struct restart_cut {
    int across, down;     /* segments of the whole image */
    struct rect segments; /* those to keep, in segments */
    struct rect pixels;   /* the same in pixels of the image */
};

/* The smallest rectangle of segments that `need` can be decoded from. False when the interval
 * neither divides a row of MCUs nor is a whole number of rows, or when nothing can be left out. */
bool restart_cut(const struct jpeg_grid *grid, struct rect need, struct restart_cut *cut);

#endif
