/*
 * Claim: where a perspective or a lens shrinks the picture, the widened filter gives what its
 * definition gives in double, within one level, at every SIMD level; and it comes close to the
 * average of what an output pixel covers, from which the filter that is not widened is far off.
 * Both references are NumPy's (antialias.json, by make_antialias.py).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/affine.h"
#include "augment/render.h"
#include "base/json.h"
#include "base/simd.h"
#include "tests/suite.h"

static const uint8_t fill[3] = { 200, 30, 90 }; /* as in make_antialias.py */
static json_t *cases;

static void load(void)
{
    struct error err = { 0 };
    cases = json_read("tests/golden/antialias.json", &err);
    ck_assert_msg(cases != NULL, "%s", err.message);
    ck_assert_uint_eq(json_array_size(cases), 24);
}

static void unload(void)
{
    json_decref(cases);
}

/* As in make_antialias.py. */
static uint8_t level(int x, int y, int c)
{
    int coarse = (x * 2 + y * 3 + c * 30) % 128;
    coarse = coarse < 64 ? coarse : 127 - coarse;
    return (uint8_t)(coarse + ((x + (c + 1) * y) % 3 == 0 ? 100 : 0) +
                     ((x * (c + 2) + y) % 2 == 0 ? 60 : 0));
}

static double number(const json_t *row, const char *key, size_t i)
{
    return json_number_value(json_array_get(json_object_get(row, key), i));
}

static bool is(const json_t *row, const char *key, const char *text)
{
    return strcmp(json_string_value(json_object_get(row, key)), text) == 0;
}

static void plan_of(const json_t *row, bool antialias, struct plan *plan)
{
    int w = (int)number(row, "source", 0), h = (int)number(row, "source", 1), rc;
    double v[8], map[9];
    struct error err = { 0 };
    for (size_t i = 0; i < 8; i++)
        v[i] = number(row, "values", i);
    plan_start(plan, w, h);
    plan->filter = is(row, "filter", "bicubic") ? FILTER_BICUBIC : FILTER_BILINEAR;
    plan->antialias = antialias;
    memcpy(plan->fill.level, fill, 3);
    if (is(row, "op", "perspective")) {
        const double from[8] = { 0, 0, w - 1, 0, w - 1, h - 1, 0, h - 1 };
        ck_assert(affine_corners(from, v, map));
        rc = plan_map(plan, map, w, h, false, &err);
    } else {
        struct plan_lens lens = { .k1 = v[0],
                                  .k2 = v[1],
                                  .p1 = v[2],
                                  .p2 = v[3],
                                  .center_x = w / 2.0,
                                  .center_y = h / 2.0,
                                  .radius = sqrt(w * w + h * h) / 2 };
        rc = plan_look(plan, &lens, false, &err);
    }
    ck_assert_msg(rc == 0, "%s", err.message);
}

/* The case's picture through its map; the caller frees it. */
static uint8_t *rendered(const json_t *row, bool antialias, size_t *count)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct plan plan;
    struct renderer *renderer;
    struct error err = { 0 };
    plan_of(row, antialias, &plan);
    int w = plan.source_width, h = plan.source_height;
    struct image source = { malloc(3 * (size_t)w * (size_t)h), w, h, 3 * (size_t)w };
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < 3; c++)
                source.pixels[(size_t)y * source.stride + (size_t)(3 * x + c)] = level(x, y, c);
    *count = output_bytes(&form, plan.width, plan.height);
    uint8_t *out = malloc(*count);
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_int_eq(render(renderer, &plan, RESAMPLER_EXACT, &source, 0, 0, &form, out, &err), 0);
    renderer_close(renderer);
    free(source.pixels);
    return out;
}

/* By SIMD level, or the best below it that this processor has. */
START_TEST(as_defined)
{
    size_t i, n;
    json_t *row;
    simd_limit((enum simd_level)_i);
    json_array_foreach(cases, i, row)
    {
        uint8_t *out = rendered(row, true, &n);
        const char *hex = json_string_value(json_object_get(row, "pixels"));
        ck_assert_uint_eq(strlen(hex), 2 * n);
        for (size_t k = 0; k < n; k++) {
            const char pair[3] = { hex[2 * k], hex[2 * k + 1], 0 };
            int expected = (int)strtoul(pair, NULL, 16);
            ck_assert_msg(abs(out[k] - expected) <= 1,
                          "row %d of antialias.json, value %d: %d, "
                          "not %d",
                          (int)i + 1, (int)k, out[k], expected);
        }
        free(out);
    }
}
END_TEST

/* Root mean square distance from the average, over the pixels that have one. */
static double distance(const json_t *row, bool antialias, size_t *compared)
{
    size_t n;
    double sum = 0;
    uint8_t *out = rendered(row, antialias, &n);
    *compared = 0;
    for (size_t k = 0; k < n; k++) {
        double expected = number(row, "area", k);
        if (expected < 0)
            continue;
        sum += (out[k] - expected) * (out[k] - expected);
        ++*compared;
    }
    free(out);
    return sqrt(sum / (double)*compared);
}

START_TEST(as_an_average)
{
    size_t i, n, seen = 0;
    json_t *row;
    json_array_foreach(cases, i, row)
    {
        if (!json_object_get(row, "area"))
            continue;
        double wide = distance(row, true, &n), narrow = distance(row, false, &n);
        if (n == 0)
            continue;
        ck_assert_msg(wide < 5 && 4 * wide < narrow, "row %d: %g levels, %g without", (int)i + 1,
                      wide, narrow);
        seen++;
    }
    ck_assert_uint_eq(seen, 8);
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("antialias");
    tcase_add_checked_fixture(tests, load, unload);
    tcase_add_loop_test(tests, as_defined, SIMD_LEVEL_PLAIN, SIMD_LEVELS);
    tcase_add_test(tests, as_an_average);
    return suite_run();
}
