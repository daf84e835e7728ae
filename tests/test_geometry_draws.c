/*
 * Claim: geometric augmentations draw what their sources draw: range, mean, spread and tails of
 * every parameter over 100,000 draws, read back from the plans; ranges that cannot be are refused
 * with line and remedy, numbers that are not finite never reach a plan; and pictures of 1x1 and
 * 1x10000 go through all of them, whatever the fill and the filter.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/affine.h"
#include "augment/recipe.h"
#include "augment/render.h"
#include "base/stat.h"
#include "tests/scale.h"
#include "tests/steps.h"
#include "tests/suite.h"

#define DEGREE (3.14159265358979323846 / 180)

static int try_open(struct recipe **recipe, const char *text, struct error *err)
{
    struct config *config;
    ck_assert_msg(config_parse(&config, text, strlen(text), "a.yaml", err) == 0, "%s",
                  err->message);
    int rc = recipe_open(recipe, node_get(config_root(config), "augment"), 3, err);
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

/* What a plan of a 400x300 picture says about one parameter; NaN: nothing was drawn. */
typedef double reading(const struct plan *plan);

static double angle(const struct plan *p)
{
    return atan2(p->post[3], p->post[0]) / DEGREE;
}
static double clockwise(const struct plan *p)
{
    return -angle(p);
}
static double scale(const struct plan *p)
{
    return 1 / sqrt(p->post[0] * p->post[4] - p->post[1] * p->post[3]);
}
static double log_x(const struct plan *p)
{
    return -log(p->post[0]);
}
static double log_y(const struct plan *p)
{
    return -log(p->post[4]);
}
static double shear_x(const struct plan *p)
{
    return atan(p->post[1]) / DEGREE;
}
static double shear_y(const struct plan *p)
{
    return atan(p->post[3]) / DEGREE;
}
static double left(const struct plan *p)
{
    return p->axis.left;
}
static double top(const struct plan *p)
{
    return p->axis.top;
}
static double k1(const struct plan *p)
{
    return p->lens.k1;
}
static double k2(const struct plan *p)
{
    return p->lens.k2;
}
static double p1(const struct plan *p)
{
    return p->lens.p1;
}
static double p2(const struct plan *p)
{
    return p->lens.p2;
}

/* Where the corner (x, y) of the old picture went. */
static void corner(const struct plan *p, double x, double y, double *to_x, double *to_y)
{
    double inverse[9];
    ck_assert(affine_invert(p->post, inverse) && affine_point(inverse, x, y, to_x, to_y));
}
static double top_left_x(const struct plan *p)
{
    double x, y;
    corner(p, 0, 0, &x, &y);
    return p->post[6] == 0 && p->post[0] == 1 ? NAN : rint(x);
}
static double bottom_right_y(const struct plan *p)
{
    double x, y;
    corner(p, 399, 299, &x, &y);
    return p->post[6] == 0 && p->post[0] == 1 ? NAN : rint(y);
}

static const struct {
    const char *line;
    reading *read;
    double low, high;
    bool whole;   /* whole numbers low..high */
    double drawn; /* how many draws say something */
} cases[] = {
    { "translate: {translate: [0.1, 0.2]}", left, -40, 40, .drawn = 1 },
    { "translate: {translate: [0.1, 0.2]}", top, -60, 60, .drawn = 1 },
    { "translate: {translate: [7, 3], unit: pixels}", left, -7, 7, true, 1 },
    { "translate: {translate: [7, 3], unit: pixels}", top, -3, 3, true, 1 },
    { "rotate: {degrees: 30}", angle, -30, 30, .drawn = 1 },
    { "rotate: {degrees: [10, 80]}", angle, 10, 80, .drawn = 1 },
    { "stretch: {x: [0.5, 2], y: [0.25, 1]}", log_x, -0.6931472, 0.6931472, .drawn = 1 },
    { "stretch: {x: [0.5, 2], y: [0.25, 1]}", log_y, -1.3862944, 0, .drawn = 1 },
    { "shear: {x: 20}", shear_x, -20, 20, .drawn = 1 },
    { "shear: {x: [0, 0], y: [5, 40]}", shear_y, 5, 40, .drawn = 1 },
    { "lens: {k1: [-0.2, 0.1]}", k1, -0.2, 0.1, .drawn = 1 },
    { "lens: {k1: [0, 0], k2: [-0.1, 0.3]}", k2, -0.1, 0.3, .drawn = 1 },
    { "lens: {p1: [-0.02, 0.05]}", p1, -0.02, 0.05, .drawn = 1 },
    { "lens: {p2: [0.01, 0.02]}", p2, 0.01, 0.02, .drawn = 1 },
    { "perspective: {distortion_scale: 0.4}", top_left_x, 0, 80, true, 0.5 },
    { "perspective: {distortion_scale: 0.4, p: 1}", bottom_right_y, 239, 299, true, 1 },
    { "random_affine: {degrees: 25}", clockwise, -25, 25, .drawn = 1 },
    { "random_affine: {degrees: 25, scale: [0.5, 1.5]}", scale, 0.5, 1.5, .drawn = 1 },
    { "random_affine: {degrees: 0, translate: [0.25, 0]}", left, -100, 100, .drawn = 1 },
    { "random_affine: {degrees: 0, shear: [-10, 30]}", shear_x, -10, 30, .drawn = 1 },
    { "random_affine: {degrees: 0, shear: [0, 0, -10, 30]}", shear_y, -10, 30, .drawn = 1 },
};

