/*
 * Claim: every color augmentation draws from the distribution that its source states (range, mean,
 * deviation and tails over 100,000 draws; the order of color_jitter), and what cannot be is refused
 * when the recipe is read, with file, line and what to do.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/color.h"
#include "augment/recipe.h"
#include "base/stat.h"
#include "tests/scale.h"
#include "tests/suite.h"

static int try_open(struct recipe **recipe, const char *text, struct error *err)
{
    struct config *config;
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "a.yaml", err), 0);
    int rc = recipe_open(recipe, node_get(config_root(config), "augment"), 3, err);
    config_close(config);
    return rc;
}

static struct recipe *must_open(const char *line)
{
    char text[300];
    struct recipe *recipe;
    struct error err = { 0 };
    snprintf(text, sizeof(text), "augment: [%s]", line);
    ck_assert_msg(try_open(&recipe, text, &err) == 0, "%s: %s", err.place, err.message);
    return recipe;
}

static void draw(const struct recipe *recipe, int id, struct plan *plan)
{
    struct error err = { 0 };
    if (recipe_draw(recipe, (uint64_t)id, 0, 8, 8, plan, &err) < 0)
        ck_abort_msg("%s", err.message);
}

static double factor(const struct plan_color *c)
{
    return c->pixel[0][0];
}

/* f + (1 - f) 0.299 */
static double saturation(const struct plan_color *c)
{
    return (c->pixel[0][0] - 0.299) / (1 - 0.299);
}

static double first_value(const struct plan_color *c)
{
    return c->value[0];
}

static double second_value(const struct plan_color *c)
{
    return c->value[1];
}

static double sigma_x(const struct plan_color *c)
{
    return c->value[2];
}

static double noise_sigma(const struct plan_color *c)
{
    return c->value[0] / 255;
}

static const struct {
    const char *line;
    double (*strength)(const struct plan_color *c);
    double low, high;
} uniform[] = {
    { "brightness", factor, 0.6, 1.4 },
    { "{brightness: 1.5}", factor, 0, 2.5 },
    { "{brightness: [0.5, 0.9]}", factor, 0.5, 0.9 },
    { "{brightness: {amount: [2, 3]}}", factor, 2, 3 },
    { "contrast", factor, 0.6, 1.4 },
    { "{contrast: [0, 5]}", factor, 0, 5 },
    { "saturation", saturation, 0.6, 1.4 },
    { "{saturation: [1, 2]}", saturation, 1, 2 },
    { "hue", first_value, -0.1, 0.1 },
    { "{hue: 0.5}", first_value, -0.5, 0.5 },
    { "{hue: [-0.2, 0.3]}", first_value, -0.2, 0.3 },
    { "{color_jitter: {brightness: 0.3}}", factor, 0.7, 1.3 },
    { "{color_jitter: {contrast: [0.2, 0.4]}}", factor, 0.2, 0.4 },
    { "{color_jitter: {saturation: 2}}", saturation, 0, 3 },
    { "{color_jitter: {hue: [0.1, 0.5]}}", first_value, 0.1, 0.5 },
    { "gamma", first_value, 0.8, 1.2 },
    { "{gaussian_blur: 5}", sigma_x, 0.1, 2 },
    { "{gaussian_blur: {kernel_size: [3, 7], sigma: [1, 4]}}", sigma_x, 1, 4 },
    { "{gaussian_noise: {sigma: [0.05, 0.2]}}", noise_sigma, 0.05, 0.2 },
};

/* Uniform: within the range, mean and deviation within five standard errors, a tenth of the draws
 * in each tenth at the ends. */
START_TEST(strengths_are_uniform)
{
    int draws = test_scaled(100000), low_tail = 0, high_tail = 0;
    double low = uniform[_i].low, high = uniform[_i].high, width = high - low;
    double *x = malloc(sizeof(*x) * (size_t)draws);
    struct recipe *recipe = must_open(uniform[_i].line);
    struct plan plan;
    bool within = true;
    for (int i = 0; i < draws; i++) {
        draw(recipe, i, &plan);
        x[i] = uniform[_i].strength(&plan.colors[0]);
        within = within && plan.colors_used == 1 && x[i] > low - 1e-12 && x[i] < high + 1e-12;
        low_tail += x[i] < low + width / 10;
        high_tail += x[i] > high - width / 10;
    }
    ck_assert_msg(within, "%s: outside of %g..%g", uniform[_i].line, low, high);
    struct stat_summary s = stat_summarize(x, (size_t)draws);
    double tail_error = 5 * sqrt(0.09 * draws);
    ck_assert_double_eq_tol(s.mean, (low + high) / 2, 5 * s.se);
    ck_assert_double_eq_tol(s.sd, width / sqrt(12), 5 * width / sqrt(draws));
    ck_assert_double_eq_tol(low_tail, draws / 10.0, tail_error);
    ck_assert_double_eq_tol(high_tail, draws / 10.0, tail_error);
    free(x);
    recipe_close(recipe);
}
END_TEST

