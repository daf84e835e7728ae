/*
 * Claim: on tensors in blocks of channels every way of a convolution gives, at every SIMD level,
 * what its definition gives in double, with bias, residual and activation; an image's bits depend
 * on nothing but the image, wherever it lies among how many; lanes beyond the last channel stay
 * zero; pooling, sums and the way to and from planes are exact.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "base/simd.h"
#include "model/blocked_conv.h"
#include "tests/suite.h"

enum { IMAGES = 5 };

static struct rng rng;

static float *filled(size_t n)
{
    struct error err;
    float *x = memory_aligned(n, sizeof(*x), &err);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_range(&rng, -1, 1);
    return x;
}

static float *empty(size_t n)
{
    struct error err;
    float *x = memory_aligned(n, sizeof(*x), &err);
    ck_assert_ptr_nonnull(x);
    return x;
}

static size_t count(struct shape s)
{
    return (size_t)s.c * (size_t)s.h * (size_t)s.w;
}

static const struct {
    struct shape in;
    int out, kernel_h, kernel_w, stride, dilation, padding;
    bool image, depthwise;
    enum blocked_way way;
} convs[] = {
    { { 64, 14, 14 }, 48, 1, 1, 1, 1, 0, false, false, BLOCKED_POINTWISE },
    { { 3, 5, 7 }, 5, 1, 1, 1, 1, 0, false, false, BLOCKED_POINTWISE },
    { { 1300, 4, 5 }, 17, 1, 1, 1, 1, 0, false, false, BLOCKED_POINTWISE },
    { { 33, 9, 8 }, 40, 1, 1, 2, 1, 0, false, false, BLOCKED_GATHERED },
    { { 150, 1, 1 }, 70, 1, 1, 1, 1, 0, false, false, BLOCKED_GATHERED },
    { { 130, 9, 11 }, 33, 3, 3, 2, 1, 1, false, false, BLOCKED_GATHERED },
    { { 20, 13, 6 }, 16, 5, 3, 1, 2, 2, false, false, BLOCKED_GATHERED },
    { { 400, 3, 3 }, 20, 3, 3, 3, 1, 1, false, false, BLOCKED_GATHERED },
    { { 20, 6, 7 }, 30, 6, 7, 1, 1, 0, false, false, BLOCKED_GATHERED },
    { { 3, 31, 30 }, 16, 7, 7, 2, 1, 3, true, false, BLOCKED_IMAGE },
    { { 3, 12, 12 }, 33, 3, 3, 1, 1, 1, true, false, BLOCKED_IMAGE },
    { { 1, 23, 17 }, 4, 11, 11, 4, 1, 2, true, false, BLOCKED_IMAGE },
    { { 4, 9, 9 }, 8, 3, 3, 3, 2, 4, true, false, BLOCKED_IMAGE },
    { { 16, 14, 14 }, 32, 3, 3, 1, 1, 1, false, false, BLOCKED_WINOGRAD },
    { { 70, 7, 7 }, 50, 3, 3, 1, 1, 1, false, false, BLOCKED_WINOGRAD },
    { { 5, 1, 2 }, 8, 3, 3, 1, 1, 1, false, false, BLOCKED_WINOGRAD },
    { { 17, 9, 6 }, 9, 3, 3, 1, 1, 0, false, false, BLOCKED_WINOGRAD },
    { { 17, 9, 6 }, 9, 3, 3, 1, 1, 2, false, false, BLOCKED_WINOGRAD },
    { { 16, 11, 13 }, 5, 3, 3, 1, 1, 1, false, false, BLOCKED_GATHERED },
    { { 35, 10, 9 }, 35, 3, 3, 2, 1, 1, false, true, BLOCKED_DEPTHWISE },
    { { 16, 6, 8 }, 16, 5, 5, 1, 1, 2, false, true, BLOCKED_DEPTHWISE },
};

enum { CONVS = sizeof(convs) / sizeof(convs[0]) };

/* One image in planes, by the definition; `size`: the sum of the terms' absolute values. */
static double defined(int n, const float *x, const float *w, int k, int row, int col, double *size)
{
    struct shape in = convs[n].in;
    int from = convs[n].depthwise ? k : 0, to = convs[n].depthwise ? k + 1 : in.c;
    double sum = 0;
    w += (size_t)k * (size_t)((to - from) * convs[n].kernel_h * convs[n].kernel_w);
    for (int c = from; c < to; c++)
        for (int r = 0; r < convs[n].kernel_h; r++)
            for (int s = 0; s < convs[n].kernel_w; s++, w++) {
                int y = row * convs[n].stride - convs[n].padding + r * convs[n].dilation;
                int u = col * convs[n].stride - convs[n].padding + s * convs[n].dilation;
                if (y < 0 || y >= in.h || u < 0 || u >= in.w)
                    continue;
                double term = (double)*w * (double)x[(c * in.h + y) * in.w + u];
                sum += term;
                *size += fabs(term);
            }
    return sum;
}

