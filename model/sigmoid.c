/* y = 1 / (1 + exp(-x)); dx = y (1 - y) dy. */
#include "model/sigmoid.h"

#include "model/pointwise.h"

static inline real value(real x, real a)
{
    (void)a;
    return (real)sigmoid(x);
}

static inline real slope(real x, real a)
{
    (void)a;
    double y = sigmoid(x);
    return (real)(y * (1 - y));
}

POINTWISE(sigmoid, "1 / (1 + exp(-x))", NULL, 0, 1)