START_TEST(distributions)
{
    char text[200];
    int draws = test_scaled(100000), n = 0, lowest = 0, highest = 0;
    double low = cases[_i].low, high = cases[_i].high;
    double *drawn = malloc(sizeof(*drawn) * (size_t)draws);
    snprintf(text, sizeof(text), "augment: [{%s}]", cases[_i].line);
    struct recipe *recipe = must_open(text);
    for (int i = 0; i < draws; i++) {
        struct plan plan;
        struct error err = { 0 };
        ck_assert_msg(recipe_draw(recipe, (uint64_t)i, 0, 400, 300, &plan, &err) == 0, "%s",
                      err.message);
        double x = cases[_i].read(&plan);
        if (isnan(x))
            continue;
        ck_assert_msg(x >= low - 0.5000001 * cases[_i].whole - 1e-7 && x <= high + 1e-7, "%s: %g",
                      cases[_i].line, x);
        drawn[n++] = x;
    }
    /* What rounds to whole pixels spreads as if it did not, but for the whole numbers' ends. */
    double cells = high - low + 1, width = high - low;
    double sd = cases[_i].whole ? sqrt((cells * cells - 1) / 12) : width / sqrt(12);
    double tail = cases[_i].whole ? fmax(1, floor(cells / 20)) / cells : 0.05;
    double end = cases[_i].whole ? fmax(1, floor(cells / 20)) - 0.5 : width / 20;
    bool rounds = !cases[_i].whole && (cases[_i].read == left || cases[_i].read == top);
    for (int i = 0; i < n && !rounds; i++) {
        lowest += drawn[i] < low + end;
        highest += drawn[i] > high - end;
    }
    double limit = 6 * sqrt(tail * (1 - tail) * n);
    struct stat_summary s = stat_summarize(drawn, (size_t)n);
    ck_assert_double_eq_tol(n, draws * cases[_i].drawn,
                            cases[_i].drawn < 1 ? 6 * sqrt(draws) : 0.5);
    ck_assert_double_eq_tol(s.mean, (low + high) / 2, 6 * sd / sqrt(n));
    ck_assert_double_eq_tol(s.sd, sd, 0.03 * sd * sqrt(100000.0 / n) + 0.01 * rounds);
    ck_assert_msg(rounds || (fabs(lowest - tail * n) < limit && fabs(highest - tail * n) < limit),
                  "%s: %d and %d of %d in the tails of %g", cases[_i].line, lowest, highest, n,
                  tail);
    free(drawn);
    recipe_close(recipe);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *line, *says;
    } wrong[] = {
        { "rotate: {degrees: [40, 10]}", "the lowest comes first" },
        { "rotate: {degrees: -10}", "[-x, x]" },
        { "rotate: {degrees: [1, 2, 3]}", "must be one, or [lowest, highest]" },
        { "rotate: {degrees: 400}", "-360..360" },
        { "rotate: {degrees: .nan}", "degrees" },
        { "rotate: {degrees: [-.inf, 3]}", "degrees" },
        { "rotate: {p: 1.5}", "0..1" },
        { "rotate: {filter: cubic}", "bicubic" },
        { "rotate: {fill: [1, 2]}", "[red, green, blue]" },
        { "rotate: {fill: 256}", "0..255" },
        { "rotate: {fill_mode: wrap}", "reflect" },
        { "translate: {translate: 1.5}", "unit: pixels" },
        { "translate: {translate: [1.5, 2], unit: pixels}", "whole number" },
        { "translate: {translate: [0.1, 0.1, 0.1]}", "[x, y]" },
        { "stretch: {x: [2, 1]}", "x" },
        { "stretch: {x: 0}", "0.05" },
        { "shear: {x: 89}", "-80..80" },
        { "shear: {y: [9, 3]}", "the lowest comes first" },
        { "lens: {k1: [-0.5, 0]}", "folds the picture back" },
        { "lens: {k1: [-1, 0], k2: [0.44, 0.44]}", "folds" },
        { "lens: {k1: [0.2, -0.2]}", "k1" },
        { "perspective: {distortion_scale: 1.2}", "0..1" },
        { "perspective: {p: -0.1}", "0..1" },
        { "random_affine: {translate: 1.1}", "0..1" },
        { "random_affine: {scale: [0, 1]}", "0.05" },
        { "random_affine: {shear: [1, 2, 3]}", "1, 2 or 4" },
        { "random_affine: {shear: [0, 0, 5, 1]}", "the lowest comes first" },
        { "random_crop: {size: 9, padding_mode: mirror}", "reflect" },
        { "random_crop: {size: 9, fill: [1, 2, 3, 4]}", "fill" },
        { "lens\n  - lens", "second lens" },
        { "cutout\n  - rotate", "" },
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[200];
        struct recipe *recipe;
        struct error err = { 0 };
        snprintf(text, sizeof(text), "augment:\n  - %s\n", wrong[i].line);
        ck_assert_msg(try_open(&recipe, text, &err) == -1, "%s", wrong[i].line);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strncmp(err.place, "a.yaml:", 7) == 0, "%s: at %s", wrong[i].line, err.place);
        ck_assert_msg(strstr(err.message, wrong[i].says), "%s: %s", wrong[i].line, err.message);
    }
}
END_TEST

