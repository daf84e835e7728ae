/*
 * Claim: every augmentation in the registry draws on 1x1, odd and large images and its plan renders
 * to what a plain computation in double gives, in every type and layout; and each draws from the
 * distribution that its source states.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "base/stat.h"
#include "tests/scale.h"
#include "tests/suite.h"

static struct recipe *open_recipe(const char *text)
{
    struct config *config;
    struct recipe *recipe;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(recipe_open(&recipe, node_get(config_root(config), "augment"), 11, &err) == 0,
                  "%s: %s", err.place, err.message);
    config_close(config);
    return recipe;
}

static struct plan draw(const struct recipe *recipe, uint64_t id, int width, int height)
{
    struct plan plan;
    struct error err = { 0 };
    ck_assert_msg(recipe_draw(recipe, id, 0, width, height, &plan, &err) == 0, "%s", err.message);
    return plan;
}

static struct image noise(int width, int height)
{
    struct image image = { malloc((size_t)width * (size_t)height * 3), width, height,
                           (size_t)width * 3 };
    for (size_t i = 0; i < (size_t)width * (size_t)height * 3; i++)
        image.pixels[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    return image;
}

static void *run(const struct plan *plan, const struct image *source, enum dtype dtype,
                 enum layout layout)
{
    struct output_form form = { dtype, layout };
    struct renderer *renderer;
    struct error err = { 0 };
    void *out = malloc(output_bytes(&form, plan->width, plan->height));
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_msg(render(renderer, plan, RESAMPLER_EXACT, source, 0, 0, &form, out, &err) == 0,
                  "%s", err.message);
    renderer_close(renderer);
    return out;
}

/* What the color part of `plan` makes of the geometry's bytes, in double, straight from plan.h. */
static void plain_color(const struct plan *plan, const uint8_t *bytes, double *out)
{
    size_t n = (size_t)plan->width * (size_t)plan->height;
    const struct rect *clip = &plan->axis.clip;
    double mean[3] = { 0 };
    for (int y = clip->y; y < clip->y + clip->height; y++)
        for (int x = clip->x; x < clip->x + clip->width; x++)
            for (int c = 0; c < 3; c++)
                mean[c] += bytes[3 * (y * plan->width + x) + c];
    for (int c = 0; c < 3; c++)
        mean[c] /= clip->width > 0 ? (double)clip->width * clip->height : 1;
    for (size_t i = 0; i < n; i++) {
        double v[3] = { bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2] };
        for (int e = 0; e < plan->colors_used; e++) {
            const struct plan_color *entry = &plan->colors[e];
            double to[3];
            for (int c = 0; c < 3; c++) {
                to[c] = entry->offset[c];
                for (int k = 0; k < 3; k++)
                    to[c] += entry->pixel[c][k] * v[k] + entry->mean[c][k] * mean[k];
            }
            memcpy(v, to, sizeof(v));
        }
        int x = (int)(i % (size_t)plan->width), y = (int)(i / (size_t)plan->width);
        for (int c = 0; c < 3; c++)
            v[c] = v[c] < 0 ? 0 : v[c] > 255 ? 255 : v[c];
        for (int k = 0; k < plan->erasures_used; k++) {
            const struct plan_erasure *e = &plan->erasures[k];
            if (x >= e->area.x && x < e->area.x + e->area.width && y >= e->area.y &&
                y < e->area.y + e->area.height)
                memcpy(v, e->level, sizeof(v));
        }
        for (int c = 0; c < 3; c++)
            out[3 * i + (size_t)c] = plan->output.normalize
                                         ? (v[c] / 255 - plan->output.mean[c]) / plan->output.std[c]
                                         : v[c];
    }
}

/* Steps have tests of their own (test_color.c): here they are what the float output says. */
static bool has_steps(const struct plan *plan)
{
    for (int e = 0; e < plan->colors_used; e++)
        if (plan->colors[e].kind != COLOR_MATRIX)
            return true;
    return false;
}

