/* The functions of winograd.h for each SIMD level; others include winograd.h. */
#ifndef TENFOLD_MODEL_WINOGRAD_PRIVATE_H
#define TENFOLD_MODEL_WINOGRAD_PRIVATE_H

#include "model/winograd.h"

struct winograd_kernels {
    int lanes;
    void (*weights)(const struct winograd *g, const float *weight, bool turned, float *u);
    void (*forward)(const struct winograd *g, const float *x, const float *u, const float *bias,
                    bool relu, bool add, float *y, float *scratch);
    void (*gather)(const struct winograd *g, const float *x, const float *dy, float *sums,
                   float *scratch);
    void (*settle)(const struct winograd *g, const float *sums, float *dweight);
};

extern const struct winograd_kernels winograd_plain, winograd_avx2, winograd_avx512;

#endif
