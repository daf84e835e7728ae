/*
 * Claim: however many geometric steps a plan composes, each pixel is within one level of what one
 * resample in double gives at the point that the steps, followed one by one, lead to; fill, edges
 * and reflections are those of the steps' own frames.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/affine.h"
#include "augment/render.h"
#include "tests/scale.h"
#include "tests/steps.h"
#include "tests/suite.h"

static void *run(const struct plan *plan, const struct image *source)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct renderer *renderer;
    struct error err = { 0 };
    void *out = malloc(output_bytes(&form, plan->width, plan->height));
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_msg(render(renderer, plan, RESAMPLER_EXACT, source, 0, 0, &form, out, &err) == 0,
                  "%s", err.message);
    renderer_close(renderer);
    return out;
}

static double repeat(enum plan_fill_mode mode, double x, int size)
{
    if (mode == FILL_EDGE || size == 1)
        return fmin(fmax(x, 0.5), size - 0.5);
    while (x < 0.5 || x > size - 0.5)
        x = x < 0.5 ? 1 - x : 2 * size - 1 - x;
    return x;
}

/* Set where a point lay between a border and its pixels' centers: a frame that no later picture
 * leaves by more than that is not kept, and the border is clamped there instead of reflected. */
static bool between;

static bool is_between(double x, int size)
{
    return (x > 0 && x < 0.5) || (x > size - 0.5 && x < size);
}

/* Into a frame of width x height; false: it gets the constant. */
static bool stay(const struct plan_fill *fill, int width, int height, double *x, double *y,
                 const uint8_t **level)
{
    if (fill->mode != FILL_CONSTANT) {
        between = between ||
                  (fill->mode == FILL_REFLECT && (is_between(*x, width) || is_between(*y, height)));
        *x = repeat(fill->mode, *x, width);
        *y = repeat(fill->mode, *y, height);
        return true;
    }
    *level = fill->level;
    return *x >= 0 && *x < width && *y >= 0 && *y < height;
}

/* Back through the steps; false: `level` is the fill. */
static bool follow(const struct step *steps, int count, int width, int height, double *x, double *y,
                   const uint8_t **level)
{
    const struct plan_fill *revealed = NULL;
    for (int k = count - 1; k >= 0; k--) {
        const struct step *s = &steps[k];
        ck_assert(affine_point(s->map, *x, *y, x, y));
        if (s->reveal && !revealed)
            revealed = &s->fill;
        if (!revealed && !stay(&s->fill, s->width, s->height, x, y, level))
            return false;
    }
    return !revealed || stay(revealed, width, height, x, y, level);
}

static double keys(double a, double x)
{
    return x < 1   ? ((a + 2) * x - (a + 3)) * x * x + 1
           : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
                   : 0;
}

static double weight(enum plan_filter filter, double x)
{
    x = fabs(x);
    if (filter == FILTER_BILINEAR)
        return x < 1 ? 1 - x : 0;
    return keys(-1, x);
}

static int clamp(int x, int low, int high)
{
    return x < low ? low : x > high ? high : x;
}

static double sample(const struct image *source, const struct rect *window, enum plan_filter filter,
                     double x, double y, int c)
{
    int left = (int)floor(x - 0.5), top = (int)floor(y - 0.5);
    double sum = 0;
    if (filter == FILTER_NEAREST) {
        int at_x = clamp((int)floor(x), window->x, window->x + window->width - 1);
        int at_y = clamp((int)floor(y), window->y, window->y + window->height - 1);
        return source->pixels[(size_t)at_y * source->stride + 3 * (size_t)at_x + (size_t)c];
    }
    for (int j = top - 1; j <= top + 2; j++)
        for (int i = left - 1; i <= left + 2; i++) {
            int at_x = clamp(i, window->x, window->x + window->width - 1);
            int at_y = clamp(j, window->y, window->y + window->height - 1);
            sum += weight(filter, i + 0.5 - x) * weight(filter, j + 0.5 - y) *
                   source->pixels[(size_t)at_y * source->stride + 3 * (size_t)at_x + (size_t)c];
        }
    return fmin(fmax(sum, 0), 255);
}

