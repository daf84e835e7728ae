/* The functions of direct.h for each SIMD level; others include direct.h. */
#ifndef TENFOLD_MODEL_DIRECT_PRIVATE_H
#define TENFOLD_MODEL_DIRECT_PRIVATE_H

#include "model/direct.h"

struct direct_kernels {
    int lanes;
    void (*forward)(const struct direct *g, const float *x, const float *u, const float *bias,
                    bool relu, float *y, float *scratch);
    void (*backward)(const struct direct *g, const float *x, const float *dy, const float *u,
                     float *sums, float *dx, bool add, float *scratch);
};

extern const struct direct_kernels direct_plain, direct_avx2, direct_avx512;

#endif
