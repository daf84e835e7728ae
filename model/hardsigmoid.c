/* y = min(max(x + 3, 0), 6) / 6: the gate of MobileNetV3's squeeze and excitation
 * (arXiv:1905.02244). */
#include "model/pointwise.h"

static inline real value(real x, real a)
{
    real gate = x + 3 > 0 ? x + 3 : 0;
    return (gate < a ? gate : a) / a;
}

static inline real slope(real x, real a)
{
    return x > -3 && x < 3 ? 1 / a : 0;
}

POINTWISE(hardsigmoid, "min(max(x + 3, 0), 6) / 6", NULL, 6, 1)
