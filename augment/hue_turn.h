/*
 * Hue in HSV without going to HSV. With V the largest and m the smallest of R, G, B and C = V - m,
 * the hue in sectors of a sixth of the circle is
 *     (G - B) / C where V = R, else 2 + (B - R) / C where V = G, else 4 + (R - G) / C,
 * and with h the hue turned, mod 6, the pixel becomes m + C w, where
 *     w = |h - 3| - 1 for R, 2 - |h - 2| for G, 2 - |h - 4| for B, within 0..1.
 *
 *     hue_turn(6 * turn, n, r, g, b);
 *
 * In float, the same bits at every level of vector code. Any thread.
 */
#ifndef TENFOLD_AUGMENT_HUE_TURN_H
#define TENFOLD_AUGMENT_HUE_TURN_H

#include <stddef.h>

/* n pixels in planes of levels, which are clamped to 0..255 first. */
void hue_turn(float sectors, size_t n, float *r, float *g, float *b);

/* n a multiple of 8. */
void hue_turn_avx2(float sectors, size_t n, float *r, float *g, float *b);

#endif
