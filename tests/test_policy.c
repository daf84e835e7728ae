/*
 * Claim: policies have torchvision's lists and magnitudes to the bit; their steps run one by one
 * give torchvision's own pixels; what is drawn has the distributions that the papers state; what
 * cannot be is refused when the recipe is read.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/color.h"
#include "augment/policy_op.h"
#include "augment/policy_timm.h"
#include "augment/recipe.h"
#include "augment/render.h"
#include "base/json.h"
#include "base/npy.h"
#include "base/stat.h"
#include "tests/scale.h"
#include "tests/suite.h"

enum { WIDTH = 23, HEIGHT = 17, BYTES = 3 * WIDTH * HEIGHT }; /* make_policy.py's */

static const char *const op_names[POLICY_OPS] = {
    [POLICY_IDENTITY] = "Identity",        [POLICY_SHEAR_X] = "ShearX",
    [POLICY_SHEAR_Y] = "ShearY",           [POLICY_TRANSLATE_X] = "TranslateX",
    [POLICY_TRANSLATE_Y] = "TranslateY",   [POLICY_ROTATE] = "Rotate",
    [POLICY_BRIGHTNESS] = "Brightness",    [POLICY_COLOR] = "Color",
    [POLICY_CONTRAST] = "Contrast",        [POLICY_SHARPNESS] = "Sharpness",
    [POLICY_POSTERIZE] = "Posterize",      [POLICY_SOLARIZE] = "Solarize",
    [POLICY_SOLARIZE_ADD] = "SolarizeAdd", [POLICY_AUTOCONTRAST] = "AutoContrast",
    [POLICY_EQUALIZE] = "Equalize",        [POLICY_INVERT] = "Invert",
};

static enum policy_op op_of(const char *name)
{
    for (int i = 0; i < POLICY_OPS; i++)
        if (strcmp(op_names[i], name) == 0)
            return (enum policy_op)i;
    ck_abort_msg("no operation %s", name);
}

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
        struct policy_step step = { op_of(json_string_value(json_array_get(item, 0))),
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
        ck_assert_str_eq(op_names[row->op], text_of(table, "op"));
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

static int try_open(struct recipe **recipe, const char *text, struct error *err)
{
    struct config *config;
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "a.yaml", err), 0);
    int rc = recipe_open(recipe, node_get(config_root(config), "augment"), 5, err);
    config_close(config);
    return rc;
}

static struct recipe *must_open(const char *text)
{
    struct recipe *recipe;
    struct error err = { 0 };
    ck_assert_msg(try_open(&recipe, text, &err) == 0, "%s: %s", err.place, err.message);
    return recipe;
}

static struct plan draw(const struct recipe *recipe, uint64_t id, int width, int height)
{
    struct plan plan;
    struct error err = { 0 };
    ck_assert_msg(recipe_draw(recipe, id, 0, width, height, &plan, &err) == 0, "%s", err.message);
    return plan;
}

/* Which operation a stage is, and how strong; a map that moves nothing is the identity. */
static struct policy_step read_stage(const struct plan_stage *s)
{
    if (s->geometry) {
        if (s->map[1] != 0 && s->map[3] != 0)
            return (struct policy_step){ POLICY_ROTATE, s->map[1] };
        if (s->map[1] != 0)
            return (struct policy_step){ POLICY_SHEAR_X, s->map[1] };
        if (s->map[3] != 0)
            return (struct policy_step){ POLICY_SHEAR_Y, s->map[3] };
        if (s->map[2] != 0)
            return (struct policy_step){ POLICY_TRANSLATE_X, -s->map[2] };
        if (s->map[5] != 0)
            return (struct policy_step){ POLICY_TRANSLATE_Y, -s->map[5] };
        return (struct policy_step){ POLICY_IDENTITY, 0 };
    }
    if (s->blend != BLEND_NONE)
        return (struct policy_step){ s->blend == BLEND_BLACK  ? POLICY_BRIGHTNESS
                                     : s->blend == BLEND_MEAN ? POLICY_CONTRAST
                                                              : POLICY_COLOR,
                                     s->factor - 1 };
    if (s->color.kind == COLOR_MATRIX)
        return (struct policy_step){ POLICY_INVERT, 0 };
    static const enum policy_op steps[] = { POLICY_SHARPNESS, POLICY_POSTERIZE,
                                            POLICY_SOLARIZE,  POLICY_AUTOCONTRAST,
                                            POLICY_EQUALIZE,  POLICY_SOLARIZE_ADD };
    const struct plan_color entries[] = { color_sharpness(1), color_posterize(1),
                                          color_solarize(1),  color_autocontrast(),
                                          color_equalize(),   color_solarize_add(1) };
    for (int i = 0; i < 6; i++)
        if (s->color.op == entries[i].op)
            return (struct policy_step){ steps[i],
                                         s->color.value[0] - (steps[i] == POLICY_SHARPNESS) };
    ck_abort_msg("a stage that no policy has");
}

