/*
 * Running a layer that flattens a whole plane (linear, flatten) as a window of that plane's size
 * that slides over a larger one, step by step of one pixel.
 *
 *     unfold_shape(&l->built, in, length, out, err);
 *     unfold(x, in, l->built, col);          // col (c*h*w of built, oh*ow)
 */
#ifndef TENFOLD_MODEL_UNFOLD_H
#define TENFOLD_MODEL_UNFOLD_H

#include "base/error.h"
#include "model/net.h"

/* `channels` values at every position: 1 x 1 of them where `in` is `built`. */
int unfold_shape(const struct shape *built, const struct shape *in, int channels, struct shape *out,
                 struct error *err);

/* x (c,h,w) of shape `in`: row (c,r,s) of `col` is x[c] from (r,s) on, oh*ow long. */
void unfold(const float *x, struct shape in, struct shape built, float *col);

#endif
