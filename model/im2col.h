/*
 * A convolution as a product: im2col lays out, for every output position, the pixels under the
 * kernel. x (c,h,w) -> col (c*r*s, oh*ow); col2im adds back: dx (c,h,w) += the transpose of that
 * map on col.
 */
#ifndef TENFOLD_MODEL_IM2COL_H
#define TENFOLD_MODEL_IM2COL_H

#include "model/net.h"

struct window {
    int kernel, stride, padding; /* square */
};

/* (h + 2 padding - kernel) / stride + 1, rounded down; below 1 where the kernel does not fit. */
int window_output(const struct window *win, int size);

void im2col(const float *x, struct shape in, const struct window *win, struct shape out,
            float *col);
void col2im(const float *col, struct shape in, const struct window *win, struct shape out,
            float *dx);

#endif
