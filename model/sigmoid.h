/*
 * The logistic function, for the layers that contain it: 1 / (1 + exp(-x)), with the exponential of
 * base/real.h, so that its bits do not depend on the machine's libm.
 *
 *     real y = sigmoid(x);
 */
#ifndef TENFOLD_MODEL_SIGMOID_H
#define TENFOLD_MODEL_SIGMOID_H

#include "base/real.h"

static inline double sigmoid(double x)
{
    return 1 / (1 + real_exp(-x));
}

/* 2 sigmoid(2 x) - 1 without the cancellation near 0. */
static inline double hyperbolic_tangent(double x)
{
    double a = x < 0 ? -x : x, e, y;
    if (a < 0.02) /* x - x^3/3 + 2 x^5/15 - 17 x^7/315: the next term is below 1e-16 of x */
        return x * (1 - x * x * (1.0 / 3 - x * x * (2.0 / 15 - x * x * (17.0 / 315))));
    e = real_exp(-2 * a);
    y = (1 - e) / (1 + e);
    return x < 0 ? -y : y;
}

#endif
