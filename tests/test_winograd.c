/*
 * Claim: Winograd's convolution, its gradient with respect to the input and to the weights are the
 * definition's (computed in double) within a bound, at every SIMD level, for both tile sizes, for
 * odd shapes, channels that fill no vector and every padding; and many images at once give the bits
 * that each gives by itself.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/simd.h"
#include "model/winograd.h"
#include "tests/suite.h"

enum { SHAPES = 50, IMAGES = 5, STEP = 2, TAKEN = 3 /* 0, STEP ... */ };

static float *noise(struct rng *rng, size_t n)
{
    float *x = malloc(n * sizeof(*x));
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_range(rng, -1, 1);
    return x;
}

/* y (k,oh,ow) = x (c,h,w) * w (k,c,3,3). */
static double one_output(const struct winograd *g, const float *x, const float *w, int k, int row,
                         int col)
{
    double sum = 0;
    for (int c = 0; c < g->c; c++)
        for (int t = 0; t < 9; t++) {
            int r = row + t / 3 - g->padding, s = col + t % 3 - g->padding;
            if (r < 0 || s < 0 || r >= g->h || s >= g->w)
                continue;
            sum += (double)x[(c * g->h + r) * g->w + s] * w[(k * g->c + c) * 9 + t];
        }
    return sum;
}

/* The bound for sums of n products of a mean size of 1/4: a tile is rounded together, so that an
 * output at the edge, of few products, shares the rounding of its neighbors. */
static double bound(const struct winograd *g, int n)
{
    return (g->m == 4 ? 3e-6 : 6e-7) * (n / 4 + 8);
}