static void compare(const struct plan *plan, const struct image *source, const char *name)
{
    struct plan geometry = *plan;
    geometry.colors_used = geometry.erasures_used = 0;
    geometry.output.normalize = false;
    size_t n = (size_t)plan->width * (size_t)plan->height;
    uint8_t *bytes = run(&geometry, source, DTYPE_U8, LAYOUT_NHWC);
    double *expected = malloc(3 * n * sizeof(*expected));
    plain_color(plan, bytes, expected);
    float *nchw = run(plan, source, DTYPE_F32, LAYOUT_NCHW);
    float *nhwc = run(plan, source, DTYPE_F32, LAYOUT_NHWC);
    double scale = plan->output.normalize ? 1 : 1.0 / 255; /* floats are 0..1 unless normalized */
    for (size_t i = 0; i < 3 * n && has_steps(plan); i++)
        expected[i] = (double)nhwc[i] / scale;
    /* One assertion a picture: Check writes each of them down. */
    size_t bad = 3 * n;
    for (size_t i = 0; i < 3 * n; i++) {
        double e = expected[i] * scale;
        if (!(fabs((double)nhwc[i] - e) < 2e-5 * (1 + fabs(e))) ||
            nchw[i % 3 * n + i / 3] != nhwc[i])
            bad = i;
    }
    ck_assert_msg(bad == 3 * n, "%s: value %zu is %g or %g, not %g", name, bad, (double)nhwc[bad],
                  (double)nchw[bad % 3 * n + bad / 3], expected[bad] * scale);
    if (!plan->output.normalize) {
        uint8_t *u8 = run(plan, source, DTYPE_U8, LAYOUT_NCHW);
        uint8_t *rows = run(plan, source, DTYPE_U8, LAYOUT_NHWC);
        for (size_t i = 0; i < 3 * n; i++)
            if (fabs(rows[i] - expected[i]) > 0.5 + 1e-3 || u8[i % 3 * n + i / 3] != rows[i])
                bad = i;
        ck_assert_msg(bad == 3 * n, "%s: level %zu is %d or %d, not %g", name, bad, rows[bad],
                      u8[bad % 3 * n + bad / 3], expected[bad]);
        free(u8);
        free(rows);
    }
    free(bytes);
    free(expected);
    free(nchw);
    free(nhwc);
}

/* A line that suits any image, for ops whose defaults do not; NULL: the bare name. */
static const struct {
    const char *name, *line;
} lines[] = {
    { "random_crop", "{random_crop: {size: 9, padding: 8}}" },
    { "center_crop", "{center_crop: 9}" },
    { "random_resized_crop", "{random_resized_crop: 12}" },
    { "resize_short", "{resize_short: 7}" },
    { "scale_jitter", "{scale_jitter: {min: 5, max: 20}}" },
    { "color_jitter", "{color_jitter: {brightness: 1, contrast: 1, saturation: 1, hue: 0.5}}" },
    { "posterize", "{posterize: 3}" },
    { "solarize", "{solarize: 99}" },
    { "solarize_add", "{solarize_add: 60}" },
    { "sharpness", "{sharpness: 1.7}" },
    { "gaussian_blur", "{gaussian_blur: 7}" },
};

