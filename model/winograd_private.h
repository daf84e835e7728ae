/* The functions of winograd.h for each SIMD level; others include winograd.h. */
#ifndef TENFOLD_MODEL_WINOGRAD_PRIVATE_H
#define TENFOLD_MODEL_WINOGRAD_PRIVATE_H

#include "model/winograd.h"

struct winograd_kernels {
    int lanes;
    void (*weights)(const struct winograd *g, const float *weight, bool turned, float *u);
    void (*forward)(const struct winograd *g, int images, const float *x, const float *u,
                    const float *bias, bool relu, float *y, float *scratch);
    void (*backward)(const struct winograd *g, const struct winograd *back,
                     const struct winograd_batch *batch, const float *u, float *sums,
                     float *scratch);
    void (*settle)(const struct winograd *g, const float *sums, float *dweight);
};

/* Floats from a point of the transformed tiles to the next. A vector more than there are: strides
 * of a power of two would all fall into one set of the cache. */
static inline size_t winograd_point(const struct winograd *g, int channels)
{
    return (size_t)g->chunk * (size_t)channels + (size_t)g->lanes;
}

/* Of the transformed tiles of both sides. */
static inline size_t winograd_points(const struct winograd *g)
{
    return (size_t)((g->m + 2) * (g->m + 2)) *
           (winograd_point(g, g->cp) + winograd_point(g, g->kp));
}

extern const struct winograd_kernels winograd_plain, winograd_avx2, winograd_avx512;

#endif
