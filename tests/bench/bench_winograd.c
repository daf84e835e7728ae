/*
 * Convolutions of 3x3 by Winograd's filtering, one thread, at every SIMD level: GFLOP/s of the
 * definition (two for each multiply-add of the direct sum), by processor time, the best of five.
 * Usage: bench_winograd
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/simd.h"
#include "model/winograd.h"

static const struct {
    int c, side;
} shapes[] = {
    { 16, 32 }, { 32, 16 }, { 64, 8 }, { 64, 56 }, { 128, 28 }, { 256, 14 }, { 512, 7 }
};

enum { ROUNDS = 5, IMAGES = 4 };

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct arrays {
    float *x, *y, *dx, *weight, *u, *sums, *scratch;
};

static float *filled(size_t n, struct error *err)
{
    float *x = memory_aligned(n, sizeof(*x), err);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)(i % 7) - 3;
    return x;
}

/* Best seconds of an image: forward, and both gradients. */
static void measure(const struct winograd *g, const struct winograd *back, const struct arrays *a,
                    double *forward, double *backward)
{
    int turns = (int)(2e8 / (9.0 * g->c * g->k * g->oh * g->ow * IMAGES)) + 1;
    struct winograd_batch batch = {
        .images = IMAGES, .step = 1, .x = a->x, .dy = a->y, .dx = a->dx
    };
    *forward = *backward = 1e9;
    winograd_weights(g, a->weight, a->u);
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds(), each;
        for (int i = 0; i < turns; i++)
            winograd_forward(g, IMAGES, a->x, a->u, NULL, false, a->y, a->scratch);
        each = (seconds() - start) / turns / IMAGES;
        *forward = each < *forward ? each : *forward;
        start = seconds();
        for (int i = 0; i < turns; i++)
            winograd_backward(g, back, &batch, a->u, a->sums, a->scratch);
        each = (seconds() - start) / turns / IMAGES;
        *backward = each < *backward ? each : *backward;
    }
}

static int bench(int m, int c, int side, struct error *err)
{
    struct winograd g = winograd_plan(m, c, side, side, c, 1), back = winograd_turned(&g);
    size_t image = (size_t)c * (size_t)side * (size_t)side, weights = winograd_weight_floats(&g);
    size_t one = winograd_scratch_floats(&g), other = winograd_backward_floats(&g, &back);
    struct arrays a = {
        .x = filled(IMAGES * image, err),
        .y = filled(IMAGES * image, err),
        .dx = filled(IMAGES * image, err),
        .weight = filled((size_t)c * (size_t)c * 9, err),
        .u = filled(weights, err),
        .sums = filled(weights, err),
        .scratch = filled(one > other ? one : other, err),
    };
    int rc = a.x && a.y && a.dx && a.weight && a.u && a.sums && a.scratch ? 0 : -1;
    if (rc == 0) {
        double forward, backward, flops = 18.0 * c * (double)image;
        measure(&g, &back, &a, &forward, &backward);
        printf("%-7s tiles of %dx%d, %3d channels, %2dx%-2d: forward %6.1f, both gradients %6.1f "
               "GFLOP/s\n",
               simd_names[simd_level()], m, m, c, side, side, 1e-9 * flops / forward,
               2e-9 * flops / backward);
    }
    free(a.x);
    free(a.y);
    free(a.dx);
    free(a.weight);
    free(a.u);
    free(a.sums);
    free(a.scratch);
    return rc;
}

int main(void)
{
    struct error err = { 0 };
    enum simd_level best = simd_level();
    for (int level = SIMD_LEVEL_PLAIN; level <= (int)best; level++) {
        simd_limit((enum simd_level)level);
        for (int m = 2; m <= 4; m += 2)
            for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
                if (bench(m, shapes[i].c, shapes[i].side, &err) < 0) {
                    error_print(&err, "bench_winograd");
                    return 1;
                }
    }
    return 0;
}
