/*
 * Claim: erasures are drawn from the distributions of their papers, written as their kind says in
 * every type and layout, and refused where what comes behind them would move them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "base/stat.h"
#include "tests/scale.h"
#include "tests/suite.h"

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

static void check_mean(const double *x, size_t n, double mean, double sd, const char *what)
{
    struct stat_summary s = stat_summarize(x, n);
    ck_assert_msg(fabs(s.mean - mean) < 5 * s.se, "%s: mean %g, not %g", what, s.mean, mean);
    ck_assert_msg(fabs(s.sd - sd) < 0.03 * sd, "%s: deviation %g, not %g", what, s.sd, sd);
}

/* Means and deviations are those of 60,000 draws of torchvision 0.14's RandomErasing.get_params on
 * 60 x 80 with these limits, which found a rectangle every time. */
START_TEST(rectangles)
{
    struct recipe *recipe =
        must_open("augment: [{random_erasing: {p: 1, scale: [0.02, 0.5], ratio: [0.2, 4]}}]");
    size_t n = (size_t)test_scaled(100000);
    double *area = malloc(n * sizeof(double)), *aspect = malloc(n * sizeof(double));
    double *top = malloc(n * sizeof(double)), *left = malloc(n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        struct plan plan = draw(recipe, i, 80, 60);
        ck_assert_int_eq(plan.erasures_used, 1);
        struct rect r = plan.erasures[0].area;
        ck_assert(r.x >= 0 && r.y >= 0 && r.x + r.width <= 80 && r.y + r.height <= 60);
        ck_assert(r.width < 80 && r.height < 60);
        area[i] = r.width * r.height / 4800.0;
        ck_assert(area[i] > 0.015 && area[i] < 0.51);
        aspect[i] = log((double)r.height / r.width);
        top[i] = (double)r.y / (60 - r.height);
        left[i] = (double)r.x / (80 - r.width);
    }
    check_mean(area, n, 0.22912, 0.13126, "area");
    check_mean(aspect, n, -0.20004, 0.7608, "log aspect");
    check_mean(top, n, 0.5, 0.305, "top");
    check_mean(left, n, 0.5, 0.301, "left");
    free(area);
    free(aspect);
    free(top);
    free(left);
    recipe_close(recipe);
}
END_TEST

/* Half of the images; `count` rectangles share the area; colors are uniform levels or normal. */
START_TEST(values)
{
    struct recipe *half = must_open("augment: [{random_erasing: {}}]");
    struct recipe *rand = must_open("augment: [{random_erasing: {p: 1, mode: rand, count: 2}}]");
    struct recipe *normal =
        must_open("augment: [{random_erasing: {p: 1, mode: rand, units: normal}}]");
    size_t n = (size_t)test_scaled(100000), erased = 0;
    double *level = malloc(n * sizeof(double)), *unit = malloc(n * sizeof(double));
    double *share = malloc(n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        erased += (size_t)draw(half, i, 64, 64).erasures_used;
        struct plan plan = draw(rand, i, 64, 64);
        ck_assert_int_eq(plan.erasures_used, 2);
        ck_assert_int_eq(plan.erasures[1].kind, ERASE_LEVEL);
        level[i] = plan.erasures[1].level[i % 3];
        share[i] = plan.erasures[1].area.width * plan.erasures[1].area.height / 4096.0;
        ck_assert(level[i] >= 0 && level[i] <= 255 && level[i] == floor(level[i]));
        plan = draw(normal, i, 64, 64);
        ck_assert(plan.output.in_units);
        ck_assert_int_eq(plan.erasures[0].kind, ERASE_NORMAL_LEVEL);
        unit[i] = plan.erasures[0].level[i % 3];
    }
    ck_assert_double_lt(fabs((double)erased - (double)n / 2), 3 * sqrt((double)n));
    check_mean(level, n, 127.5, sqrt((256.0 * 256 - 1) / 12), "level");
    check_mean(unit, n, 0, 1, "normal value");
    check_mean(share, n, (0.02 + 0.33) / 4, 0.31 / 2 / sqrt(12), "half of the area");
    free(level);
    free(unit);
    free(share);
    recipe_close(half);
    recipe_close(rand);
    recipe_close(normal);
}
END_TEST

START_TEST(squares)
{
    struct recipe *recipe = must_open("augment: [{cutout: {size: 5, count: 3, fill: [5, 6, 7]}}]");
    int cut = 0;
    for (uint64_t id = 0; id < 200; id++) {
        struct plan plan = draw(recipe, id, 12, 9);
        ck_assert_int_eq(plan.erasures_used, 3);
        for (int i = 0; i < 3; i++) {
            struct rect r = plan.erasures[i].area;
            ck_assert(r.width >= 3 && r.width <= 5 && r.height >= 3 && r.height <= 5);
            for (int c = 0; c < 3; c++)
                ck_assert_double_eq(plan.erasures[i].level[c], 5 + c);
            cut += r.width < 5 || r.height < 5;
        }
        ck_assert(!rect_same(plan.erasures[0].area, plan.erasures[1].area) ||
                  !rect_same(plan.erasures[1].area, plan.erasures[2].area));
    }
    ck_assert_int_gt(cut, 100); /* some stick out over the border */
    recipe_close(recipe);
}
END_TEST