static struct shape output_of(int n)
{
    struct window down = { .kernel = convs[n].kernel_h,
                           .stride = convs[n].stride,
                           .padding = convs[n].padding,
                           .dilation = convs[n].dilation };
    struct window along = down;
    along.kernel = convs[n].kernel_w;
    return (struct shape){ convs[n].out, window_output(&down, convs[n].in.h),
                           window_output(&along, convs[n].in.w) };
}

static void plan(int n, bool fast, struct blocked_conv *v)
{
    struct blocked_window win = { convs[n].kernel_h, convs[n].kernel_w, convs[n].stride,
                                  convs[n].dilation, convs[n].padding,  convs[n].padding,
                                  convs[n].depthwise };
    blocked_conv_plan(v, &win, convs[n].in, output_of(n), convs[n].image, fast);
    ck_assert_int_eq(v->way, convs[n].way);
}

/* IMAGES images through convolution n: within `bound` of the definition, relative to the terms. */
static void try_conv(int n, bool fast, double bound)
{
    struct blocked_conv v;
    plan(n, fast, &v);
    struct shape in = convs[n].in, out = output_of(n);
    size_t each = count(in), taps = (size_t)(convs[n].kernel_h * convs[n].kernel_w);
    size_t step = convs[n].image ? each : v.in.image;
    float *planes = filled(IMAGES * each), *x = convs[n].image ? NULL : empty(IMAGES * step);
    float *w = filled((size_t)out.c * (size_t)(convs[n].depthwise ? 1 : in.c) * taps);
    float *u = empty(blocked_conv_weight_floats(&v)), *bias = empty((size_t)(v.out.blocks * 16));
    float *residual = empty(IMAGES * v.out.image), *y = empty(IMAGES * v.out.image);
    float *alone = empty(v.out.image), *result = empty(count(out)), *added = filled(count(out));
    float *scratch = filled(blocked_conv_scratch(&v));
    for (int k = 0; k < out.c; k++)
        bias[k] = (float)rng_range(&rng, -1, 1);
    for (int i = 0; i < IMAGES; i++) {
        if (x)
            blocked_spread(&v.in, planes + (size_t)i * each, x + (size_t)i * step);
        blocked_spread(&v.out, added, residual + (size_t)i * v.out.image);
    }
    const float *from = x ? x : planes;
    blocked_conv_weights(&v, w, u);
    struct blocked_finish f = { bias, residual, 0, 1.5f };
    blocked_conv_run(&v, IMAGES, from, u, &f, y, scratch);
    for (int i = 0; i < IMAGES; i++) {
        const float *image = y + (size_t)i * v.out.image;
        blocked_conv_run(&v, 1, from + (size_t)i * step, u, &f, alone, scratch);
        ck_assert_mem_eq(alone, image, v.out.image * sizeof(float));
        blocked_collect(&v.out, image, result);
        for (size_t at = 0; at < count(out); at++) {
            int col = (int)at % out.w, row = (int)at / out.w % out.h, k = (int)at / out.w / out.h;
            double size = 1, sum = defined(n, planes + (size_t)i * each, w, k, row, col, &size);
            double full = sum + (double)bias[k] + (double)added[at];
            full = full < 0 ? 0 : full > 1.5 ? 1.5 : full;
            ck_assert_msg(fabs((double)result[at] - full) <= bound * size,
                          "convolution %d, %s%s, (%d,%d,%d): %g, should be %g", n,
                          simd_names[simd_level()], fast ? ", fast" : "", k, row, col,
                          (double)result[at], full);
        }
        for (int k = out.c; k < v.out.blocks * v.out.lanes; k++)
            for (int at = 0; at < out.h * out.w; at++)
                ck_assert(image[(size_t)(k / v.out.lanes) * v.out.plane +
                                (size_t)(at * v.out.lanes + k % v.out.lanes)] == 0);
    }
    void *all[] = { planes, x, w, u, bias, residual, y, alone, result, added, scratch };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        free(all[i]);
}