/* IMAGES of x, dy and y; the transformed weights or their sums in u. */
struct one {
    struct winograd g, back;
    size_t pixels, outputs; /* of an image */
    float *x, *w, *dy, *u, *sums, *scratch, *y;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static struct one make(struct rng *rng, int m)
{
    struct one o;
    int padding = (int)rng_below(rng, 3), side = padding == 0 ? 3 : 1;
    o.g = winograd_plan(m, 1 + (int)rng_below(rng, 24), side + (int)rng_below(rng, 14),
                        side + (int)rng_below(rng, 14), 1 + (int)rng_below(rng, 36), padding);
    if (o.g.oh < 1 || o.g.ow < 1)
        o.g = winograd_plan(m, 3, 5, 7, 5, 1);
    o.back = winograd_turned(&o.g);
    o.pixels = (size_t)(o.g.c * o.g.h * o.g.w);
    o.outputs = (size_t)(o.g.k * o.g.oh * o.g.ow);
    o.x = noise(rng, IMAGES * o.pixels);
    o.dy = noise(rng, IMAGES * o.outputs);
    o.w = noise(rng, (size_t)(o.g.k * o.g.c * 9));
    o.y = noise(rng, IMAGES * larger(o.pixels, o.outputs));
    o.sums = calloc(winograd_weight_floats(&o.g), sizeof(float));
    o.u = calloc(larger(winograd_weight_floats(&o.g), winograd_weight_floats(&o.back)),
                 sizeof(float));
    o.scratch =
        noise(rng, larger(winograd_scratch_floats(&o.g), winograd_backward_floats(&o.g, &o.back)));
    return o;
}

static void discard(struct one *o)
{
    free(o->x);
    free(o->dy);
    free(o->w);
    free(o->y);
    free(o->u);
    free(o->sums);
    free(o->scratch);
}

static void check_forward(struct one *o, const float *bias, bool relu)
{
    const struct winograd *g = &o->g;
    float *alone = malloc(o->outputs * sizeof(*alone));
    winograd_weights(g, o->w, o->u);
    winograd_forward(g, IMAGES, o->x, o->u, bias, relu, o->y, o->scratch);
    for (int k = 0; k < g->k; k++)
        for (int i = 0; i < g->oh * g->ow; i++) {
            size_t at = (size_t)(k * g->oh * g->ow + i);
            double y = one_output(g, o->x, o->w, k, i / g->ow, i % g->ow);
            y += bias ? (double)bias[k] : 0;
            y = relu && y < 0 ? 0 : y;
            ck_assert_msg(fabs((double)o->y[at] - y) < bound(g, 9 * g->c),
                          "m %d, c %d, %dx%d, k %d, padding %d, %d of %d: %g, not %g", g->m, g->c,
                          g->h, g->w, g->k, g->padding, i, k, (double)o->y[at], y);
        }
    for (size_t i = 0; i < IMAGES; i++) {
        winograd_forward(g, 1, o->x + i * o->pixels, o->u, bias, relu, alone, o->scratch);
        ck_assert_mem_eq(alone, o->y + i * o->outputs, o->outputs * sizeof(*alone));
    }
    free(alone);
}

/* dx of an image: the transpose of the forward map, by its definition. */
static void check_input_gradient(const struct one *o, size_t image, const float *before)
{
    const struct winograd *g = &o->g;
    const float *dy = o->dy + image * o->outputs, *y = o->y + image * o->pixels;
    double *dx = calloc(o->pixels, sizeof(*dx));
    for (int k = 0; k < g->k; k++)
        for (int row = 0; row < g->oh; row++)
            for (int col = 0; col < g->ow; col++)
                for (int c = 0; c < g->c; c++)
                    for (int t = 0; t < 9; t++) {
                        int r = row + t / 3 - g->padding, s = col + t % 3 - g->padding;
                        if (r < 0 || s < 0 || r >= g->h || s >= g->w)
                            continue;
                        dx[(c * g->h + r) * g->w + s] +=
                            (double)dy[(k * g->oh + row) * g->ow + col] *
                            o->w[(k * g->c + c) * 9 + t];
                    }
    for (size_t i = 0; i < o->pixels; i++) {
        double expected = dx[i] + (before ? (double)before[image * o->pixels + i] : 0);
        ck_assert_msg(fabs((double)y[i] - expected) < bound(g, 9 * g->k), "%d: %g, not %g", (int)i,
                      (double)y[i], expected);
    }
    free(dx);
}

/* dw, summed over the images that were taken. */
static void check_weight_gradient(const struct one *o, const float *dw)
{
    const struct winograd *g = &o->g;
    for (int k = 0; k < g->k; k++)
        for (int c = 0; c < g->c; c++)
            for (int t = 0; t < 9; t++) {
                double sum = 0, got = (double)dw[(k * g->c + c) * 9 + t];
                for (size_t i = 0; i < TAKEN * (size_t)(g->oh * g->ow); i++) {
                    size_t image = i / (size_t)(g->oh * g->ow) * STEP;
                    int at = (int)(i % (size_t)(g->oh * g->ow));
                    int r = at / g->ow + t / 3 - g->padding, s = at % g->ow + t % 3 - g->padding;
                    if (r < 0 || s < 0 || r >= g->h || s >= g->w)
                        continue;
                    sum += (double)o->dy[image * o->outputs + (size_t)(k * g->oh * g->ow + at)] *
                           o->x[image * o->pixels + (size_t)((c * g->h + r) * g->w + s)];
                }
                ck_assert_msg(fabs(got - sum) < bound(g, TAKEN * g->oh * g->ow) * 4,
                              "m %d, %d %d %d: %g, not %g", g->m, k, c, t, got, sum);
            }
}

static void check_backward(struct one *o, bool add)
{
    const struct winograd *g = &o->g;
    size_t weights = winograd_weight_floats(g) * sizeof(float), n = IMAGES * o->pixels;
    float *dw = calloc((size_t)(g->k * g->c * 9), sizeof(*dw)), *before = malloc(n * sizeof(float)),
          *sums = malloc(weights), *dx = malloc(n * sizeof(*dx));
    memcpy(before, o->y, n * sizeof(*before));
    memcpy(dx, o->y, n * sizeof(*dx));
    struct winograd_batch batch = {
        .images = TAKEN, .step = STEP, .x = o->x, .dy = o->dy, .dx = o->y, .add = add
    };
    memset(o->sums, 0, weights);
    memset(sums, 0, weights);
    winograd_weights_turned(&o->back, o->w, o->u);
    winograd_backward(g, &o->back, &batch, o->u, o->sums, o->scratch);
    for (size_t i = 0; i < TAKEN; i++) {
        struct winograd_batch alone = { .images = 1,
                                        .step = 1,
                                        .x = o->x + i * STEP * o->pixels,
                                        .dy = o->dy + i * STEP * o->outputs,
                                        .dx = dx + i * STEP * o->pixels,
                                        .add = add };
        winograd_backward(g, &o->back, &alone, o->u, sums, o->scratch);
        check_input_gradient(o, i * STEP, add ? before : NULL);
    }
    ck_assert_mem_eq(dx, o->y, n * sizeof(*dx));
    ck_assert_mem_eq(sums, o->sums, weights);
    winograd_settle(g, o->sums, dw);
    check_weight_gradient(o, dw);
    free(dw);
    free(before);
    free(sums);
    free(dx);
}

START_TEST(as_defined)
{
    struct rng rng = rng_start(rng_derive(7, "sample", "winograd", 0), (uint64_t)_i, 0);
    for (int level = 0; level < SIMD_LEVELS; level++) {
        simd_limit((enum simd_level)level);
        for (int m = 2; m <= 4; m += 2) {
            struct one o = make(&rng, m);
            float *bias = noise(&rng, (size_t)o.g.k);
            check_forward(&o, NULL, false);
            check_forward(&o, bias, true);
            check_backward(&o, false);
            check_backward(&o, true);
            free(bias);
            discard(&o);
        }
    }
    simd_limit(SIMD_LEVELS);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("winograd");
    tcase_add_loop_test(cases, as_defined, 0, SHAPES);
    return suite_run();
}
