/*
 * A layer that is one function of one number. A file gives the function and its slope, and the
 * macro makes the layer: y = value(x, a), dx = slope(x, a) dy, with `a` computed once from the
 * layer `l`. The last argument is the activation's gain (struct layer_kind).
 *
 *     static inline real value(real x, real a) { return x > 0 ? x : a * x; }
 *     static inline real slope(real x, real a) { return x > 0 ? 1 : a; }
 *     POINTWISE(leaky_relu, "max(x, slope x) (PyTorch's LeakyReLU)", params, l->v[0].number,
 *               sqrt(2 / (1 + l->v[0].number * l->v[0].number)))
 */
#ifndef TENFOLD_MODEL_POINTWISE_H
#define TENFOLD_MODEL_POINTWISE_H

#include <math.h>

#include "base/simd.h"
#include "model/layer.h"

#define POINTWISE(kind, text, table, constant, gain_)                                              \
    static int shape(const struct layer *l, const struct shape *in, struct shape *out,             \
                     struct error *err)                                                            \
    {                                                                                              \
        (void)l;                                                                                   \
        (void)err;                                                                                 \
        *out = *in;                                                                                \
        return 0;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static real constant_of(const struct layer *l)                                                 \
    {                                                                                              \
        (void)l;                                                                                   \
        return (real)(constant);                                                                   \
    }                                                                                              \
                                                                                                   \
    VECTOR_CLONES static void values(const real *x, real *y, size_t n, real a)                     \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            y[i] = value(x[i], a);                                                                 \
    }                                                                                              \
                                                                                                   \
    VECTOR_CLONES static void slopes(const real *x, const real *dy, real *dx, size_t n, real a,    \
                                     bool add)                                                     \
    {                                                                                              \
        if (add)                                                                                   \
            for (size_t i = 0; i < n; i++)                                                         \
                dx[i] += slope(x[i], a) * dy[i];                                                   \
        else                                                                                       \
            for (size_t i = 0; i < n; i++)                                                         \
                dx[i] = slope(x[i], a) * dy[i];                                                    \
    }                                                                                              \
                                                                                                   \
    static void forward(const struct pass *p, int i, real *scratch)                                \
    {                                                                                              \
        (void)scratch;                                                                             \
        size_t n = shape_count(p->out), at = (size_t)i * n;                                        \
        values(p->x[0] + at, p->y + at, n, constant_of(p->layer));                                 \
    }                                                                                              \
                                                                                                   \
    static void backward(const struct pass *p, int i, real *scratch, real *lane)                   \
    {                                                                                              \
        (void)scratch;                                                                             \
        (void)lane;                                                                                \
        size_t n = shape_count(p->out), at = (size_t)i * n;                                        \
        if (p->dx[0])                                                                              \
            slopes(p->x[0] + at, p->dy + at, p->dx[0] + at, n, constant_of(p->layer), p->add[0]);  \
    }                                                                                              \
                                                                                                   \
    static double gain(const struct layer *l)                                                      \
    {                                                                                              \
        (void)l;                                                                                   \
        return gain_;                                                                              \
    }                                                                                              \
                                                                                                   \
    const struct layer_kind LAYER(kind) = {                                                        \
        .name = #kind,                                                                             \
        .summary = text,                                                                           \
        .params = table,                                                                           \
        .inputs_min = 1,                                                                           \
        .inputs_max = 1,                                                                           \
        .blocks = BLOCKS_ALIKE,                                                                    \
        .shape = shape,                                                                            \
        .forward = forward,                                                                        \
        .backward = backward,                                                                      \
        .gain = gain,                                                                              \
    };

#endif