START_TEST(registry)
{
    static const int sizes[][2] = { { 1, 1 },     { 1, 9 },     { 7, 3 },    { 33, 21 },
                                    { 301, 211 }, { 1, 10000 }, { 10000, 1 } };
    struct recipe *short_one = open_recipe("augment: [{resize_short: 1}]");
    struct recipe *jitter_one = open_recipe("augment: [{scale_jitter: {min: 1, max: 1}}]");
    int seen = 0;
    for (size_t i = 0; augmentations[i]; i++, seen++) {
        const char *name = augmentations[i]->name, *line = name;
        char text[200];
        if (augmentations[i]->table != TABLE_NONE) /* test_output.c */
            continue;
        for (size_t j = 0; j < sizeof(lines) / sizeof(lines[0]); j++)
            if (strcmp(lines[j].name, name) == 0)
                line = lines[j].line;
        snprintf(text, sizeof(text), "augment: [%s]", line);
        struct recipe *recipe = open_recipe(text);
        ck_assert_ptr_eq(augmentation_find(name), augmentations[i]);
        ck_assert(augmentations[i]->summary[0] && augmentations[i]->source[0]);
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
            /* Of a side of 1, a resize to more makes the long one too long. */
            bool thin = sizes[s][0] * sizes[s][1] == 10000;
            struct recipe *used = thin && strcmp(name, "resize_short") == 0   ? short_one
                                  : thin && strcmp(name, "scale_jitter") == 0 ? jitter_one
                                                                              : recipe;
            struct image source = noise(sizes[s][0], sizes[s][1]);
            for (uint64_t id = 0; id < 4; id++) {
                struct plan plan = draw(used, id, sizes[s][0], sizes[s][1]);
                compare(&plan, &source, name);
            }
            free(source.pixels);
        }
        recipe_close(recipe);
    }
    recipe_close(jitter_one);
    recipe_close(short_one);
    ck_assert_int_ge(seen, 12);
}
END_TEST

START_TEST(all_together)
{
    struct recipe *recipe = open_recipe(
        "augment: [{scale_jitter: {min: 30, max: 60}}, {random_crop: {size: 28, padding: 4, fill: "
        "90}}, hflip, vflip, brightness, contrast, pca_color, {contrast: 0.9}, {cutout: 9}, "
        "normalize]");
    struct image source = noise(61, 47);
    for (uint64_t id = 0; id < 40; id++) {
        struct plan plan = draw(recipe, id, 61, 47);
        ck_assert_int_eq(plan.colors_used, 1); /* all fold */
        compare(&plan, &source, "all");
    }
    free(source.pixels);
    recipe_close(recipe);
}
END_TEST

/* Chi-square of `counts` against equal shares: within 6 standard deviations of its mean. */
static void check_uniform(const int *counts, int cells, int draws, const char *what)
{
    double expected = (double)draws / cells, chi = 0;
    for (int i = 0; i < cells; i++)
        chi += (counts[i] - expected) * (counts[i] - expected) / expected;
    ck_assert_msg(chi < cells - 1 + 6 * sqrt(2.0 * cells), "%s: chi-square %g over %d cells", what,
                  chi, cells);
}