/* The kernel's sides stay, both sigmas are one; noise has a key of its own for each draw. */
START_TEST(the_rest_of_a_step)
{
    struct plan plan, other;
    struct recipe *recipe = must_open("{gaussian_blur: {kernel_size: [3, 7]}}");
    draw(recipe, 0, &plan);
    ck_assert_double_eq(first_value(&plan.colors[0]), 3);
    ck_assert_double_eq(second_value(&plan.colors[0]), 7);
    ck_assert_double_eq(plan.colors[0].value[3], plan.colors[0].value[2]);
    recipe_close(recipe);
    recipe = must_open("{gaussian_noise: {mean: 0.2}}");
    draw(recipe, 0, &plan);
    draw(recipe, 1, &other);
    ck_assert_int_eq(plan.colors_used, 2);
    ck_assert_double_eq_tol(plan.colors[0].offset[1], 51, 1e-12);
    ck_assert_double_eq_tol(plan.colors[1].value[0], 25.5, 1e-12);
    ck_assert_uint_ne(plan.colors[1].seed, other.colors[1].seed);
    recipe_close(recipe);
}
END_TEST

/* `p` as RandomGrayscale has it, and the one that every line may have. */
START_TEST(probabilities)
{
    static const struct {
        const char *line;
        double p;
    } cases[] = { { "grayscale", 0.1 },
                  { "{grayscale: 0.7}", 0.7 },
                  { "{equalize: {p: 0.5}}", 0.5 },
                  { "{posterize: {bits: 4, p: 0.25}}", 0.25 },
                  { "{sharpness: {sharpness_factor: 2, p: 0}}", 0 },
                  { "invert", 1 } };
    int draws = test_scaled(100000);
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        struct recipe *recipe = must_open(cases[k].line);
        int applied = 0;
        for (int i = 0; i < draws; i++) {
            struct plan plan;
            draw(recipe, i, &plan);
            applied += plan.colors_used;
        }
        double p = cases[k].p;
        ck_assert_msg(fabs(applied - p * draws) <= 5 * sqrt(p * (1 - p) * draws), "%s: %d of %d",
                      cases[k].line, applied, draws);
        recipe_close(recipe);
    }
}
END_TEST

/* Which of brightness, contrast and saturation went into a matrix, by what they do: brightness
 * scales a gray picture, contrast takes from the mean, saturation mixes channels. */
static int members(const struct plan_color *m)
{
    double own = m->pixel[0][0] + m->pixel[0][1] + m->pixel[0][2];
    double mean = m->mean[0][0] + m->mean[0][1] + m->mean[0][2];
    return (fabs(own + mean - 1) > 1e-9) + 2 * (fabs(mean) > 1e-9) +
           4 * (fabs(m->pixel[0][1]) > 1e-9);
}

/* The three matrices fold, and in real numbers they commute: of the 24 orders a plan shows which of
 * the three come before the hue. Each place of the hue is as likely as the others, and each choice
 * of those before it. */
START_TEST(orders_of_color_jitter)
{
    int draws = test_scaled(100000), seen[8] = { 0 };
    struct recipe *recipe = must_open("{color_jitter: {brightness: [2, 2], contrast: [0.5, 0.5], "
                                      "saturation: [3, 3], hue: [0.25, 0.25]}}");
    for (int i = 0; i < draws; i++) {
        struct plan plan;
        draw(recipe, i, &plan);
        int before = plan.colors[0].kind == COLOR_MATRIX ? members(&plan.colors[0]) : 0;
        const struct plan_color *last = &plan.colors[plan.colors_used - 1];
        int after = last->kind == COLOR_MATRIX ? members(last) : 0;
        if (before + after != 7 || plan.colors_used != 1 + (before > 0) + (after > 0))
            ck_abort_msg("%d before and %d after the hue", before, after);
        seen[before]++;
    }
    for (int set = 0; set < 8; set++) {
        double p = set == 0 || set == 7 ? 1.0 / 4 : 1.0 / 12;
        ck_assert_double_eq_tol(seen[set], p * draws, 5 * sqrt(p * (1 - p) * draws));
    }
    recipe_close(recipe);
}
END_TEST

START_TEST(color_jitter_leaves_out_what_is_nothing)
{
    struct plan plan;
    struct recipe *none = must_open("color_jitter"), *one = must_open("{color_jitter: {hue: 0.2}}");
    draw(none, 0, &plan);
    ck_assert_int_eq(plan.colors_used, 0);
    draw(one, 0, &plan);
    ck_assert_int_eq(plan.colors_used, 1);
    ck_assert_int_eq(plan.colors[0].kind, COLOR_STEP);
    recipe_close(none);
    recipe_close(one);
}
END_TEST

/* Eigenvectors are columns: the first component of ImageNet is nearly gray. On the 0..1 scale: red
 * alone moves by 255 * 0.1 * 0.5675 * 0.2175 a deviation. */
