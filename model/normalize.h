/*
 * Normalizing a set of numbers to mean 0 and variance 1, which layer and group normalization do to
 * different sets of one image.
 *
 *     y = gamma xhat + beta,  xhat = (x - mean) / sqrt(var + eps),  var biased, over the n of a set
 *     dx = ((g - sum g / n) - xhat sum (g xhat) / n) / sqrt(var + eps),  g = gamma dy
 *
 *     struct moments m = moments_of(x, n, step, eps);       // x[0], x[step], ...
 */
#ifndef TENFOLD_MODEL_NORMALIZE_H
#define TENFOLD_MODEL_NORMALIZE_H

#include <math.h>

#include "model/layer.h"

struct moments {
    double mean, inverse; /* 1 / sqrt(var + eps) */
};

/* In double, two passes: no cancellation. */
static inline struct moments moments_of(const real *x, size_t n, size_t step, double eps)
{
    double sum = 0, squares = 0;
    for (size_t j = 0; j < n; j++)
        sum += x[j * step];
    double mean = sum / (double)n;
    for (size_t j = 0; j < n; j++) {
        double d = x[j * step] - mean;
        squares += d * d;
    }
    return (struct moments){ mean, 1 / sqrt(squares / (double)n + eps) };
}

#endif
