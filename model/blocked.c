#include "model/blocked.h"

#include "base/simd.h"
#include "model/blocked_private.h"

static const struct blocked_kernels *kernels(void)
{
#ifdef SIMD_X86
    enum simd_level level = simd_level();
    if (level >= SIMD_LEVEL_AVX512)
        return &blocked_avx512;
    if (level >= SIMD_LEVEL_AVX2 && __builtin_cpu_supports("fma"))
        return &blocked_avx2;
#endif
    return &blocked_plain;
}

const struct blocked_kernels *blocked_kernels_of(const struct blocked *t)
{
#ifdef SIMD_X86
    if (t->lanes == blocked_avx512.lanes)
        return &blocked_avx512;
    if (t->lanes == blocked_avx2.lanes)
        return &blocked_avx2;
#endif
    (void)t;
    return &blocked_plain;
}

/* An odd number of pixels: planes a power of two apart would meet in few sets of the cache. */
struct blocked blocked_of(struct shape shape)
{
    struct blocked t = { .shape = shape, .lanes = kernels()->lanes };
    t.blocks = (shape.c + t.lanes - 1) / t.lanes;
    t.plane = (((size_t)shape.h * (size_t)shape.w) | 1) * (size_t)t.lanes;
    t.image = (size_t)t.blocks * t.plane;
    return t;
}

void blocked_spread(const struct blocked *t, const float *x, float *y)
{
    blocked_kernels_of(t)->spread(t, x, y);
}

void blocked_collect(const struct blocked *t, const float *x, float *y)
{
    blocked_kernels_of(t)->collect(t, x, y);
}

void blocked_maxpool(const struct blocked *in, const struct blocked *out, const struct window *win,
                     const float *x, float *y)
{
    blocked_kernels_of(in)->maxpool(in, out, win, x, y);
}

void blocked_average(const struct blocked *in, const struct blocked *out, const float *x, float *y)
{
    blocked_kernels_of(in)->average(in, out, x, y);
}

void blocked_add(const struct blocked *t, const float *a, const float *b, float least, float *y)
{
    blocked_kernels_of(t)->add(a, b, least, t->image, y);
}