struct tally {
    int count[POLICY_OPS], minus[POLICY_OPS], stages;
    double sum[POLICY_OPS], least[POLICY_OPS], most[POLICY_OPS]; /* of |magnitude| */
};

static void count_stages(const struct plan *plan, struct tally *t)
{
    for (int i = 0; i < plan->stages_used; i++, t->stages++) {
        struct policy_step step = read_stage(&plan->stages[i]);
        double m = fabs(step.magnitude);
        if (t->count[step.op]++ == 0)
            t->least[step.op] = t->most[step.op] = m;
        t->minus[step.op] += step.magnitude < 0;
        t->sum[step.op] += m;
        t->least[step.op] = m < t->least[step.op] ? m : t->least[step.op];
        t->most[step.op] = m > t->most[step.op] ? m : t->most[step.op];
    }
}

static void check_share(int found, double draws, double share, const char *what)
{
    double sd = sqrt(draws * share * (1 - share));
    ck_assert_msg(fabs(found - draws * share) <= 5 * sd + 1e-6, "%s: %d, not %g", what, found,
                  draws * share);
}

/* Fourteen operations alike, 31 strengths alike, signs half and half, tails reached. */
START_TEST(trivialaugment)
{
    struct recipe *recipe = must_open("augment: [{trivialaugment: {compat: sequential}}]");
    int n = test_scaled(100000);
    struct tally t = { 0 };
    for (int i = 0; i < n; i++) {
        struct plan plan = draw(recipe, (uint64_t)i, 300, 200);
        ck_assert_int_le(plan.stages_used, 1);
        ck_assert_int_eq(plan.colors_used, plan.stages_used);
        count_stages(&plan, &t);
    }
    struct policy_rows space = policy_space(SPACE_WIDE);
    check_share(n - t.stages, n, 1.0 / 14, "identity");
    check_share(t.count[POLICY_IDENTITY], n, 5.0 / 14 / 31, "maps of strength 0");
    for (int i = 1; i < space.count; i++) {
        const struct policy_row *row = &space.rows[i];
        enum policy_op op = row->op;
        bool is_map = op >= POLICY_SHEAR_X && op <= POLICY_ROTATE;
        check_share(t.count[op], n, (is_map ? 30.0 / 31 : 1) / 14, op_names[op]);
        if (row->is_signed)
            check_share(t.minus[op], t.count[op], is_map ? 0.5 : 15.0 / 31, op_names[op]);
        if (row->kind == POLICY_NUMBER && op != POLICY_ROTATE && op != POLICY_TRANSLATE_X &&
            op != POLICY_TRANSLATE_Y) {
            double top = fmax(row->first, row->last), step = top / 30;
            double mean = is_map ? (top + step) / 2 : top / 2;
            ck_assert_double_eq_tol(t.most[op], top, 1e-6 * top);
            ck_assert_double_eq_tol(t.least[op], is_map ? step : 0, 1e-6 * top);
            ck_assert_double_eq_tol(t.sum[op] / t.count[op], mean,
                                    5 * top / sqrt(12.0 * t.count[op]));
        }
    }
    ck_assert_double_eq(t.least[POLICY_POSTERIZE], 2);
    ck_assert_double_eq(t.most[POLICY_POSTERIZE], 8);
    ck_assert_double_eq(t.most[POLICY_TRANSLATE_X], 32);
    ck_assert_double_eq_tol(t.most[POLICY_ROTATE], 1, 0.01); /* sines up to 135 degrees */
    recipe_close(recipe);
}
END_TEST

