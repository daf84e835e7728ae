#include "model/direct.h"

#include <string.h>

#include "base/simd.h"
#include "model/direct_private.h"

#ifdef SIMD_X86
static bool has_fma(void)
{
    return __builtin_cpu_supports("fma");
}
#endif

static const struct direct_kernels *kernels(void)
{
#ifdef SIMD_X86
    enum simd_level level = simd_level();
    if (level >= SIMD_LEVEL_AVX512)
        return &direct_avx512;
    if (level >= SIMD_LEVEL_AVX2 && has_fma())
        return &direct_avx2;
#endif
    return &direct_plain;
}

static const struct direct_kernels *kernels_of(const struct direct *g)
{
#ifdef SIMD_X86
    if (g->lanes == direct_avx512.lanes)
        return &direct_avx512;
    if (g->lanes == direct_avx2.lanes)
        return &direct_avx2;
#endif
    (void)g;
    return &direct_plain;
}

static int round_up(int n, int step)
{
    return (n + step - 1) / step * step;
}

/* All of the image, and as far as the last output's taps reach. */
static int extent(int size, int outputs, const struct direct *g)
{
    int image = size + g->padding, taps = (outputs - 1) * g->stride + g->kernel;
    return image > taps ? image : taps;
}

struct direct direct_plan(int c, int h, int w, int k, int kernel, int stride, int padding)
{
    struct direct g = { .c = c, .h = h, .w = w, .k = k, .kernel = kernel, .stride = stride };
    g.padding = padding;
    g.oh = (h + 2 * padding - kernel) / stride + 1;
    g.ow = (w + 2 * padding - kernel) / stride + 1;
    g.lanes = kernels()->lanes;
    g.cp = round_up(c, g.lanes);
    g.kp = round_up(k, g.lanes);
    g.rows = extent(h, g.oh, &g);
    g.cols = extent(w, g.ow, &g);
    return g;
}

size_t direct_weight_floats(const struct direct *g)
{
    size_t taps = (size_t)g->kernel * (size_t)g->kernel;
    size_t there = (size_t)g->c * (size_t)g->kp, back = (size_t)g->k * (size_t)g->cp;
    return taps * (there > back ? there : back);
}

size_t direct_scratch_floats(const struct direct *g)
{
    return 2 * (size_t)g->rows * (size_t)g->cols * (size_t)g->cp +
           (size_t)g->oh * (size_t)g->ow * (size_t)g->kp;
}

void direct_weights(const struct direct *g, const float *weight, float *u)
{
    size_t taps = (size_t)g->kernel * (size_t)g->kernel, c = (size_t)g->c, kp = (size_t)g->kp;
    memset(u, 0, taps * c * kp * sizeof(*u));
    for (size_t k = 0; k < (size_t)g->k; k++)
        for (size_t i = 0; i < c; i++)
            for (size_t t = 0; t < taps; t++)
                u[(t * c + i) * kp + k] = *weight++;
}

void direct_weights_turned(const struct direct *g, const float *weight, float *u)
{
    size_t taps = (size_t)g->kernel * (size_t)g->kernel, k = (size_t)g->k, cp = (size_t)g->cp;
    memset(u, 0, taps * k * cp * sizeof(*u));
    for (size_t i = 0; i < k; i++)
        for (size_t c = 0; c < (size_t)g->c; c++)
            for (size_t t = 0; t < taps; t++)
                u[(t * k + i) * cp + c] = *weight++;
}

void direct_settle(const struct direct *g, const float *sums, float *dweight)
{
    size_t taps = (size_t)g->kernel * (size_t)g->kernel, c = (size_t)g->c, kp = (size_t)g->kp;
    for (size_t k = 0; k < (size_t)g->k; k++)
        for (size_t i = 0; i < c; i++)
            for (size_t t = 0; t < taps; t++)
                *dweight++ += sums[(t * c + i) * kp + k];
}

void direct_forward(const struct direct *g, const float *x, const float *u, const float *bias,
                    bool relu, float *y, float *scratch)
{
    kernels_of(g)->forward(g, x, u, bias, relu, y, scratch);
}

void direct_backward(const struct direct *g, const float *x, const float *dy, const float *u,
                     float *sums, float *dx, bool add, float *scratch)
{
    kernels_of(g)->backward(g, x, dy, u, sums, dx, add, scratch);
}
