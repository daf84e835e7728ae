/*
 * The windows of adaptive pooling: output o of n over a row of `size` sees [floor(o size / n),
 * ceil((o + 1) size / n)), as PyTorch's AdaptiveAvgPool2d and AdaptiveMaxPool2d.
 *
 * Where the network runs fully convolutionally on a larger plane, the windows keep the size that
 * they have at the network's declared input and become more; h = w = 1 stays the whole plane.
 *
 *     struct adaptive_window win = adaptive_window(p, oh, ow);       // rows and columns
 */
#ifndef TENFOLD_MODEL_ADAPTIVE_H
#define TENFOLD_MODEL_ADAPTIVE_H

#include "model/layer.h"

struct adaptive_window {
    int top, bottom, left, right; /* [top, bottom) x [left, right) */
};

extern const struct param adaptive_params[];

/* A layer_kind's `shape`. */
int adaptive_shape(const struct layer *l, const struct shape *in, struct shape *out,
                   struct error *err);

/* The window of output (oh, ow) of `out` on a plane of `in`. */
struct adaptive_window adaptive_window(const struct layer *l, struct shape in, struct shape out,
                                       int oh, int ow);

#endif
