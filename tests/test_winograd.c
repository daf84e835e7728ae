/*
 * Claim: Winograd's convolution, its gradient with respect to the input and to the weights are the
 * definition's (computed in double) within a bound, at every SIMD level, for both tile sizes, for
 * odd shapes, channels that fill no vector and every padding.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/simd.h"
#include "model/winograd.h"
#include "tests/suite.h"

enum { SHAPES = 50 };

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

struct one {
    struct winograd g, back;
    float *x, *w, *dy, *u, *scratch, *y;
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
    o.back = winograd_plan(m, o.g.k, o.g.oh, o.g.ow, o.g.c, 2 - o.g.padding);
    size_t pixels = (size_t)(o.g.c * o.g.h * o.g.w), outputs = (size_t)(o.g.k * o.g.oh * o.g.ow);
    o.x = noise(rng, pixels);
    o.dy = noise(rng, outputs);
    o.w = noise(rng, (size_t)(o.g.k * o.g.c * 9));
    o.y = noise(rng, larger(pixels, outputs));
    o.u = calloc(larger(winograd_weight_floats(&o.g), winograd_weight_floats(&o.back)),
                 sizeof(float));
    o.scratch = noise(rng, larger(winograd_scratch_floats(&o.g), winograd_scratch_floats(&o.back)));
    return o;
}

static void discard(struct one *o)
{
    free(o->x);
    free(o->dy);
    free(o->w);
    free(o->y);
    free(o->u);
    free(o->scratch);
}

static void check_forward(struct one *o, const float *bias, bool relu, bool add)
{
    const struct winograd *g = &o->g;
    size_t n = (size_t)(g->k * g->oh * g->ow);
    float *before = malloc(n * sizeof(*before));
    memcpy(before, o->y, n * sizeof(*before));
    winograd_weights(g, o->w, o->u);
    winograd_forward(g, o->x, o->u, bias, relu, add, o->y, o->scratch);
    for (int k = 0; k < g->k; k++)
        for (int i = 0; i < g->oh * g->ow; i++) {
            size_t at = (size_t)(k * g->oh * g->ow + i);
            double y = one_output(g, o->x, o->w, k, i / g->ow, i % g->ow);
            y += bias ? (double)bias[k] : 0;
            y = relu && y < 0 ? 0 : y;
            y += add ? (double)before[at] : 0;
            ck_assert_msg(fabs((double)o->y[at] - y) < bound(g, 9 * g->c),
                          "m %d, c %d, %dx%d, k %d, padding %d, %d of %d: %g, not %g", g->m, g->c,
                          g->h, g->w, g->k, g->padding, i, k, (double)o->y[at], y);
        }
    free(before);
}

/* dx = the sum over outputs: the transpose of the forward map, by its definition. */
static void check_input_gradient(struct one *o)
{
    const struct winograd *g = &o->g;
    size_t n = (size_t)(g->c * g->h * g->w);
    double *dx = calloc(n, sizeof(*dx));
    for (int k = 0; k < g->k; k++)
        for (int row = 0; row < g->oh; row++)
            for (int col = 0; col < g->ow; col++)
                for (int c = 0; c < g->c; c++)
                    for (int t = 0; t < 9; t++) {
                        int r = row + t / 3 - g->padding, s = col + t % 3 - g->padding;
                        if (r < 0 || s < 0 || r >= g->h || s >= g->w)
                            continue;
                        dx[(c * g->h + r) * g->w + s] +=
                            (double)o->dy[(k * g->oh + row) * g->ow + col] *
                            o->w[(k * g->c + c) * 9 + t];
                    }
    winograd_weights_turned(&o->back, o->w, o->u);
    winograd_forward(&o->back, o->dy, o->u, NULL, false, false, o->y, o->scratch);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs((double)o->y[i] - dx[i]) < bound(g, 9 * g->k), "%d: %g, not %g", (int)i,
                      (double)o->y[i], dx[i]);
    free(dx);
}

static void check_weight_gradient(struct one *o)
{
    const struct winograd *g = &o->g;
    size_t n = (size_t)(g->k * g->c * 9);
    float *dw = calloc(n, sizeof(*dw));
    memset(o->u, 0, winograd_weight_floats(g) * sizeof(*o->u));
    winograd_gather(g, o->x, o->dy, o->u, o->scratch);
    winograd_gather(g, o->x, o->dy, o->u, o->scratch);
    winograd_settle(g, o->u, dw);
    for (int k = 0; k < g->k; k++)
        for (int c = 0; c < g->c; c++)
            for (int t = 0; t < 9; t++) {
                double sum = 0;
                for (int i = 0; i < g->oh * g->ow; i++) {
                    int r = i / g->ow + t / 3 - g->padding, s = i % g->ow + t % 3 - g->padding;
                    if (r < 0 || s < 0 || r >= g->h || s >= g->w)
                        continue;
                    sum +=
                        2 * (double)o->dy[k * g->oh * g->ow + i] * o->x[(c * g->h + r) * g->w + s];
                }
                ck_assert_msg(fabs((double)dw[(k * g->c + c) * 9 + t] - sum) <
                                  bound(g, 2 * g->oh * g->ow) * 4,
                              "m %d, %d %d %d: %g, not %g", g->m, k, c, t,
                              (double)dw[(k * g->c + c) * 9 + t], sum);
            }
    free(dw);
}

START_TEST(as_defined)
{
    struct rng rng = rng_start(rng_derive(7, "sample", "winograd", 0), (uint64_t)_i, 0);
    for (int level = 0; level < SIMD_LEVELS; level++) {
        simd_limit((enum simd_level)level);
        for (int m = 2; m <= 4; m += 2) {
            struct one o = make(&rng, m);
            float *bias = noise(&rng, (size_t)o.g.k);
            check_forward(&o, NULL, false, false);
            check_forward(&o, bias, true, false);
            check_forward(&o, bias, false, true);
            check_input_gradient(&o);
            check_weight_gradient(&o);
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
