/*
 * A first convolution that whitens: its filters are the eigenvectors e_k of the covariance of the
 * images' patches, each over the root of its eigenvalue l_k, and their negatives,
 *
 *     w_k = e_k / sqrt(l_k + 5e-4),  w_{d+k} = -w_k                d = c r r,  l_1 >= l_2 ...
 *
 * so that its outputs begin uncorrelated and of variance 1, and an activation behind them loses
 * nothing. Meant to be kept as it begins (train.freeze). Page, "How to train your ResNet", 2018;
 * Jordan, arXiv:2404.00498, section 3.1.
 *
 *     if (whitening_init(net, x, b, &err) < 0) ...
 */
#ifndef TENFOLD_MODEL_WHITENING_H
#define TENFOLD_MODEL_WHITENING_H

#include "model/net.h"

/* Fill the first convolution from the batch x (b,c,h,w), its bias with zeros. ERROR_USAGE where the
 * network does not begin with one, or it has not 2 d outputs. */
int whitening_init(struct net *net, const float *x, int b, struct error *err);

#endif
