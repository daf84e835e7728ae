/*
 * Convolution with steps (stride 2 and more), where Winograd's filtering does not apply, without
 * laying out columns: an image is laid out with its channels side by side, zeros around; for each
 * row of outputs and each tap of the kernel there is then a product of the row's pixels, a step
 * apart where they lie, with the tap's weights.
 *
 *     struct direct g = direct_plan(c, h, w, k, 3, 2, 1);            // kernel, stride, padding
 *     direct_weights(&g, weight, u);                                 // once for many images
 *     direct_forward(&g, x, u, bias, relu, y, scratch);              // x (c,h,w), y (k,h',w')
 *
 * Bits depend on the shapes and the SIMD level alone.
 */
#ifndef TENFOLD_MODEL_DIRECT_H
#define TENFOLD_MODEL_DIRECT_H

#include <stdbool.h>
#include <stddef.h>

/* What follows from the shapes; plain data. */
struct direct {
    int c, h, w;   /* of x */
    int k, oh, ow; /* of y */
    int kernel, stride, padding;
    int lanes;      /* of a vector at this SIMD level */
    int cp, kp;     /* channels rounded up to whole vectors */
    int rows, cols; /* of x with what is around it, as far as the taps reach */
    /* x and y lie in blocks of `lanes` channels (model/layer.h), of which they must have a
     * multiple; as planes unless the caller says so. */
    bool x_blocks, y_blocks;
};

/* The output must be at least 1 x 1. */
struct direct direct_plan(int c, int h, int w, int k, int kernel, int stride, int padding);

/* Floats of the weights as they are laid out, in either direction, of their gradient's sums, and of
 * a worker's scratch. */
size_t direct_weight_floats(const struct direct *g);
size_t direct_scratch_floats(const struct direct *g);

/* weight (k,c,kernel,kernel) for direct_forward; and for direct_backward. */
void direct_weights(const struct direct *g, const float *weight, float *u);
void direct_weights_turned(const struct direct *g, const float *weight, float *u);

/* y = x * weight + bias, at least 0 with `relu`; bias NULL: none. */
void direct_forward(const struct direct *g, const float *x, const float *u, const float *bias,
                    bool relu, float *y, float *scratch);

/* Both gradients of an image: sums (zeros at first) += the weights', as they are laid out; dx, with
 * `add` dx += (NULL: not wanted), by the turned weights u. Then once dweight (k,c,kernel,kernel)
 * += what the sums come to. */
void direct_backward(const struct direct *g, const float *x, const float *dy, const float *u,
                     float *sums, float *dx, bool add, float *scratch);
void direct_settle(const struct direct *g, const float *sums, float *dweight);

#endif
