/* y = x sigmoid(x) (Elfwing et al., arXiv:1702.03118; Ramachandran et al.'s swish,
 * arXiv:1710.05941). With s = sigmoid(x): dx = s (1 + x (1 - s)) dy. */
#include "model/pointwise.h"
#include "model/sigmoid.h"

static inline real value(real x, real a)
{
    (void)a;
    return (real)((double)x * sigmoid(x));
}

static inline real slope(real x, real a)
{
    (void)a;
    double s = sigmoid(x);
    return (real)(s * (1 + (double)x * (1 - s)));
}

POINTWISE(silu, "x sigmoid(x) (swish, PyTorch's SiLU)", NULL, 0, sqrt(2))
