/*
 * Claim: policies have torchvision's lists and magnitudes to the bit, and timm's levels; their
 * steps run one by one give torchvision's own pixels.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "augment/policy_timm.h"
#include "augment/render.h"
#include "base/json.h"
#include "base/npy.h"
#include "tests/policy_names.h"
#include "tests/suite.h"

enum { WIDTH = 23, HEIGHT = 17, BYTES = 3 * WIDTH * HEIGHT }; /* make_policy.py's */

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static int integer_of(const json_t *object, const char *key)
{
    return (int)json_integer_value(json_object_get(object, key));
}

/* The pictures of make_policy.py. */
static void picture(int kind, uint8_t *pixels)
{
    for (int64_t y = 0; y < HEIGHT; y++)
        for (int64_t x = 0; x < WIDTH; x++)
            for (int64_t c = 0; c < 3; c++) {
                int64_t smooth = (x * 9 + y * 5 + c * 40) % 256;
                int64_t rough = (x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256;
                int64_t level = kind == 0   ? ((x / 8 + y / 8) % 2 ? smooth : rough)
                                : kind == 1 ? 60 + smooth / 4 + c * 7
                                            : 90 + 20 * c;
                *pixels++ = (uint8_t)level;
            }
}

static void run(const struct plan *plan, uint8_t *pixels, uint8_t *out)
{
    struct image source = { pixels, WIDTH, HEIGHT, 3 * WIDTH };
    struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct renderer *renderer;
    struct error err = { 0 };
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_msg(render(renderer, plan, RESAMPLER_EXACT, &source, 0, 0, &form, out, &err) == 0,
                  "%s", err.message);
    renderer_close(renderer);
}

static struct policy_way way_of(const json_t *c, const struct plan *plan)
{
    const char *filter = text_of(c, "filter");
    int64_t kind = strcmp(filter, "nearest") == 0    ? FILTER_NEAREST
                   : strcmp(filter, "bilinear") == 0 ? FILTER_BILINEAR
                                                     : FILTER_BICUBIC;
    union value fill = { .list = { .count = 1, .item = { integer_of(c, "fill") } } };
    return policy_way_of(plan, COMPAT_SEQUENTIAL, kind, &fill);
}

static void apply_all(struct plan *plan, const json_t *steps, const struct policy_way *way)
{
    struct error err = { 0 };
    size_t i;
    json_t *item;
    json_array_foreach(steps, i, item)
    {
        struct policy_step step = { policy_named(json_string_value(json_array_get(item, 0))),
                                    json_number_value(json_array_get(item, 1)) };
        if (step.op == POLICY_TRANSLATE_X || step.op == POLICY_TRANSLATE_Y)
            step.magnitude = trunc(step.magnitude);
        ck_assert_msg(policy_apply(plan, &step, way, &err) == 0, "%s", err.message);
    }
}

static void make_plan(const json_t *c, struct plan *plan)
{
    struct error err = { 0 };
    const json_t *steps = json_object_get(c, "steps"), *share = json_object_get(c, "share");
    plan_start(plan, WIDTH, HEIGHT);
    struct policy_way way = way_of(c, plan);
    if (!share) {
        apply_all(plan, steps, &way);
        ck_assert_int_eq(policy_end(plan, &way, &err), 0);
        return;
    }
    double shares[PLAN_BRANCHES];
    int branches = (int)json_array_size(share);
    for (way.branch = 0; way.branch < branches; way.branch++) {
        shares[way.branch] = json_number_value(json_array_get(share, (size_t)way.branch));
        apply_all(plan, json_array_get(steps, (size_t)way.branch), &way);
    }
    double rest = json_number_value(json_object_get(c, "rest"));
    ck_assert_int_eq(plan_chain(plan, way.first, branches, rest, shares, &err), 0);
}

static int distance(const uint8_t *a, const uint8_t *b)
{
    int most = 0;
    for (int i = 0; i < BYTES; i++) {
        int d = abs(a[i] - b[i]);
        most = d > most ? d : most;
    }
    return most;
}

/* torchvision's own pixels, exactly: single steps and whole chains. Within one level: a step with
 * bilinear or bicubic, whose weights have fewer bits here, and AugMix, which is cut off to whole
 * levels there and rounded here. */
START_TEST(sequential)
{
    struct error err = { 0 };
    struct tensor golden;
    json_t *all = json_read("tests/golden/policy.json", &err);
    ck_assert_msg(all, "%s", err.message);
    ck_assert_int_eq(npy_read("tests/golden/policy.npy", &golden, &err), 0);
    const json_t *list = json_object_get(all, "cases"), *c;
    ck_assert_uint_eq(tensor_count(&golden), json_array_size(list) * BYTES);
    size_t i;
    int seen[3] = { 0 };
    json_array_foreach(list, i, c)
    {
        uint8_t pixels[BYTES], out[BYTES];
        struct plan plan;
        const char *group = text_of(c, "group");
        picture(integer_of(c, "picture"), pixels);
        make_plan(c, &plan);
        run(&plan, pixels, out);
        int d = distance(out, (const uint8_t *)golden.data + i * BYTES);
        int most = strcmp(group, "augmix") == 0 || strcmp(text_of(c, "filter"), "nearest") != 0;
        char *text = json_dumps(c, 0);
        ck_assert_msg(d <= most, "%d levels apart: %s", d, text);
        free(text);
        seen[group[0] == 's' ? 0 : group[0] == 'c' ? 1 : 2]++;
    }
    ck_assert(seen[0] > 100 && seen[1] > 100 && seen[2] > 20);
    free(golden.data);
    json_decref(all);
}
END_TEST

START_TEST(magnitudes)
{
    static const struct {
        const char *name;
        enum policy_space space;
    } spaces[] = { { "autoaugment", SPACE_AUTOAUGMENT },
                   { "rand", SPACE_RAND },
                   { "wide", SPACE_WIDE },
                   { "augmix_all", SPACE_AUGMIX_ALL } };
    struct error err = { 0 };
    json_t *all = json_read("tests/golden/policy.json", &err);
    ck_assert_msg(all, "%s", err.message);
    size_t t;
    int place[4] = { 0 };
    const json_t *table;
    json_array_foreach(json_object_get(all, "tables"), t, table)
    {
        int s = 0, bins = integer_of(table, "bins");
        while (strcmp(spaces[s].name, text_of(table, "space")) != 0)
            s++;
        struct policy_rows space = policy_space(spaces[s].space);
        const struct policy_row *row = &space.rows[place[s]++ % space.count];
        ck_assert_str_eq(policy_names[row->op], text_of(table, "op"));
        ck_assert_int_eq(row->is_signed, json_is_true(json_object_get(table, "signed")));
        const json_t *values = json_object_get(table, "values");
        ck_assert_uint_eq(json_array_size(values), row->kind == POLICY_NONE ? 1 : (size_t)bins);
        for (size_t bin = 0; bin < json_array_size(values); bin++) {
            double value = policy_magnitude(row, (int)bin, bins, integer_of(table, "width"),
                                            integer_of(table, "height"));
            ck_assert_msg(value == json_number_value(json_array_get(values, bin)),
                          "%s of %s, bin %d of %d: %.17g, not %.17g", text_of(table, "op"),
                          spaces[s].name, (int)bin, bins, value,
                          json_number_value(json_array_get(values, bin)));
        }
    }
    for (int s = 0; s < 4; s++)
        ck_assert_int_gt(place[s], 12);
    json_decref(all);
}
END_TEST

/* By hand from timm's formulas, at level 9 of an image of 200 x 100, minus side. */
START_TEST(timm_levels)
{
    static const struct {
        enum policy_op op;
        double plain, inc;
    } cases[] = {
        { POLICY_ROTATE, -27, -27 },        { POLICY_POSTERIZE, 3, 1 },
        { POLICY_SOLARIZE, 230, 26 },       { POLICY_SOLARIZE_ADD, 99, 99 },
        { POLICY_COLOR, 0.72, -0.81 },      { POLICY_CONTRAST, 0.72, -0.81 },
        { POLICY_BRIGHTNESS, 0.72, -0.81 }, { POLICY_SHARPNESS, 0.72, -0.81 },
        { POLICY_SHEAR_X, -0.27, -0.27 },   { POLICY_SHEAR_Y, -0.27, -0.27 },
        { POLICY_TRANSLATE_X, -81, -81 },   { POLICY_TRANSLATE_Y, -40.5, -40.5 },
        { POLICY_AUTOCONTRAST, 0, 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int inc = 0; inc < 2; inc++) {
            struct policy_step step = policy_timm_step(cases[i].op, 9, inc, true, 200, 100);
            ck_assert_int_eq(step.op, cases[i].op);
            ck_assert_double_eq_tol(step.magnitude, inc ? cases[i].inc : cases[i].plain, 1e-9);
        }
    ck_assert_double_eq_tol(policy_timm_step(POLICY_COLOR, 14, true, true, 9, 9).magnitude, -0.9,
                            1e-12);
    ck_assert_double_eq(policy_timm_step(POLICY_SOLARIZE, 14, true, true, 9, 9).magnitude, 0);
    ck_assert_double_eq(policy_timm_step(POLICY_POSTERIZE, 14, true, true, 9, 9).magnitude, 0);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("policy");
    tcase_add_test(cases, sequential);
    tcase_add_test(cases, magnitudes);
    tcase_add_test(cases, timm_levels);
    return suite_run();
}
