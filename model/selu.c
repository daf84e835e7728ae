/*
 * Klambauer et al., "Self-Normalizing Neural Networks", arXiv:1706.02515: y = scale x where x > 0,
 * scale a (exp(x) - 1) elsewhere, with the two constants for which activations of mean 0 and
 * variance 1 keep them (their appendix; PyTorch's digits).
 */
#include "base/real.h"
#include "model/pointwise.h"

static const double SCALE = 1.0507009873554804934193349852946;
static const double ALPHA = 1.6732632423543772848170429916717;

static inline real value(real x, real a)
{
    (void)a;
    return (real)(x > 0 ? SCALE * (double)x : SCALE * ALPHA * (real_exp(x) - 1));
}

static inline real slope(real x, real a)
{
    (void)a;
    return (real)(x > 0 ? SCALE : SCALE * ALPHA * real_exp(x));
}

POINTWISE(selu, "ELU that keeps mean 0 and variance 1 (PyTorch's SELU)", NULL, 0, 0.75)
