/* y = min(max(x, 0), 6) (Howard et al., MobileNets, arXiv:1704.04861). */
#include "model/pointwise.h"

static inline real value(real x, real a)
{
    real y = x > 0 ? x : 0;
    return y < a ? y : a;
}

static inline real slope(real x, real a)
{
    return x > 0 && x < a ? 1 : 0;
}

POINTWISE(relu6, "min(max(x, 0), 6)", NULL, 6, sqrt(2))
