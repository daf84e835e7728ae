/*
 * When a convolution goes tap by tap over images with their channels side by side (direct.h); then
 * what conv.c asks for.
 *
 *     struct direct g;
 *     if (conv_direct(&g, p)) ... conv_direct_forward(&g, p, i, scratch) ...
 */
#ifndef TENFOLD_MODEL_CONV_DIRECT_H
#define TENFOLD_MODEL_CONV_DIRECT_H

#include "model/direct.h"
#include "model/layer.h"

/* Steps of 2 and more, zeros around, no groups, no dilation, and channels enough. */
bool conv_direct(struct direct *g, const struct pass *p);

/* As the layer's functions of these names. */
void conv_direct_prepare(const struct direct *g, const struct pass *p, bool backward,
                         float *prepared);
void conv_direct_forward(const struct direct *g, const struct pass *p, int i, float *scratch);
void conv_direct_backward(const struct direct *g, const struct pass *p, int i, float *scratch,
                          float *sums);

#endif
