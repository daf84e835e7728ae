/* Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", ICML 2013
 * workshop: y = x where x > 0, a x elsewhere. */
#include "model/pointwise.h"

static const struct param params[] = {
    { "slope", PARAM_NUMBER, "", .value = 0.01, .min = -10, .max = 10,
      .help = "of the negative half" },
    { 0 },
};

static inline real value(real x, real a)
{
    return x > 0 ? x : a * x;
}

static inline real slope(real x, real a)
{
    return x > 0 ? 1 : a;
}

POINTWISE(leaky_relu, "x, or slope x below 0 (PyTorch's LeakyReLU)", params, l->v[0].number,
          sqrt(2 / (1 + l->v[0].number * l->v[0].number)))