START_TEST(randaugment)
{
    struct recipe *recipe = must_open("augment: [{randaugment: {num_ops: 3, magnitude: 20, compat: "
                                      "sequential, fill: [8, 9, 10]}}]");
    int n = test_scaled(100000);
    struct tally t = { 0 };
    for (int i = 0; i < n; i++) {
        struct plan plan = draw(recipe, (uint64_t)i, 300, 200);
        count_stages(&plan, &t);
        if (plan.stages_used)
            ck_assert_int_eq(plan.stages[0].fill.level[1], 9);
    }
    struct policy_rows space = policy_space(SPACE_RAND);
    check_share(3 * n - t.stages, 3.0 * n, 1.0 / 14, "identity");
    for (int i = 1; i < space.count; i++) {
        enum policy_op op = space.rows[i].op;
        check_share(t.count[op], 3.0 * n, 1.0 / 14, op_names[op]);
        ck_assert_double_eq(t.least[op], t.most[op]);
        if (space.rows[i].is_signed)
            check_share(t.minus[op], t.count[op], 0.5, op_names[op]);
    }
    ck_assert_double_eq_tol(t.most[POLICY_BRIGHTNESS], 0.6, 1e-6);
    ck_assert_double_eq(t.most[POLICY_TRANSLATE_X], 90); /* int(20 / 30 * 150 / 331 * 300) */
    ck_assert_double_eq(t.most[POLICY_POSTERIZE], 5);
    ck_assert_double_eq(t.most[POLICY_SOLARIZE], 85);
    recipe_close(recipe);
}
END_TEST

START_TEST(randaugment_timm)
{
    struct recipe *recipe = must_open("augment: [{randaugment: {config: rand-m6-n2-mstd2-inc1, "
                                      "compat: sequential}}]");
    int n = test_scaled(100000);
    struct tally t = { 0 };
    for (int i = 0; i < n; i++) {
        struct plan plan = draw(recipe, (uint64_t)i, 300, 200);
        count_stages(&plan, &t);
        if (plan.stages_used)
            ck_assert_int_eq(plan.stages[0].fill.level[1], 128);
    }
    check_share(t.stages, 2.0 * n, 0.5, "applied");
    for (int op = 1; op < POLICY_OPS; op++)
        check_share(t.count[op] + (op == POLICY_SHEAR_X ? t.count[0] : 0), 2.0 * n, 0.5 / 15,
                    op_names[op]);
    /* The level is normal (6, 2) held within 0..10: mean 5.984, by numerical integration. */
    ck_assert_double_eq_tol(t.sum[POLICY_SHEAR_Y] / t.count[POLICY_SHEAR_Y] / 0.3 * 10, 5.984, 0.1);
    ck_assert_double_eq_tol(t.most[POLICY_SHEAR_Y], 0.3, 1e-9);
    ck_assert_double_lt(t.least[POLICY_SHEAR_Y], 0.08);
    check_share(t.minus[POLICY_SHEAR_Y], t.count[POLICY_SHEAR_Y], 0.5, "signs");
    recipe_close(recipe);

    recipe = must_open("augment: [{randaugment: rand-m8-mstd101-p1}]");
    json_t *json = recipe_json(recipe, &(struct error){ 0 });
    const json_t *values = json_object_get(json_array_get(json, 0), "randaugment");
    ck_assert_str_eq(text_of(values, "style"), "timm");
    ck_assert(json_is_null(json_object_get(values, "config")));
    ck_assert_double_eq(json_number_value(json_object_get(values, "magnitude")), 8);
    ck_assert_double_eq(json_number_value(json_object_get(values, "mstd")), 101);
    ck_assert_double_eq(json_number_value(json_object_get(values, "op_p")), 1);
    json_decref(json);
    recipe_close(recipe);
}
END_TEST

/* Each pair of the 25 one time in 25, each operation with its probability: by the expected number
 * of every operation over the list. */
