/*
 * Claim: what policies draw has the distributions that the papers state; fused, they end in one
 * map; what cannot be is refused when the recipe is read.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/color.h"
#include "augment/recipe.h"
#include "base/stat.h"
#include "tests/color_plan.h"
#include "tests/policy_names.h"
#include "tests/scale.h"
#include "tests/suite.h"

enum { WIDTH = 23, HEIGHT = 17 };

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
        check_share(t.count[op], n, (is_map ? 30.0 / 31 : 1) / 14, policy_names[op]);
        if (row->is_signed)
            check_share(t.minus[op], t.count[op], is_map ? 0.5 : 15.0 / 31, policy_names[op]);
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
        check_share(t.count[op], 3.0 * n, 1.0 / 14, policy_names[op]);
        ck_assert_double_eq(t.least[op], t.most[op]);
        if (space.rows[i].is_signed)
            check_share(t.minus[op], t.count[op], 0.5, policy_names[op]);
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
                    policy_names[op]);
    /* The level is normal (6, 2) held within 0..10: mean 5.984, by numerical integration. */
    ck_assert_double_eq_tol(t.sum[POLICY_SHEAR_Y] / t.count[POLICY_SHEAR_Y] / 0.3 * 10, 5.984, 0.1);
    ck_assert_double_eq_tol(t.most[POLICY_SHEAR_Y], 0.3, 1e-9);
    ck_assert_double_lt(t.least[POLICY_SHEAR_Y], 0.08);
    check_share(t.minus[POLICY_SHEAR_Y], t.count[POLICY_SHEAR_Y], 0.5, "signs");
    recipe_close(recipe);

    recipe = must_open("augment: [{randaugment: rand-m8-mstd101-p1}]");
    json_t *json = recipe_json(recipe, &(struct error){ 0 });
    const json_t *values = json_object_get(json_array_get(json, 0), "randaugment");
    ck_assert_str_eq(json_string_value(json_object_get(values, "style")), "timm");
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
        ck_assert_msg(fabs(t.count[cases[i].op] - n * cases[i].sum / 25) <
                          6 * sqrt(n * cases[i].sum / 25),
                      "%s: %d, not %g", policy_names[cases[i].op], t.count[cases[i].op],
                      n * cases[i].sum / 25);
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
            check_share(t.count[op], t.stages, 1.0 / 13, policy_names[op]);
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
    struct image source = color_plan_picture(WIDTH, HEIGHT, false);
    int joined = 0, moved = 0;
    for (uint64_t id = 0; id < 300; id++) {
        struct plan plan = draw(recipe, id, WIDTH, HEIGHT);
        ck_assert_int_eq(plan.stages_used, 0);
        moved += !plan.axis.valid;
        free(color_plan_run(&plan, &source, DTYPE_U8, LAYOUT_NHWC));
        plan = draw(mix, id, WIDTH, HEIGHT);
        joined += 15 - plan.stages_used;
        for (int i = 1; i < plan.stages_used; i++)
            ck_assert(plan.stages[i].branch != plan.stages[i - 1].branch ||
                      !plan.stages[i].geometry || !plan.stages[i - 1].geometry);
        free(color_plan_run(&plan, &source, DTYPE_U8, LAYOUT_NHWC));
    }
    ck_assert_int_gt(moved, 100);
    ck_assert_int_gt(joined, 300);
    recipe_close(recipe);
    recipe_close(mix);
    free(source.pixels);
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
    TCase *cases = suite_cases("policy_draw");
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
