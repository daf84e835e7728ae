/*
 * How the weights of a network begin: `init` in its YAML, a scheme's name or a map. Schemes fill
 * the matrices (of convolutions and linear layers) and set biases to zero; what normalizes begins
 * as it always does. Every tensor draws under its own name, so that a layer added shifts no
 * other's.
 *
 *     init: xavier_normal
 *     init: {scheme: kaiming_normal, fan: out, zero_gamma: yes}
 *     init: {scheme: kaiming_uniform, whitening: yes, dirac: yes}
 *
 *     net_init(net, seed);
 *     if (net_init_needs_data(net) && net_init_data(net, x, b, pool, &err) < 0) ...
 *
 *     default         as PyTorch's and the ResNets': kaiming_normal (fan out, ReLU's gain) for
 *                     convolutions, U(+-1 / sqrt(fan in)) for linear layers and their biases
 *     constant        `value` everywhere
 *     gaussian        N(0, std^2)
 *     xavier_*        variance gain^2 2 / (fan in + fan out) (Glorot and Bengio, AISTATS 2010)
 *     kaiming_*       variance gain^2 / fan, gain that of the activation behind the layer, its
 *                     slope included (He et al., arXiv:1502.01852)
 *     lecun_*         variance 1 / fan in (LeCun et al., "Efficient BackProp", 1998)
 *     orthogonal      rows or columns orthonormal, times gain (Saxe et al., arXiv:1312.6120)
 *     random_walk     N(0, g^2 / fan in), g keeping the logarithm of the gradient's length
 *                     (Sussillo and Abbott, arXiv:1412.6558, section 2: ReLU sqrt(2)
 *                     exp(1.2 / (max(N, 6) - 2.4)), linear exp(1 / (2 N)), as other activations)
 *     fixup           He's, scaled down by L^(-1 / (2 m - 2)) in L residual branches of m layers
 *                     whose last begins at zero, as the classifier does (Zhang et al.,
 *                     arXiv:1901.09321)
 *     lsuv            orthogonal, then layer by layer to output variance 1 on a batch (Mishkin
 *                     and Matas, arXiv:1511.06422)
 *     data_dependent  N(0, 1), then every output channel to mean 0 and variance 1 on a batch
 *                     (Krähenbühl et al., arXiv:1511.06856, algorithm 1; means only where there
 *                     is a bias); with `between_layers` the weights of all layers are then scaled
 *                     so that they change at the same rate (algorithm 2)
 *
 * On top of a scheme: zero_gamma (Goyal et al., arXiv:1706.02677, section 5.1), dirac (Zagoruyko
 * and Komodakis, arXiv:1706.00388; here without their sum) and whitening (model/whitening.h).
 */
#ifndef TENFOLD_MODEL_INIT_H
#define TENFOLD_MODEL_INIT_H

#include "base/param.h"
#include "base/thread.h"
#include "model/net.h"

enum init_scheme {
    SCHEME_DEFAULT,
    SCHEME_CONSTANT,
    SCHEME_GAUSSIAN,
    SCHEME_XAVIER_UNIFORM,
    SCHEME_XAVIER_NORMAL,
    SCHEME_KAIMING_UNIFORM,
    SCHEME_KAIMING_NORMAL,
    SCHEME_LECUN_UNIFORM,
    SCHEME_LECUN_NORMAL,
    SCHEME_ORTHOGONAL,
    SCHEME_RANDOM_WALK,
    SCHEME_FIXUP,
    SCHEME_LSUV,
    SCHEME_DATA,
};

enum { INIT_PARAMS = 9 };
extern const struct param init_params[INIT_PARAMS + 1];

/* Does the network's scheme look at a batch? */
bool net_init_needs_data(const struct net *net);

/* After net_init: what the scheme does with the batch x (b,c,h,w). Running statistics are as
 * before. ERROR_FAILED names a layer whose output does not vary. */
int net_init_data(struct net *net, const float *x, int b, struct pool *pool, struct error *err);

#endif