START_TEST(autoaugment)
{
    struct recipe *recipe =
        must_open("augment: [{autoaugment: {policy: cifar10, compat: sequential}}]");
    int n = test_scaled(100000);
    struct tally t = { 0 };
    for (int i = 0; i < n; i++) {
        struct plan plan = draw(recipe, (uint64_t)i, 320, 320);
        ck_assert_int_le(plan.stages_used, 2);
        count_stages(&plan, &t);
    }
    /* Sums of the probabilities in torchvision's CIFAR-10 list; solarize at the bins of the list.
     */
    static const struct {
        enum policy_op op;
        double sum;
    } cases[] = { { POLICY_SHEAR_Y, 0.7 }, { POLICY_TRANSLATE_X, 0.8 }, { POLICY_TRANSLATE_Y, 3.4 },
                  { POLICY_ROTATE, 0.7 },  { POLICY_EQUALIZE, 4.7 },    { POLICY_SHARPNESS, 2.8 },
                  { POLICY_INVERT, 0.2 },  { POLICY_COLOR, 2.9 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(
            fabs(t.count[cases[i].op] - n * cases[i].sum / 25) < 6 * sqrt(n * cases[i].sum / 25),
            "%s: %d, not %g", op_names[cases[i].op], t.count[cases[i].op], n * cases[i].sum / 25);
    check_share(t.minus[POLICY_ROTATE], t.count[POLICY_ROTATE], 0.5, "signs");
    ck_assert_double_eq(t.most[POLICY_TRANSLATE_X], 145); /* int(150 / 331 * 320) */
    recipe_close(recipe);
}
END_TEST

START_TEST(augmix)
{
    struct recipe *recipe = must_open("augment: [{augmix: {compat: sequential, severity: 4}}]");
    struct recipe *fixed = must_open(
        "augment: [{augmix: {mixture_width: 2, chain_depth: 5, all_ops: no, alpha: 0.5}}]");
    int n = test_scaled(100000), depth[4] = { 0 };
    struct tally t = { 0 };
    double *rest = malloc(sizeof(double) * (size_t)n), *share = malloc(sizeof(double) * (size_t)n);
    for (int i = 0; i < n; i++) {
        struct plan plan = draw(recipe, (uint64_t)i, 300, 200);
        const struct plan_color *c = &plan.colors[0];
        ck_assert(c->kind == COLOR_CHAIN && c->branches == 3 && plan.colors_used == 1);
        ck_assert_double_eq_tol(c->rest + c->share[0] + c->share[1] + c->share[2], 1, 1e-12);
        int stages[3] = { 0 };
        for (int s = 0; s < plan.stages_used; s++)
            stages[plan.stages[s].branch]++;
        ck_assert(stages[1] >= 1 && stages[1] <= 3);
        depth[stages[1]]++;
        rest[i] = c->rest;
        share[i] = c->share[2];
        count_stages(&plan, &t);
        plan = draw(fixed, (uint64_t)i, 300, 200);
        ck_assert(plan.stages_used >= 2 && plan.stages_used <= 10);
    }
    for (int d = 1; d <= 3; d++)
        check_share(depth[d], n, 1.0 / 3, "depth");
    /* Beta(1, 1), and (1 - m) times a share of Dirichlet(1, 1, 1): mean 1/6, second moment 1/3 *
     * 1/6. */
    struct stat_summary s = stat_summarize(rest, (size_t)n);
    ck_assert_double_eq_tol(s.mean, 0.5, 5 * s.se);
    ck_assert_double_eq_tol(s.sd, sqrt(1.0 / 12), 0.01);
    s = stat_summarize(share, (size_t)n);
    ck_assert_double_eq_tol(s.mean, 1.0 / 6, 5 * s.se);
    ck_assert_double_eq_tol(s.sd, sqrt(1.0 / 18 - 1.0 / 36), 0.01);
    for (int op = POLICY_BRIGHTNESS; op <= POLICY_EQUALIZE; op++)
        if (op != POLICY_SOLARIZE_ADD)
            check_share(t.count[op], t.stages, 1.0 / 13, op_names[op]);
    ck_assert_double_eq_tol(t.most[POLICY_COLOR], 0.3, 1e-6); /* the first four of ten bins */
    free(rest);
    free(share);
    recipe_close(recipe);
    recipe_close(fixed);
}
END_TEST

/* Fused policies end in the plan: no stages, one map, colors folded; and AugMix's neighbors join.
 */
START_TEST(fused)
{
    struct recipe *recipe = must_open("augment: [{randaugment: {num_ops: 6}}]");
    struct recipe *mix = must_open("augment: [{augmix: {chain_depth: 5, mixture_width: 3}}]");
    uint8_t pixels[BYTES], out[BYTES];
    int joined = 0, moved = 0;
    picture(0, pixels);
    for (uint64_t id = 0; id < 300; id++) {
        struct plan plan = draw(recipe, id, WIDTH, HEIGHT);
        ck_assert_int_eq(plan.stages_used, 0);
        moved += !plan.axis.valid;
        run(&plan, pixels, out);
        plan = draw(mix, id, WIDTH, HEIGHT);
        joined += 15 - plan.stages_used;
        for (int i = 1; i < plan.stages_used; i++)
            ck_assert(plan.stages[i].branch != plan.stages[i - 1].branch ||
                      !plan.stages[i].geometry || !plan.stages[i - 1].geometry);
        run(&plan, pixels, out);
    }
    ck_assert_int_gt(moved, 100);
    ck_assert_int_gt(joined, 300);
    recipe_close(recipe);
    recipe_close(mix);
}
END_TEST

/* The plan as JSON names every stage. */
START_TEST(as_json)
{
    struct recipe *recipe =
        must_open("augment: [{randaugment: {num_ops: 7, compat: sequential}}, augmix]");
    for (uint64_t id = 0; id < 50; id++) {
        struct plan plan = draw(recipe, id, 300, 200);
        struct error err = { 0 };
        json_t *json = plan_json(&plan, &err);
        ck_assert_msg(json, "%s", err.message);
        const json_t *colors = json_object_get(json, "colors");
        size_t stages = 0;
        for (size_t i = 0; i < json_array_size(colors); i++)
            stages += json_array_size(json_object_get(json_array_get(colors, i), "chain"));
        ck_assert_uint_eq(json_array_size(colors), (size_t)plan.colors_used);
        ck_assert_uint_eq(stages, (size_t)plan.stages_used);
        json_decref(json);
    }
    recipe_close(recipe);
}
END_TEST

static const struct {
    const char *text, *place, *message;
} refusals[] = {
    { "augment:\n  - autoaugment: {policy: imagenets}\n", "a.yaml:2", "imagenet" },
    { "augment:\n  - autoaugment: {compat: sequential}\n  - hflip\n", "a.yaml:3",
      "hflip stands behind autoaugment (a.yaml:2)" },
    { "augment:\n  - augmix\n  - trivialaugment\n", "a.yaml:3", "one by one" },
    { "augment:\n  - cutout: 4\n  - randaugment\n", "a.yaml:3", "erases" },
    { "augment:\n  - randaugment: {magnitude: 31}\n", "a.yaml:2", "0..30" },
    { "augment:\n  - randaugment: {magnitude: 4.5}\n", "a.yaml:2", "style: timm" },
    { "augment:\n  - randaugment: {mstd: 0.5}\n", "a.yaml:2", "style: timm" },
    { "augment:\n  - randaugment: {num_ops: 7}\n", "a.yaml:2", "compat: sequential" },
    { "augment:\n  - randaugment: {num_ops: 17, compat: sequential}\n", "a.yaml:2", "1..16" },
    { "augment:\n  - randaugment: rand-m9-x3\n", "a.yaml:2", "rand-m9-mstd0.5-inc1" },
    { "augment:\n  - randaugment: random\n", "a.yaml:2", "none of timm's strings" },
    { "augment:\n  - randaugment: rand-m9-p1.5\n", "a.yaml:2", "none of timm's strings" },
    { "augment:\n  - randaugment: rand-m\n", "a.yaml:2", "none of timm's strings" },
    { "augment:\n  - randaugment: rand--\n", "a.yaml:2", "none of timm's strings" },
    { "augment:\n  - randaugment: {fill: [3, -1, 4]}\n", "a.yaml:2", "0..255" },
    { "augment:\n  - autoaugment: {fill: [3, 4]}\n", "a.yaml:2", "fill has 2 numbers" },
    { "augment:\n  - trivialaugment: {num_magnitude_bins: 1}\n", "a.yaml:2", "2..1000" },
    { "augment:\n  - augmix: {mixture_width: 4}\n", "a.yaml:2", "1..3" },
    { "augment:\n  - augmix: {severity: 11}\n", "a.yaml:2", "1..10" },
    { "augment:\n  - augmix: {alpha: 0}\n", "a.yaml:2", "alpha" },
    { "augment:\n  - augmix: {chain_depth: 5}\n  - randaugment: {compat: sequential}\n", "a.yaml:3",
      "17 steps" },
};

START_TEST(refused)
{
    struct recipe *recipe;
    struct error err = { 0 };
    ck_assert_int_eq(try_open(&recipe, refusals[_i].text, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.place, refusals[_i].place), "%s: %s", err.place, err.message);
    ck_assert_msg(strstr(err.message, refusals[_i].message), "%s", err.message);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("policy");
    tcase_add_test(cases, sequential);
    tcase_add_test(cases, magnitudes);
    tcase_add_test(cases, timm_levels);
    tcase_add_test(cases, trivialaugment);
    tcase_add_test(cases, randaugment);
    tcase_add_test(cases, randaugment_timm);
    tcase_add_test(cases, autoaugment);
    tcase_add_test(cases, augmix);
    tcase_add_test(cases, fused);
    tcase_add_test(cases, as_json);
    tcase_add_loop_test(cases, refused, 0, sizeof(refusals) / sizeof(refusals[0]));
    return suite_run();
}
