/*
 * Hendrycks and Gimpel, arXiv:1606.08415: y = x Phi(x), Phi the normal distribution's cumulative
 * function; or their approximation 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
 * Slopes: Phi(x) + x phi(x); 0.5 (1 + t) + 0.5 x (1 - t^2) u', with t = tanh(u).
 */
#include <math.h>

#include "base/real.h"
#include "model/pointwise.h"
#include "model/sigmoid.h"

enum { EXACT, TANH };
static const char *const forms[] = { [EXACT] = "none", [TANH] = "tanh", NULL };
static const struct param params[] = {
    { "approximate", PARAM_CHOICE, "", .value = EXACT, .choices = forms,
      .help = "PyTorch's words: the exact function, or the approximation by tanh" },
    { 0 },
};

static const double ROOT_HALF = 0.70710678118654752440;    /* sqrt(1 / 2) */
static const double ROOT_TWO_PI = 0.39894228040143267794;  /* 1 / sqrt(2 pi) */
static const double ROOT_2_BY_PI = 0.79788456080286535588; /* sqrt(2 / pi) */
static const double CUBIC = 0.044715;

static inline real value(real x, real a)
{
    double z = x;
    if (a == EXACT)
        return (real)(0.5 * z * erfc(-z * ROOT_HALF));
    return (real)(0.5 * z * (1 + hyperbolic_tangent(ROOT_2_BY_PI * (z + CUBIC * z * z * z))));
}

static inline real slope(real x, real a)
{
    double z = x;
    if (a == EXACT)
        return (real)(0.5 * erfc(-z * ROOT_HALF) + z * ROOT_TWO_PI * real_exp(-0.5 * z * z));
    double t = hyperbolic_tangent(ROOT_2_BY_PI * (z + CUBIC * z * z * z));
    return (real)(0.5 * (1 + t) + 0.5 * z * (1 - t * t) * ROOT_2_BY_PI * (1 + 3 * CUBIC * z * z));
}

POINTWISE(gelu, "x Phi(x) (PyTorch's GELU)", params, l->v[0].integer, sqrt(2))