START_TEST(not_finite)
{
    static const double wrong[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3 * 9; i++) {
        struct plan plan;
        struct error err = { 0 };
        double map[9];
        plan_start(&plan, 30, 20);
        affine_identity(map);
        map[i % 9] = wrong[i / 9];
        ck_assert_int_eq(plan_map(&plan, map, 30, 20, false, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        double values[7] = { 0.1, 0, 0, 0, 15, 10, 18 };
        values[i % 7] = wrong[i / 9];
        struct plan_lens lens = { values[0], values[1], values[2], values[3],
                                  values[4], values[5], values[6] };
        ck_assert_int_eq(plan_look(&plan, &lens, false, &err), -1);
    }
    struct plan plan;
    struct error err = { 0 };
    double flat[9] = { 1, 1, 0, 1, 1, 0, 0, 0, 1 }, far[9] = { 1, 0, 2e9, 0, 1, 0, 0, 0, 1 };
    plan_start(&plan, 30, 20);
    ck_assert_int_eq(plan_map(&plan, flat, 30, 20, false, &err), -1);
    ck_assert_int_eq(plan_map(&plan, far, 30, 20, false, &err), -1);
    for (int i = 0; i <= PLAN_CLIPS; i++) { /* too many frames are refused and nothing else */
        affine_rotate(5, 15, 10, far);
        ck_assert_int_eq(plan_map(&plan, far, 30, 20, false, &err), i < PLAN_CLIPS ? 0 : -1);
    }
    ck_assert(strstr(err.message, "look beyond"));
}
END_TEST

/* Thin and tiny pictures, by every filter, fill and antialias. */
START_TEST(thin)
{
    static const int sizes[][2] = { { 1, 1 }, { 1, 10000 }, { 10000, 1 }, { 2, 3 }, { 3, 700 } };
    static const char *const lines[] = {
        "translate: {translate: 0.5",
        "rotate: {degrees: 180",
        "rotate: {degrees: 90, reveal: yes",
        "stretch: {x: [0.1, 10], y: [0.1, 10]",
        "shear: {x: 70, y: 10",
        "lens: {k1: [-0.2, 0.5]",
        "perspective: {distortion_scale: 1, p: 1",
        "random_affine: {degrees: 180, translate: 0.5, scale: [0.1, 4], shear: 40",
    };
    static const char *const filters[] = { "nearest", "bilinear", "bicubic" };
    static const char *const modes[] = { "constant", "edge", "reflect" };
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    const char *line = lines[_i % 8], *filter = filters[_i / 8 % 3], *mode = modes[_i / 24];
    char text[200];
    struct renderer *renderer;
    struct error err = { 0 };
    bool filtered = strncmp(line, "translate", 9) != 0;
    snprintf(text, sizeof(text), "augment: [{%s%s%s, fill_mode: %s, fill: 9}}]", line,
             filtered ? ", filter: " : "", filtered ? filter : "", mode);
    struct recipe *recipe = must_open(text);
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct image source = steps_noise(sizes[s][0], sizes[s][1]);
        for (uint64_t id = 0; id < 3; id++) {
            struct plan plan;
            ck_assert_msg(recipe_draw(recipe, id, 0, source.width, source.height, &plan, &err) == 0,
                          "%s: %s", text, err.message);
            ck_assert(plan.width == source.width && plan.height == source.height);
            uint8_t *out = malloc(output_bytes(&form, plan.width, plan.height));
            ck_assert_msg(
                render(renderer, &plan, RESAMPLER_EXACT, &source, 0, 0, &form, out, &err) == 0,
                "%s: %s", text, err.message);
            free(out);
        }
        free(source.pixels);
    }
    renderer_close(renderer);
    recipe_close(recipe);
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("geometry_draws");
    tcase_add_loop_test(tests, distributions, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tests, refused);
    tcase_add_test(tests, not_finite);
    tcase_add_loop_test(tests, thin, 0, 72);
    return suite_run();
}