enum { WIDTH = 61, HEIGHT = 47, VALUES = 3 * WIDTH * HEIGHT };

static void run(const struct plan *plan, enum dtype dtype, enum layout layout, void *out)
{
    uint8_t pixels[VALUES];
    struct image source = { pixels, WIDTH, HEIGHT, 3 * WIDTH };
    struct output_form form = { dtype, layout };
    struct renderer *renderer;
    struct error err = { 0 };
    memset(pixels, 200, sizeof(pixels));
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_int_eq(render(renderer, plan, RESAMPLER_EXACT, &source, 0, 0, &form, out, &err), 0);
    renderer_close(renderer);
}

/* Inside the rectangle what the kind says, outside the picture. */
START_TEST(written)
{
    static const char *const units[] = { "level", "normal" };
    for (int u = 0; u < 2; u++) {
        char text[200];
        snprintf(text, sizeof(text),
                 "augment: [{random_erasing: {p: 1, scale: 0.3, mode: pixel, units: %s}}, "
                 "{normalize: {mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4]}}]",
                 units[u]);
        struct recipe *recipe = must_open(text);
        struct plan plan = draw(recipe, 3, WIDTH, HEIGHT), seen;
        struct rect r = plan.erasures[0].area;
        static float nchw[VALUES], nhwc[VALUES];
        static double inside[VALUES];
        static uint8_t levels[VALUES];
        run(&plan, DTYPE_F32, LAYOUT_NCHW, nchw);
        run(&plan, DTYPE_F32, LAYOUT_NHWC, nhwc);
        seen = plan;
        seen.output.normalize = false; /* as on a contact sheet */
        run(&seen, DTYPE_U8, LAYOUT_NHWC, levels);
        size_t n = 0;
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++)
                for (int c = 0; c < 3; c++) {
                    double mean = 0.4 + 0.1 * c, std = 0.2 + 0.1 * c;
                    float v = nhwc[3 * (y * WIDTH + x) + c];
                    ck_assert_float_eq(nchw[(c * HEIGHT + y) * WIDTH + x], v);
                    double level = 255 * (mean + std * (double)v);
                    double shown = level < 0 ? 0 : level > 255 ? 255 : level;
                    ck_assert_double_eq_tol(levels[3 * (y * WIDTH + x) + c], shown, 0.5001);
                    if (x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height)
                        inside[n++] = u ? (double)v : level;
                    else
                        ck_assert_double_eq_tol(level, 200, 1e-3);
                }
        ck_assert_int_eq(n, 3 * (size_t)r.width * (size_t)r.height);
        struct stat_summary s = stat_summarize(inside, n);
        ck_assert_double_eq_tol(s.mean, u ? 0 : 127.5, 5 * s.se);
        ck_assert_double_eq_tol(s.sd, u ? 1 : 73.9, u ? 0.1 : 5);
        for (size_t i = 0; i < n && !u; i++)
            ck_assert_double_eq_tol(inside[i], rint(inside[i]), 1e-3);
        recipe_close(recipe);
    }
}
END_TEST

static const struct {
    const char *text, *place, *message;
} refusals[] = {
    { "augment:\n  - cutout: 9\n  - hflip\n", "a.yaml:3", "hflip stands behind cutout (a.yaml:2)" },
    { "augment:\n  - random_erasing\n  - normalize\n  - random_crop: 8\n", "a.yaml:4",
      "move it before that" },
    { "augment:\n  - random_erasing: {scale: [0.5, 0.2]}\n", "a.yaml:2", "scale" },
    { "augment:\n  - random_erasing: {p: 1.5}\n", "a.yaml:2", "p is 1.5" },
    { "augment:\n  - random_erasing: {value: [1, 2]}\n", "a.yaml:2", "one, or three" },
    { "augment:\n  - random_erasing: {value: -3}\n", "a.yaml:2", "0..255" },
    { "augment:\n  - random_erasing: {value: 130, units: normal}\n", "a.yaml:2", "-100..100" },
    { "augment:\n  - random_erasing: {mode: noise}\n", "a.yaml:2", "pixel" },
    { "augment:\n  - cutout: {fill: [1, 2]}\n", "a.yaml:2", "one, or three" },
    { "augment:\n  - cutout: {count: 9}\n", "a.yaml:2", "1..8" },
    { "augment:\n  - cutout: {count: 5}\n  - cutout: {count: 5}\n", "a.yaml:3", "more than 8" },
};

START_TEST(refused)
{
    struct recipe *recipe;
    struct error err = { 0 };
    ck_assert_int_eq(try_open(&recipe, refusals[_i].text, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.place, refusals[_i].place), "%s", err.place);
    ck_assert_msg(strstr(err.message, refusals[_i].message), "%s", err.message);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("erasing");
    tcase_add_test(cases, rectangles);
    tcase_add_test(cases, values);
    tcase_add_test(cases, squares);
    tcase_add_test(cases, written);
    tcase_add_loop_test(cases, refused, 0, sizeof(refusals) / sizeof(refusals[0]));
    return suite_run();
}
