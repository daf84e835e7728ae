/*
 * Claim: every geometric step alone gives what torchvision, Pillow and OpenCV give (geometry.json,
 * by make_geometry.py): nearest and whole-pixel moves the same pixels, the others within one level.
 * As a stage of a chain, cut off to whole levels as Pillow does, at least 96 % of the values of
 * each step are equal.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/affine.h"
#include "augment/render.h"
#include "augment/resample_map.h"
#include "base/json.h"
#include "tests/suite.h"

static const uint8_t fill[3] = { 200, 30, 90 }; /* as in make_geometry.py */
static json_t *cases;

static void load(void)
{
    struct error err = { 0 };
    cases = json_read("tests/golden/geometry.json", &err);
    ck_assert_msg(cases != NULL, "%s", err.message);
    ck_assert_uint_ge(json_array_size(cases), 140);
}

static void unload(void)
{
    json_decref(cases);
}

/* As in make_geometry.py. */
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

static const char *text(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static double number(const json_t *row, const char *key, size_t i)
{
    return json_number_value(json_array_get(json_object_get(row, key), i));
}

static bool is(const json_t *row, const char *op)
{
    return strcmp(text(row, "op"), op) == 0;
}

/* The map of a step that has one; torchvision's conventions are affine.h's. */
static bool map_of(const json_t *row, double map[9])
{
    double w = number(row, "source", 0), h = number(row, "source", 1), v[8];
    double out_w = number(row, "size", 0), out_h = number(row, "size", 1), move[9];
    for (size_t i = 0; i < 8; i++)
        v[i] = number(row, "values", i);
    if (is(row, "rotate")) {
        affine_rotate(v[0], w / 2, h / 2, map);
        affine_translate((out_w - w) / 2, (out_h - h) / 2, move); /* expand */
        affine_multiply(map, move, map);
    } else if (is(row, "affine"))
        affine_all(v[0], v[1], v[2], v[3], v[4], v[5], w / 2, h / 2, map);
    else if (is(row, "perspective")) {
        const double from[8] = { 0, 0, w - 1, 0, w - 1, h - 1, 0, h - 1 };
        ck_assert(affine_corners(from, v, map));
    } else if (is(row, "box")) {
        affine_identity(map);
        map[0] = (v[2] - v[0]) / out_w;
        map[2] = v[0];
        map[4] = (v[3] - v[1]) / out_h;
        map[5] = v[1];
    } else
        return false;
    return true;
}

static enum plan_filter filter_of(const json_t *row)
{
    const char *name = text(row, "filter");
    return strcmp(name, "nearest") == 0   ? FILTER_NEAREST
           : strcmp(name, "bicubic") == 0 ? FILTER_BICUBIC
                                          : FILTER_BILINEAR;
}

static enum plan_fill_mode mode_of(const json_t *row)
{
    const char *name = text(row, "mode");
    return strcmp(name, "edge") == 0      ? FILL_EDGE
           : strcmp(name, "reflect") == 0 ? FILL_REFLECT
                                          : FILL_CONSTANT;
}

static void plan_of(const json_t *row, struct plan *plan)
{
    double map[9];
    struct error err = { 0 };
    int rc, width = (int)number(row, "size", 0), height = (int)number(row, "size", 1);
    plan_start(plan, (int)number(row, "source", 0), (int)number(row, "source", 1));
    plan->filter = filter_of(row);
    plan->fill.mode = mode_of(row);
    memcpy(plan->fill.level, fill, 3);
    plan->antialias = is(row, "box");
    if (map_of(row, map))
        rc = plan_map(plan, map, width, height, false, &err);
    else if (is(row, "crop"))
        rc = plan_crop(plan, (int)number(row, "values", 0), (int)number(row, "values", 1), width,
                       height, &err);
    else {
        struct plan_lens lens = { .k1 = number(row, "values", 0),
                                  .k2 = number(row, "values", 1),
                                  .p1 = number(row, "values", 2),
                                  .p2 = number(row, "values", 3),
                                  .center_x = width / 2.0,
                                  .center_y = height / 2.0,
                                  .radius = sqrt(width * width + height * height) / 2 };
        rc = plan_look(plan, &lens, false, &err);
    }
    ck_assert_msg(rc == 0, "%s", err.message);
    ck_assert(plan->width == width && plan->height == height);
}

static uint8_t *golden(const json_t *row)
{
    const char *hex = text(row, "pixels");
    uint8_t *bytes = malloc(strlen(hex) / 2);
    for (size_t i = 0; hex[2 * i]; i++) {
        const char pair[3] = { hex[2 * i], hex[2 * i + 1], 0 };
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return bytes;
}

/* The share of values that are equal; none may be further off than `most`. */
static double compare(size_t place, const json_t *row, const uint8_t *out, int most)
{
    size_t n = 3 * (size_t)number(row, "size", 0) * (size_t)number(row, "size", 1), equal = 0;
    uint8_t *expected = golden(row);
    for (size_t i = 0; i < n; i++) {
        ck_assert_msg(abs(out[i] - expected[i]) <= most,
                      "row %d of geometry.json, %s by %s, value %d: %d, not %d", (int)place + 1,
                      text(row, "op"), text(row, "filter"), (int)i, out[i], expected[i]);
        equal += out[i] == expected[i];
    }
    free(expected);
    return (double)equal / (double)n;
}

START_TEST(in_a_plan)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    size_t i;
    json_t *row;
    struct renderer *renderer;
    struct error err = { 0 };
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    json_array_foreach(cases, i, row)
    {
        struct plan plan;
        plan_of(row, &plan);
        struct image source = picture(plan.source_width, plan.source_height);
        for (size_t k = 0; is(row, "box") && k < source.stride * (size_t)source.height; k++)
            source.pixels[k] = (uint8_t)(source.pixels[k] / 2 + 64);
        uint8_t *out = malloc(output_bytes(&form, plan.width, plan.height));
        ck_assert_msg(render(renderer, &plan, RESAMPLER_EXACT, &source, 0, 0, &form, out, &err) ==
                          0,
                      "%s", err.message);
        bool moves = plan.filter == FILTER_NEAREST || is(row, "crop");
        ck_assert(!is(row, "crop") || plan.axis.valid);
        compare(i, row, out, moves ? 0 : 1);
        free(out);
        free(source.pixels);
    }
    renderer_close(renderer);
}
END_TEST

START_TEST(as_a_stage)
{
    size_t i, seen = 0;
    json_t *row;
    double map[9];
    struct mapper *mapper;
    struct error err = { 0 };
    struct plan_fill constant = { .level = { fill[0], fill[1], fill[2] } };
    ck_assert_int_eq(mapper_open(&mapper, &err), 0);
    json_array_foreach(cases, i, row)
    {
        if (!map_of(row, map) || is(row, "box"))
            continue;
        int w = (int)number(row, "size", 0), h = (int)number(row, "size", 1);
        struct image source = picture((int)number(row, "source", 0), (int)number(row, "source", 1));
        struct image out = { malloc(3 * (size_t)w * (size_t)h), w, h, 3 * (size_t)w };
        enum plan_filter filter = filter_of(row);
        ck_assert_int_eq(mapper_stage(mapper, &source, map, filter, &constant, &out, &err), 0);
        double share = compare(i, row, out.pixels, filter == FILTER_NEAREST ? 0 : 1);
        ck_assert_msg(share >= 0.96, "row %d, %s by %s: %g equal", (int)i + 1, text(row, "op"),
                      text(row, "filter"), share);
        free(out.pixels);
        free(source.pixels);
        seen++;
    }
    ck_assert_uint_ge(seen, 80);
    mapper_close(mapper);
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("geometry_golden");
    tcase_add_checked_fixture(tests, load, unload);
    tcase_add_test(tests, in_a_plan);
    tcase_add_test(tests, as_a_stage);
    return suite_run();
}