START_TEST(distributions)
{
    enum { SCALES = 225, PLACES = 33 };
    int draws = test_scaled(100000), flips = 0, upside_down = 0;
    static int scales[SCALES], places[PLACES], rows[PLACES], cuts[PLACES], cut_rows[PLACES];
    struct recipe *recipe = open_recipe(
        "augment: [scale_jitter, {center_crop: 64}, {random_crop: 32}, hflip, vflip, {cutout: 1}]");
    struct recipe *brightness = open_recipe("augment: [{brightness: 0.4}]");
    struct recipe *contrast = open_recipe("augment: [{contrast: 0.3}]");
    struct recipe *pca = open_recipe("augment: [pca_color]");
    double *gain = malloc(sizeof(double) * (size_t)draws);
    double *shift = malloc(sizeof(double) * (size_t)draws);
    for (int i = 0; i < draws; i++) {
        struct plan plan = draw(recipe, (uint64_t)i, 1000, 1000);
        int scale = plan.axis.width;
        ck_assert(scale >= 256 && scale <= 480);
        scales[scale - 256]++;
        int left = plan.axis.left - (int)rint((scale - 64) / 2.0);
        int top = plan.axis.top - (int)rint((scale - 64) / 2.0);
        ck_assert(left >= 0 && left < PLACES && top >= 0 && top < PLACES);
        places[left]++;
        rows[top]++;
        flips += plan.axis.mirror_x;
        upside_down += plan.axis.mirror_y;
        ck_assert_int_eq(plan.erasures_used, 1);
        cuts[plan.erasures[0].area.x]++;
        cut_rows[plan.erasures[0].area.y]++;
        gain[i] = draw(brightness, (uint64_t)i, 8, 8).colors[0].pixel[0][0];
        ck_assert(gain[i] >= 0.6 && gain[i] < 1.4);
        struct plan c = draw(contrast, (uint64_t)i, 8, 8);
        double f = c.colors[0].pixel[1][1];
        ck_assert(f >= 0.7 && f < 1.3);
        ck_assert_double_eq_tol(c.colors[0].mean[2][1], 0.587 * (1 - f), 1e-12);
        shift[i] = draw(pca, (uint64_t)i, 8, 8).colors[0].offset[0];
    }
    check_uniform(scales, SCALES, draws, "scale_jitter");
    check_uniform(places, PLACES, draws, "random_crop");
    check_uniform(rows, PLACES, draws, "random_crop, rows");
    check_uniform(cuts, 32, draws, "cutout");
    check_uniform(cut_rows, 32, draws, "cutout, rows");
    ck_assert_double_lt(fabs(flips - draws / 2.0), 3 * sqrt(draws));
    ck_assert_double_lt(fabs(upside_down - draws / 2.0), 3 * sqrt(draws));
    struct stat_summary g = stat_summarize(gain, (size_t)draws);
    ck_assert_double_eq_tol(g.mean, 1, 5 * g.se);
    ck_assert_double_eq_tol(g.sd, 0.8 / sqrt(12), 0.02);
    /* Red: 255 * 0.1 * sqrt(sum over components of (eigenvector * eigenvalue)^2). */
    struct stat_summary s = stat_summarize(shift, (size_t)draws);
    double sd =
        25.5 * sqrt(pow(0.5675 * 0.2175, 2) + pow(0.7192 * 0.0188, 2) + pow(0.4009 * 0.0045, 2));
    ck_assert_double_eq_tol(s.mean, 0, 5 * s.se);
    ck_assert_double_eq_tol(s.sd, sd, 0.05 * sd);
    free(gain);
    free(shift);
    recipe_close(recipe);
    recipe_close(brightness);
    recipe_close(contrast);
    recipe_close(pca);
}
END_TEST

/* Area and aspect of the kept rectangle are torchvision's, but for the draws that did not fit. */
START_TEST(resized_crops)
{
    int draws = test_scaled(100000), small = 0, large = 0;
    struct recipe *recipe = open_recipe("augment: [{random_resized_crop: 64}]");
    double area = 0, log_aspect = 0;
    for (int i = 0; i < draws; i++) {
        struct plan plan = draw(recipe, (uint64_t)i, 400, 400);
        const struct rect *w = &plan.axis.window;
        double share = (double)w->width * w->height / 160000;
        double aspect = (double)w->width / w->height;
        ck_assert(w->x >= 0 && w->y >= 0 && w->x + w->width <= 400 && w->y + w->height <= 400);
        ck_assert(share > 0.079 && share <= 1);
        ck_assert(aspect > 0.74 && aspect < 1.35);
        small += share < 0.126;
        large += share > 0.908;
        area += share / draws;
        log_aspect += log(aspect) / draws;
    }
    ck_assert_double_eq_tol(log_aspect, 0, 0.01);
    /* torchvision 0.14's own mean over 200,000 draws on 400x400 is 0.4791. */
    ck_assert_double_eq_tol(area, 0.4791, 0.3 / sqrt(draws) * 5);
    /* And its shares in the lowest and highest twentieth of the areas, likewise. */
    ck_assert_double_eq_tol((double)small / draws, 0.0579, 0.25 / sqrt(draws) * 5);
    ck_assert_double_eq_tol((double)large / draws, 0.0206, 0.25 / sqrt(draws) * 5);
    recipe_close(recipe);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("augmentations");
    tcase_add_test(cases, registry);
    tcase_add_test(cases, all_together);
    tcase_add_test(cases, distributions);
    tcase_add_test(cases, resized_crops);
    return suite_run();
}
