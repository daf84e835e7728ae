/*
 * A convolution whose every output channel reads one input channel: x (c,h,w), w (k,r,s) with k a
 * multiple of c, y (k,oh,ow). As a product it would be k products of one row each; here a tap is
 * one pass over the plane.
 *
 *     depthwise(x, in, &window, out, w, y);
 */
#ifndef TENFOLD_MODEL_DEPTHWISE_H
#define TENFOLD_MODEL_DEPTHWISE_H

#include "model/im2col.h"

void depthwise(const float *x, struct shape in, const struct window *win, struct shape out,
               const float *w, float *y);
/* Adds to dw (k,r,s), and to dx (c,h,w) unless that is NULL. */
void depthwise_back(const float *x, struct shape in, const struct window *win, struct shape out,
                    const float *w, const float *dy, float *dw, float *dx);

#endif
