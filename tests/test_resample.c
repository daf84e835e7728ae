/*
 * Claim: the exact resampler's resize, crop and mirror are bit-equal to Pillow's (resample.json, by
 * make_resample.py), the fast one is within one level of it; and a plan reads nothing outside the
 * rectangle it says it needs.
 */
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/rng.h"
#include "tests/fence.h"
#include "tests/scale.h"
#include "tests/suite.h"

static json_t *cases;

static void load(void)
{
    struct error err = { 0 };
    cases = json_read("tests/golden/resample.json", &err);
    ck_assert_msg(cases != NULL, "%s", err.message);
    ck_assert_uint_ge(json_array_size(cases), 200);
}

static void unload(void)
{
    json_decref(cases);
}

/* As in make_resample.py. */
static uint8_t level(int64_t x, int64_t y, int64_t c)
{
    if ((x / 16 + y / 16) % 2)
        return (uint8_t)((x * 3 + y * 2 + c * 40) % 256);
    return (uint8_t)((x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256);
}

static struct image picture(int width, int height)
{
    struct image image = { NULL, width, height, (size_t)width * 3 };
    image.pixels = malloc((size_t)height * image.stride);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++)
                image.pixels[(size_t)y * image.stride + (size_t)(3 * x + c)] = level(x, y, c);
    return image;
}

static int number(const json_t *row, const char *key, size_t i)
{
    return (int)json_integer_value(json_array_get(json_object_get(row, key), i));
}

static void make_plan(const json_t *row, struct plan *plan)
{
    struct error err = { 0 };
    plan_start(plan, number(row, "source", 0), number(row, "source", 1));
    plan->filter = strcmp(json_string_value(json_object_get(row, "filter")), "bicubic") == 0
                       ? FILTER_BICUBIC
                       : FILTER_BILINEAR;
    ck_assert_int_eq(plan_resize(plan, number(row, "resized", 0), number(row, "resized", 1), &err),
                     0);
    ck_assert_int_eq(plan_crop(plan, number(row, "crop", 0), number(row, "crop", 1),
                               number(row, "crop", 2), number(row, "crop", 3), &err),
                     0);
    if (json_is_true(json_object_get(row, "mirror")))
        plan_mirror(plan, true, false);
}

static uint8_t *run(const struct plan *plan, enum plan_resampler resampler,
                    const struct image *source, int x, int y)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct renderer *renderer;
    struct error err = { 0 };
    uint8_t *out = malloc(output_bytes(&form, plan->width, plan->height));
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_msg(render(renderer, plan, resampler, source, x, y, &form, out, &err) == 0, "%s",
                  err.message);
    renderer_close(renderer);
    return out;
}

/* The most that two results differ by in a byte, and where. */
static int farthest(const uint8_t *a, const uint8_t *b, size_t bytes, size_t *where)
{
    int most = 0;
    for (size_t i = 0; i < bytes; i++)
        if (abs(a[i] - b[i]) > most) {
            most = abs(a[i] - b[i]);
            *where = i;
        }
    return most;
}

START_TEST(as_pillow)
{
    size_t i;
    json_t *row;
    struct error err = { 0 };
    json_array_foreach(cases, i, row)
    {
        struct plan plan;
        char hex[65];
        make_plan(row, &plan);
        struct image source = picture(plan.source_width, plan.source_height);
        uint8_t *exact = run(&plan, RESAMPLER_EXACT, &source, 0, 0);
        uint8_t *fast = run(&plan, RESAMPLER_FAST, &source, 0, 0);
        size_t bytes = 3 * (size_t)plan.width * (size_t)plan.height;
        ck_assert_int_eq(sha256_of(exact, bytes, hex, &err), 0);
        ck_assert_msg(strcmp(hex, json_string_value(json_object_get(row, "sha256"))) == 0,
                      "row %d of resample.json: other bytes than Pillow's", (int)i + 1);
        size_t at = 0;
        ck_assert_msg(farthest(exact, fast, bytes, &at) <= 1, "row %d, byte %d: exact %d, fast %d",
                      (int)i + 1, (int)at, exact[at], fast[at]);
        free(exact);
        free(fast);
        free(source.pixels);
    }
}
END_TEST

/* Given only the pixels that plan_needs names, at the end of memory, the result is the same. */
START_TEST(reads_what_it_needs)
{
    size_t i;
    json_t *row;
    json_array_foreach(cases, i, row)
    {
        struct plan plan;
        if (i % (size_t)(8 / test_scaled(8)) != 0)
            continue;
        make_plan(row, &plan);
        struct image source = picture(plan.source_width, plan.source_height), part;
        struct rect need = plan_needs(&plan);
        part = (struct image){ NULL, need.width, need.height, (size_t)need.width * 3 };
        struct fence fence = fence_open((size_t)need.height * part.stride, true);
        part.pixels = fence.bytes;
        for (int y = 0; y < need.height; y++)
            memcpy(part.pixels + (size_t)y * part.stride,
                   source.pixels + (size_t)(need.y + y) * source.stride + (size_t)need.x * 3,
                   part.stride);
        for (int kind = RESAMPLER_EXACT; kind <= RESAMPLER_FAST; kind++) {
            enum plan_resampler resampler = (enum plan_resampler)kind;
            uint8_t *whole = run(&plan, resampler, &source, 0, 0);
            uint8_t *less = run(&plan, resampler, &part, need.x, need.y);
            ck_assert_mem_eq(whole, less, 3 * (size_t)plan.width * (size_t)plan.height);
            free(whole);
            free(less);
        }
        fence_close(&fence);
        free(source.pixels);
    }
}
END_TEST

/* Random maps, beyond what a golden file can hold: fast stays within one level of exact. */
START_TEST(fast_near_exact)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "test", 0), 0, 0);
    for (int turn = 0; turn < test_scaled(60); turn++) {
        struct plan plan;
        struct error err = { 0 };
        int w = (int)rng_integer(&rng, 1, 400), h = (int)rng_integer(&rng, 1, 400);
        plan_start(&plan, w, h);
        plan.filter = rng_below(&rng, 2) ? FILTER_BICUBIC : FILTER_BILINEAR;
        ck_assert_int_eq(plan_crop(&plan, (int)rng_integer(&rng, -20, w - 1),
                                   (int)rng_integer(&rng, -20, h - 1), (int)rng_integer(&rng, 1, w),
                                   (int)rng_integer(&rng, 1, h), &err),
                         0);
        struct plan resized = plan;
        if (plan_resize(&resized, (int)rng_integer(&rng, 1, 300), (int)rng_integer(&rng, 1, 300),
                        &err) == 0)
            plan = resized;
        plan_mirror(&plan, rng_below(&rng, 2), rng_below(&rng, 2));
        struct image source = picture(w, h);
        uint8_t *exact = run(&plan, RESAMPLER_EXACT, &source, 0, 0);
        uint8_t *fast = run(&plan, RESAMPLER_FAST, &source, 0, 0);
        size_t at = 0;
        ck_assert_msg(farthest(exact, fast, 3 * (size_t)plan.width * (size_t)plan.height, &at) <= 1,
                      "turn %d, byte %d: exact %d, fast %d", turn, (int)at, exact[at], fast[at]);
        free(exact);
        free(fast);
        free(source.pixels);
    }
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("resample");
    tcase_add_checked_fixture(tests, load, unload);
    tcase_add_test(tests, as_pillow);
    tcase_add_test(tests, reads_what_it_needs);
    tcase_add_test(tests, fast_near_exact);
    return suite_run();
}