START_TEST(as_the_steps)
{
    struct rng rng = rng_start(rng_derive(5, "sample", "geometry", 0), (uint64_t)_i, 0);
    int w = (int)rng_integer(&rng, 1, 90), h = (int)rng_integer(&rng, 1, 70);
    struct image source = steps_noise(w, h);
    struct step steps[STEPS];
    struct plan plan;
    plan_start(&plan, w, h);
    plan.filter = (enum plan_filter)(_i % 3);
    int count = steps_draw(&rng, _i % 2, &plan, steps), off = 0;
    if (count < 0) { /* a horizon within the picture */
        free(source.pixels);
        return;
    }
    uint8_t *out = run(&plan, &source);
    for (int i = 0; i < plan.width * plan.height; i++) {
        double x = i % plan.width + 0.5, y = i / plan.width + 0.5;
        const uint8_t *level = NULL;
        between = false;
        bool shown = follow(steps, count, w, h, &x, &y, &level);
        double worst = 0;
        for (int c = 0; c < 3; c++) {
            double expected =
                shown ? sample(&source, &plan.axis.window, plan.filter, x, y, c) : level[c];
            worst = fmax(worst, fabs(out[3 * i + c] - expected));
        }
        off += worst >= 1 && !between;
    }
    /* Fixed point may pick the neighbor of a pixel whose border the point falls on. */
    int allowed = plan.filter == FILTER_NEAREST ? 1 + plan.width * plan.height / 200 : 0;
    ck_assert_msg(off <= allowed, "chain %d of %d steps on %dx%d: %d of %d pixels are off", _i,
                  count, w, h, off, plan.width * plan.height);
    free(out);
    free(source.pixels);
}
END_TEST

/* The filter as resample_map.h defines it, in double: P from the eigenvectors of J J^T. */
static double widened(const struct image *source, enum plan_filter filter, const double j[4],
                      double x, double y, int c)
{
    double xx = j[0] * j[0] + j[1] * j[1], yy = j[2] * j[2] + j[3] * j[3];
    double xy = j[0] * j[2] + j[1] * j[3], turn = atan2(2 * xy, xx - yy) / 2;
    double u[2] = { cos(turn), sin(turn) }, v[2] = { -u[1], u[0] }, sum = 0, total = 0;
    double along_u = fmax(1, sqrt(u[0] * u[0] * xx + 2 * u[0] * u[1] * xy + u[1] * u[1] * yy));
    double along_v = fmax(1, sqrt(v[0] * v[0] * xx + 2 * v[0] * v[1] * xy + v[1] * v[1] * yy));
    for (int row = 0; row < source->height; row++)
        for (int column = 0; column < source->width; column++) {
            double dx = column + 0.5 - x, dy = row + 0.5 - y;
            double p = (u[0] * dx + u[1] * dy) / along_u, q = (v[0] * dx + v[1] * dy) / along_v;
            double a = fabs(u[0] * p + v[0] * q), b = fabs(u[1] * p + v[1] * q), w;
            if (filter == FILTER_BILINEAR)
                w = fmax(0, 1 - a) * fmax(0, 1 - b);
            else
                w = keys(-0.5, a) * keys(-0.5, b);
            total += w;
            sum +=
                w * source->pixels[(size_t)row * source->stride + 3 * (size_t)column + (size_t)c];
        }
    return fmin(fmax(sum / total, 0), 255);
}

/* Affine maps that shrink in some direction. */
START_TEST(as_defined)
{
    struct rng rng = rng_start(rng_derive(7, "sample", "widened", 0), (uint64_t)_i, 0);
    int w = (int)rng_integer(&rng, 5, 60), h = (int)rng_integer(&rng, 5, 50);
    struct image source = steps_noise(w, h);
    struct plan plan;
    struct error err = { 0 };
    double map[9];
    plan_start(&plan, w, h);
    plan.filter = _i % 2 ? FILTER_BILINEAR : FILTER_BICUBIC;
    plan.antialias = true;
    plan.fill.level[0] = 99;
    /* Levels at which no overshoot of the cubic is cut off between two passes. */
    for (size_t k = 0; k < source.stride * (size_t)h; k++)
        source.pixels[k] = (uint8_t)(source.pixels[k] / 2 + 64);
    affine_all(_i % 5 ? rng_range(&rng, -180, 180) : 0, 0, 0, rng_range(&rng, 0.2, 1.3),
               _i % 5 ? rng_range(&rng, -40, 40) : 0, 0, w / 2.0, h / 2.0, map);
    ck_assert_int_eq(plan_map(&plan, map, w, h, false, &err), 0);
    uint8_t *out = run(&plan, &source);
    for (int i = 0; i < w * h; i++) {
        double x, y;
        ck_assert(affine_point(map, i % w + 0.5, i / w + 0.5, &x, &y));
        bool shown = x >= 0 && x < w && y >= 0 && y < h;
        const double slope[4] = { map[0], map[1], map[3], map[4] };
        for (int c = 0; c < 3; c++) {
            double expected = shown    ? widened(&source, plan.filter, slope, x, y, c)
                              : c == 0 ? 99
                                       : 0;
            ck_assert_msg(fabs(out[3 * i + c] - expected) < 1, "map %d, pixel %d: %d, not %g", _i,
                          i, out[3 * i + c], expected);
        }
    }
    free(out);
    free(source.pixels);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("geometry");
    tcase_add_loop_test(cases, as_the_steps, 0, test_scaled(600));
    tcase_add_loop_test(cases, as_defined, 0, test_scaled(60));
    return suite_run();
}
