/*
 * Convolution with 3x3 kernels, stride 1, by Winograd's minimal filtering (Lavin and Gray, "Fast
 * Algorithms for Convolutional Neural Networks", arXiv:1509.09308): outputs in tiles of m x m, for
 * which the inputs' (m+2) x (m+2) pixels are transformed, multiplied channel by channel as
 * (m+2)^2 small matrix products, and transformed back. F(4x4,3x3) multiplies a fourth as often as
 * the definition, F(2x2,3x3) 4/9 as often; the price is rounding, a few units in the sixth digit.
 *
 *     struct winograd g = winograd_plan(4, c, h, w, k, 1);
 *     float *u = memory_aligned(winograd_weight_floats(&g), sizeof(float), err);
 *     float *scratch = memory_aligned(winograd_scratch_floats(&g), sizeof(float), err);
 *     winograd_weights(&g, weight, u);                              // once for many images
 *     winograd_forward(&g, n, x, u, bias, relu, y, scratch);        // x (n,c,h,w), y (n,k,h',w')
 *
 * The gradient with respect to the input is the same convolution with the kernels turned around.
 *
 * Bits depend on the shapes and the SIMD level alone: not on how many images go together.
 */
#ifndef TENFOLD_MODEL_WINOGRAD_H
#define TENFOLD_MODEL_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

/* What follows from the shapes; plain data. */
struct winograd {
    int m;          /* outputs of a tile's side: 2 or 4 */
    int c, h, w;    /* of x */
    int k, oh, ow;  /* of y */
    int padding;    /* 0..2 */
    int lanes;      /* of a vector at this SIMD level */
    int cp, kp;     /* channels rounded up to whole vectors */
    int rows, cols; /* tiles */
    int chunk;      /* tiles that are worked on at a time */
    int together;   /* images that are, where they have fewer */
    /* x and y lie in blocks of `lanes` channels (model/layer.h), of which they must have a
     * multiple; as planes unless the caller says so. */
    bool x_blocks, y_blocks;
};

/* Lanes of a vector at this SIMD level. */
int winograd_lanes(void);

/* h and w must be at least 3 - 2 padding, padding 0..2. */
struct winograd winograd_plan(int m, int c, int h, int w, int k, int padding);

/* Floats of transformed weights, and of a worker's scratch for any of the functions. */
size_t winograd_weight_floats(const struct winograd *g);
size_t winograd_scratch_floats(const struct winograd *g);

/* weight (k,c,3,3) transformed for winograd_forward. */
void winograd_weights(const struct winograd *g, const float *weight, float *u);
/* weight (c,k,3,3) of the forward convolution, whose input has this one's k channels, turned by
 * half a turn. */
void winograd_weights_turned(const struct winograd *g, const float *weight, float *u);

/* y = x * weight + bias, at least 0 with `relu`; bias NULL: none. */
void winograd_forward(const struct winograd *g, int images, const float *x, const float *u,
                      const float *bias, bool relu, float *y, float *scratch);

/* The convolution that makes dx of dy. */
struct winograd winograd_turned(const struct winograd *g);

/* Images 0, step, 2 step ... of x (.,c,h,w), dy (.,k,oh,ow) and dx, as x. */
struct winograd_batch {
    int images;
    size_t step;
    const float *x, *dy;
    float *dx; /* NULL: not wanted */
    bool add;  /* dx += */
};

/* Both gradients of a batch: dx by `back`, the turned convolution, and its weights u; and those of
 * the weights, which are summed over many images in the transformed domain (in `sums`, as long as
 * the transformed weights, zeros at first). Then once dweight (k,c,3,3) += what they come to. */
size_t winograd_backward_floats(const struct winograd *g, const struct winograd *back);
void winograd_backward(const struct winograd *g, const struct winograd *back,
                       const struct winograd_batch *batch, const float *u, float *sums,
                       float *scratch);
void winograd_settle(const struct winograd *g, const float *sums, float *dweight);

#endif
