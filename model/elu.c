/* Clevert, Unterthiner and Hochreiter, arXiv:1511.07289: y = x where x > 0, a (exp(x) - 1)
 * elsewhere. */
#include "base/real.h"
#include "model/pointwise.h"

static const struct param params[] = {
    { "alpha", PARAM_NUMBER, "", .value = 1, .min = 0, .max = 100,
      .help = "where the negative half ends, times -1" },
    { 0 },
};

static inline real value(real x, real a)
{
    return x > 0 ? x : (real)((double)a * (real_exp(x) - 1));
}

static inline real slope(real x, real a)
{
    return x > 0 ? 1 : (real)((double)a * real_exp(x));
}

POINTWISE(elu, "x, or alpha (exp(x) - 1) below 0 (PyTorch's ELU)", params, l->v[0].number, sqrt(2))
