/* y = tanh(x); dx = (1 - y^2) dy. */
#include "model/pointwise.h"
#include "model/sigmoid.h"

static inline real value(real x, real a)
{
    (void)a;
    return (real)hyperbolic_tangent(x);
}

static inline real slope(real x, real a)
{
    (void)a;
    double y = hyperbolic_tangent(x);
    return (real)(1 - y * y);
}

POINTWISE(tanh, "hyperbolic tangent", NULL, 0, 5.0 / 3)
