/*
 * A convolution as a product: im2col lays out, for every output position, the pixels under the
 * kernel. x (c,h,w) -> col (c*r*s, oh*ow); col2im adds back: dx (c,h,w) += the transpose of that
 * map on col.
 *
 *     struct window win = { .kernel = 3, .stride = 2, .padding = 1, .dilation = 1 };
 *     struct shape out = { k, window_output(&win, in.h), window_output(&win, in.w) };
 *     im2col(x, in, &win, out, col);
 */
#ifndef TENFOLD_MODEL_IM2COL_H
#define TENFOLD_MODEL_IM2COL_H

#include "model/net.h"

struct window {
    int kernel, stride, padding; /* square */
    int dilation;                /* pixels from one tap to the next */
    bool same; /* TensorFlow's SAME in place of `padding`: ceil(size / stride) outputs, half of the
                  zeros that this takes before, the other half and the odd one after */
    bool ceil; /* a last window that only begins inside counts, too (PyTorch's ceil_mode) */
};

/* (size + 2 padding - dilation (kernel - 1) - 1) / stride + 1, rounded down (`ceil`: up, unless
 * that window began in the padding behind); below 1 where the kernel does not fit. */
int window_output(const struct window *win, int size);

/* How many pixels of padding lie before the first of `size`. */
int window_before(const struct window *win, int size);

/* Outputs [*first, *last) of `outputs` whose tap number `tap` lies inside 0..size-1. */
void window_inside(const struct window *win, int tap, int size, int outputs, int *first, int *last);

void im2col(const float *x, struct shape in, const struct window *win, struct shape out,
            float *col);
void col2im(const float *col, struct shape in, const struct window *win, struct shape out,
            float *dx);

#endif