START_TEST(pca_components)
{
    enum { CHANNELS = 3 };
    static const char *const values[] = { "[1, 0, 0]", "[0, 1, 0]", "[0, 0, 1]" };
    static const double columns[3][CHANNELS] = { { -0.5675, -0.5808, -0.5836 },
                                                 { 0.7192, -0.0045, -0.6948 },
                                                 { 0.4009, -0.8140, 0.4203 } };
    for (size_t k = 0; k < 3; k++) {
        char line[100];
        snprintf(line, sizeof(line), "{pca_color: {eigval: %s}}", values[k]);
        struct recipe *recipe = must_open(line);
        for (int id = 0; id < 20; id++) {
            struct plan plan;
            draw(recipe, id, &plan);
            const double *offset = plan.colors[0].offset;
            for (int c = 0; c < CHANNELS; c++)
                ck_assert_double_eq_tol(offset[c] * columns[k][0], offset[0] * columns[k][c], 1e-9);
        }
        recipe_close(recipe);
    }
    int draws = test_scaled(100000);
    double *red = malloc(sizeof(*red) * (size_t)draws);
    struct recipe *recipe = must_open("{pca_color: {eigval: [0.2175, 0, 0]}}");
    for (int i = 0; i < draws; i++) {
        struct plan plan;
        draw(recipe, i, &plan);
        red[i] = plan.colors[0].offset[0] / (25.5 * 0.5675 * 0.2175);
    }
    struct stat_summary s = stat_summarize(red, (size_t)draws);
    ck_assert_double_eq_tol(s.mean, 0, 5 * s.se);
    ck_assert_double_eq_tol(s.sd, 1, 5 / sqrt(2.0 * draws));
    free(red);
    recipe_close(recipe);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *line, *says;
    } cases[] = {
        { "brightness: [1.5, 0.5]", "min must be at most max" },
        { "contrast: -0.3", "0..100" },
        { "contrast: [-0.1, 0.5]", "0..100" },
        { "saturation: [1, 2, 3]", "[min, max]" },
        { "saturation: .nan", "must be" },
        { "hue: 0.6", "-0.5..0.5" },
        { "hue: -0.2", "0 or more" },
        { "hue: [-0.7, 0.2]", "-0.5..0.5" },
        { "hue: [0.2, 0.6]", "-0.5..0.5" },
        { "hue: {amount: inf}", "must be" },
        { "color_jitter: {hue: [0.3, 0.1]}", "hue is [0.3, 0.1]; min must be at most max" },
        { "color_jitter: {brigtness: 0.3}", "brightness" },
        { "grayscale: 1.5", "0..1" },
        { "equalize: {p: 1.01}", "0..1" },
        { "gamma: [2, 1]", "out of order" },
        { "gamma: -1", "0..100" },
        { "posterize: 9", "0..8" },
        { "posterize: 2.5", "integer" },
        { "posterize", "'bits' is missing" },
        { "solarize: 300", "0..256" },
        { "solarize_add: 256", "-255..255" },
        { "sharpness: -1", "0..100" },
        { "gaussian_blur: 4", "odd" },
        { "gaussian_blur: [3, 6]", "odd" },
        { "gaussian_blur: 3.5", "odd" },
        { "gaussian_blur: [3, 3, 3]", "[x, y]" },
        { "gaussian_blur: 129", "1..127" },
        { "gaussian_blur: {kernel_size: 3, sigma: 0}", "0.001" },
        { "gaussian_blur: {kernel_size: 3, sigma: [2, 1]}", "out of order" },
        { "gaussian_noise: {sigma: -0.1}", "0..10" },
        { "gaussian_noise: {mean: 2}", "-1..1" },
        { "pca_color: {eigval: [1, 2]}", "3 and 9" },
        { "pca_color: {eigval: [1e308, 1e308, 1e308], std: 100}", "finite" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        struct recipe *recipe;
        struct error err = { 0 };
        snprintf(text, sizeof(text), "augment:\n  - hflip\n  - %s\n", cases[i].line);
        ck_assert_msg(try_open(&recipe, text, &err) == -1, "%s", cases[i].line);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strcmp(err.place, "a.yaml:3") == 0, "%s: at %s", cases[i].line, err.place);
        ck_assert_msg(strstr(err.message, cases[i].says) != NULL, "%s: %s", cases[i].line,
                      err.message);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("color_draws");
    tcase_add_loop_test(cases, strengths_are_uniform, 0, sizeof(uniform) / sizeof(uniform[0]));
    tcase_add_test(cases, the_rest_of_a_step);
    tcase_add_test(cases, probabilities);
    tcase_add_test(cases, orders_of_color_jitter);
    tcase_add_test(cases, color_jitter_leaves_out_what_is_nothing);
    tcase_add_test(cases, pca_components);
    tcase_add_test(cases, refused);
    return suite_run();
}