START_TEST(convolutions)
{
    enum simd_level best = simd_level();
    for (int level = SIMD_LEVEL_PLAIN; level <= (int)best; level++) {
        simd_limit((enum simd_level)level);
        rng = rng_start(rng_derive(1, "sample", "blocked", 0), (uint64_t)_i, 0);
        try_conv(_i, false, 1e-6);
        try_conv(_i, true, 1e-5);
    }
    simd_limit(SIMD_LEVELS);
}
END_TEST

static const struct shape planes[] = { { 1, 1, 1 }, { 16, 4, 4 }, { 33, 7, 5 }, { 64, 17, 16 } };

START_TEST(pixels)
{
    static const struct window wins[] = {
        { .kernel = 3, .stride = 2, .padding = 1, .dilation = 1 },
        { .kernel = 2, .stride = 2, .dilation = 1, .ceil = true },
        { .kernel = 1, .stride = 1, .dilation = 1 },
    };
    struct shape s = planes[_i];
    enum simd_level best = simd_level();
    rng = rng_start(rng_derive(1, "sample", "pixels", 0), 1, 0);
    for (int level = SIMD_LEVEL_PLAIN; level <= (int)best; level++) {
        simd_limit((enum simd_level)level);
        struct blocked t = blocked_of(s), one = blocked_of((struct shape){ s.c, 1, 1 });
        float *x = filled(count(s)), *b = empty(t.image), *back = empty(count(s));
        float *mean = empty(one.image), *pooled = empty(t.image), *y = empty(count(s));
        blocked_spread(&t, x, b);
        blocked_collect(&t, b, back);
        ck_assert_mem_eq(x, back, count(s) * sizeof(float));
        blocked_add(&t, b, b, 0, pooled);
        blocked_collect(&t, pooled, y);
        for (size_t i = 0; i < count(s); i++)
            ck_assert(y[i] == (x[i] > 0 ? 2 * x[i] : 0));
        blocked_average(&t, &one, b, mean);
        for (int c = 0; c < s.c; c++) {
            double sum = 0;
            for (int i = 0; i < s.h * s.w; i++)
                sum += (double)x[c * s.h * s.w + i];
            float expected = (float)(sum / (s.h * s.w));
            ck_assert(mean[(size_t)(c / t.lanes) * one.plane + (size_t)(c % t.lanes)] == expected);
        }
        for (size_t k = 0; k < sizeof(wins) / sizeof(wins[0]); k++) {
            struct shape o = { s.c, window_output(&wins[k], s.h), window_output(&wins[k], s.w) };
            if (o.h < 1 || o.w < 1)
                continue;
            struct blocked out = blocked_of(o);
            blocked_maxpool(&t, &out, &wins[k], b, pooled);
            blocked_collect(&out, pooled, y);
            for (int at = 0; at < o.c * o.h * o.w; at++) {
                int top = at / o.w % o.h * wins[k].stride - wins[k].padding;
                int left = at % o.w * wins[k].stride - wins[k].padding;
                float best_ = -INFINITY;
                for (int i = 0; i < s.h * s.w; i++)
                    if (i / s.w >= top && i / s.w < top + wins[k].kernel && i % s.w >= left &&
                        i % s.w < left + wins[k].kernel)
                        best_ = fmaxf(best_, x[at / (o.h * o.w) * s.h * s.w + i]);
                ck_assert(y[at] == best_);
            }
        }
        void *all[] = { x, b, back, mean, pooled, y };
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
            free(all[i]);
    }
    simd_limit(SIMD_LEVELS);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("blocked");
    tcase_add_loop_test(cases, convolutions, 0, CONVS);
    tcase_add_loop_test(cases, pixels, 0, 4);
    return suite_run();
}
