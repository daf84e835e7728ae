/*
 * When a convolution goes by Winograd's filtering, and with which tiles; then what conv.c asks for.
 *
 *     struct conv_winograd v;
 *     if (conv_winograd(&v, p)) ... conv_winograd_forward(&v, p, i, 1, scratch) ...
 */
#ifndef TENFOLD_MODEL_CONV_WINOGRAD_H
#define TENFOLD_MODEL_CONV_WINOGRAD_H

#include "model/layer.h"
#include "model/winograd.h"

struct conv_winograd {
    struct winograd forward, back; /* y from x; dx from dy */
    size_t scratch, sums;          /* floats; the sums are kept through a lane */
};

/* Kernels of 3x3, stride 1, zeros around, no groups, and enough channels. Tiles of 4x4 only where
 * the pass is to be fast. */
bool conv_winograd(struct conv_winograd *v, const struct pass *p);

/* As the layer's functions of these names. */
size_t conv_winograd_prepared(const struct conv_winograd *v);
void conv_winograd_prepare(const struct conv_winograd *v, const struct pass *p, bool backward,
                           float *prepared);
void conv_winograd_forward(const struct conv_winograd *v, const struct pass *p, int first,
                           int count, float *scratch);
void conv_winograd_backward(const struct conv_winograd *v, const struct pass *p, int first,
                            int step, int count, float *scratch, float *sums);

#endif
