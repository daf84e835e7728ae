/* y = x min(max(x + 3, 0), 6) / 6 (Howard et al., MobileNetV3, arXiv:1905.02244). */
#include "model/pointwise.h"

static inline real value(real x, real a)
{
    real gate = x + 3 > 0 ? x + 3 : 0;
    return x * (gate < a ? gate : a) / a;
}

static inline real slope(real x, real a)
{
    return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / a;
}

POINTWISE(hardswish, "x min(max(x + 3, 0), 6) / 6", NULL, 6, sqrt(2))
