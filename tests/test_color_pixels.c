/*
 * Claim: the pixels that colors give depend neither on the level of vector code nor on where the
 * picture lies; means and histograms are those of the pixels inside the clips; noise is normal; and
 * no parameter, however large, leads out of the levels.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/color.h"
#include "augment/normal_noise.h"
#include "base/simd.h"
#include "base/stat.h"
#include "tests/color_plan.h"
#include "tests/suite.h"

static const char *const every[] = {
    "{brightness: [1.7, 1.7]}",
    "{brightness: [100, 100]}",
    "{contrast: [1.6, 1.6]}",
    "{saturation: [2.5, 2.5]}",
    "{hue: [0.37, 0.37]}",
    "{color_jitter: {brightness: 1, contrast: 1, saturation: 1, hue: 0.5}}",
    "{pca_color: {std: 1}}",
    "{grayscale: 1}",
    "{gamma: 2.1}",
    "autocontrast",
    "equalize",
    "invert",
    "{posterize: 2}",
    "{solarize: 77}",
    "{solarize: 256}",
    "{solarize_add: -90}",
    "{sharpness: 2.3}",
    "{sharpness: 0.2}",
    "{gaussian_blur: {kernel_size: [3, 5], sigma: 0.9}}",
    "{gaussian_blur: {kernel_size: [41, 1], sigma: 30}}",
    "{gaussian_blur: {kernel_size: 127, sigma: 9}}",
    "{gaussian_noise: {mean: 0.1, sigma: 0.3}}",
    "{hue: [0.1, 0.1]}, {contrast: [1.4, 1.4]}, gaussian_noise, equalize, {sharpness: 2}",
};
enum { EVERY = sizeof(every) / sizeof(every[0]) };

static void check_same(const struct plan *plan, const struct image *source, const char *what)
{
    static const struct output_form forms[] = { { DTYPE_U8, LAYOUT_NHWC },
                                                { DTYPE_F32, LAYOUT_NCHW } };
    for (size_t f = 0; f < 2; f++) {
        simd_limit(SIMD_LEVEL_PLAIN);
        uint8_t *plain = color_plan_run(plan, source, forms[f].dtype, forms[f].layout);
        for (int l = SIMD_LEVEL_AVX2; l < SIMD_LEVELS; l++) {
            simd_limit((enum simd_level)l);
            uint8_t *fast = color_plan_run(plan, source, forms[f].dtype, forms[f].layout);
            ck_assert_msg(memcmp(plain, fast, output_bytes(&forms[f], plan->width, plan->height)) ==
                              0,
                          "%s on %dx%d, form %zu: other bits at %s", what, plan->width,
                          plan->height, f, simd_names[l]);
            free(fast);
        }
        free(plain);
    }
    simd_limit(SIMD_LEVELS);
}

START_TEST(same_bits_at_every_level)
{
    static const int sizes[][2] = { { 1, 1 },   { 2, 5 },   { 3, 3 },    { 7, 4 },
                                    { 8, 3 },   { 21, 1 },  { 22, 9 },   { 64, 5 },
                                    { 97, 61 }, { 1, 300 }, { 1037, 3 }, { 131, 130 } };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct image source = color_plan_picture(sizes[s][0], sizes[s][1], false);
        for (uint64_t id = 0; id < 2; id++) {
            struct plan plan = color_plan_draw(every[_i], id, sizes[s][0], sizes[s][1]);
            check_same(&plan, &source, every[_i]);
        }
        free(source.pixels);
    }
}
END_TEST

/* A crop out of a larger picture is read where it lies, a mirrored one is laid out first. */
START_TEST(same_bits_wherever_the_picture_lies)
{
    enum { W = 53, H = 31, X = 5, Y = 3 };
    struct image large = color_plan_picture(W + 17, H + 9, false), small = { NULL, W, H, 3 * W };
    struct plan plan = color_plan_draw(every[_i], 1, W, H), crop, mirrored;
    struct error err = { 0 };
    small.pixels = malloc(3 * W * H);
    for (int y = 0; y < H; y++)
        memcpy(small.pixels + 3 * W * y, large.pixels + (size_t)(y + Y) * large.stride + 3 * X,
               3 * W);
    plan_start(&crop, large.width, large.height);
    ck_assert_int_eq(plan_crop(&crop, X, Y, W, H, &err), 0);
    crop.colors_used = plan.colors_used;
    memcpy(crop.colors, plan.colors, sizeof(plan.colors));
    mirrored = plan;
    plan_mirror(&mirrored, true, false);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W / 2; x++)
            for (int c = 0; c < 3; c++) {
                uint8_t *a = small.pixels + 3 * (W * y + x) + c,
                        *b = small.pixels + 3 * (W * y + W - 1 - x) + c, kept = *a;
                *a = *b;
                *b = kept;
            }
    uint8_t *turned = color_plan_run(&mirrored, &small, DTYPE_U8, LAYOUT_NHWC);
    uint8_t *cut = color_plan_run(&crop, &large, DTYPE_U8, LAYOUT_NHWC);
    ck_assert_msg(memcmp(turned, cut, 3 * W * H) == 0, "%s", every[_i]);
    float *planes = color_plan_run(&crop, &large, DTYPE_F32, LAYOUT_NHWC);
    size_t bad = 3 * W * H;
    for (size_t i = 0; i < 3 * W * H; i++)
        if (fabs((double)planes[i] * 255 - cut[i]) > 0.5 + 1e-3)
            bad = i;
    ck_assert_msg(bad == 3 * W * H, "%s: %g and %d", every[_i], (double)planes[bad] * 255,
                  cut[bad]);
    free(planes);
    free(cut);
    free(turned);
    free(small.pixels);
    free(large.pixels);
}
END_TEST

/* Fill around a picture changes nothing inside. */
START_TEST(means_and_histograms_are_inside_the_clips)
{
    enum { W = 40, H = 30, EDGE = 6 };
    static const char *const lines[] = { "{contrast: [0.3, 0.3]}", "autocontrast", "equalize",
                                         "{hue: [0.2, 0.2]}, {contrast: [0.3, 0.3]}" };
    for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++)
        for (int dtype = 0; dtype < 2; dtype++) {
            struct image source = color_plan_picture(W, H, true);
            struct plan plan = color_plan_draw(lines[k], 0, W, H), padded = plan;
            struct error err = { 0 };
            enum dtype type = dtype ? DTYPE_F32 : DTYPE_U8;
            ck_assert_int_eq(plan_crop(&padded, -EDGE, -EDGE, W + 2 * EDGE, H + 2 * EDGE, &err), 0);
            uint8_t *bare = color_plan_run(&plan, &source, type, LAYOUT_NHWC);
            uint8_t *within = color_plan_run(&padded, &source, type, LAYOUT_NHWC);
            size_t pixel = 3 * dtype_size(type);
            for (size_t y = 0; y < H; y++)
                ck_assert_msg(memcmp(bare + pixel * W * y,
                                     within + pixel * ((W + 2 * EDGE) * (y + EDGE) + EDGE),
                                     pixel * W) == 0,
                              "%s, row %zu", lines[k], y);
            free(within);
            free(bare);
            free(source.pixels);
        }
}
END_TEST

START_TEST(noise_is_normal)
{
    enum { N = 30000 };
    float *v = calloc(3 * N, sizeof(*v));
    double *all = malloc(3 * N * sizeof(*all));
    struct rng_key key = { { 7, 9 } };
    double tails = 0, product = 0;
    for (uint32_t c = 0; c < 3; c++)
        noise_add(key, c, 0, N, 1, v + c * N);
    for (size_t i = 0; i < 3 * N; i++) {
        all[i] = (double)v[i];
        ck_assert(fabs(all[i]) < 5.8);
        tails += fabs(all[i]) > 1.959964;
        product += all[i] * (double)v[(i + N) % (3 * N)];
    }
    struct stat_summary s = stat_summarize(all, 3 * N);
    ck_assert_double_eq_tol(s.mean, 0, 5 * s.se);
    ck_assert_double_eq_tol(s.sd, 1, 5 / sqrt(2.0 * 3 * N));
    ck_assert_double_eq_tol(tails / (3 * N), 0.05, 5 * sqrt(0.05 * 0.95 / (3 * N)));
    ck_assert_double_eq_tol(product / (3 * N), 0, 5 / sqrt(3.0 * N)); /* channels apart */
    free(all);
    free(v);
}
END_TEST

/* From blocks of Philox by libm. */
START_TEST(noise_by_its_definition)
{
    enum { FIRST = 3 * NOISE_GROUP, N = 2 * NOISE_GROUP + 5 };
    struct rng_key key = { { 0x12345678, 0x9abcdef0 } };
    float v[N] = { 0 };
    noise_add(key, 2, FIRST, N, 2, v);
    for (size_t i = 0; i < N; i++) {
        size_t group = FIRST / NOISE_GROUP + i / NOISE_GROUP, at = i % NOISE_GROUP;
        uint32_t counter[4] = { (uint32_t)(8 * group + at % 8), 0, 2, 0 }, word[4];
        philox4x32(counter, key.word, word);
        uint32_t radius = word[at < 16 ? 0 : 2], angle = word[at < 16 ? 1 : 3];
        double r = sqrt(-2 * log(((radius >> 9) + 0.5) * 0x1p-23));
        double turn = (((angle & 0x3fffffff) >> 7) + 0.5) * 0x1p-23 * acos(0);
        bool second = at / 8 % 2 == 1;
        double expected = 2 * r * (second ? sin(turn) : cos(turn));
        if (angle & (second ? 0x40000000u : 0x80000000u))
            expected = -expected;
        ck_assert_double_eq_tol((double)v[i], expected, 1e-5);
    }
}
END_TEST

START_TEST(not_finite_is_refused)
{
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (size_t i = 0; i < 3; i++) {
        struct plan plan;
        const double offset[3] = { 0, bad[i], 0 };
        struct plan_color entries[] = { color_brightness(bad[i]), color_hue(bad[i]),
                                        color_offset(offset), color_gamma(1, bad[i]),
                                        color_gaussian_blur(3, 3, 1, bad[i]) };
        plan_start(&plan, 10, 10);
        for (size_t k = 0; k < sizeof(entries) / sizeof(entries[0]); k++) {
            struct error err = { 0 };
            ck_assert_int_eq(plan_color(&plan, &entries[k], &err), -1);
            ck_assert_int_eq(err.kind, ERROR_USAGE);
        }
        ck_assert_int_eq(plan.colors_used, 0);
    }
}
END_TEST

/* Factors far beyond any float still give levels. */
START_TEST(huge_factors_stay_levels)
{
    struct image source = color_plan_picture(9, 7, false);
    struct plan plan;
    struct error err = { 0 };
    plan_start(&plan, 9, 7);
    for (int i = 0; i < 64; i++) {
        struct plan_color entry = color_brightness(100);
        ck_assert_int_eq(plan_color(&plan, &entry, &err), 0);
    }
    check_same(&plan, &source, "100^64");
    uint8_t *made = color_plan_run(&plan, &source, DTYPE_U8, LAYOUT_NHWC);
    for (size_t i = 0; i < 3 * 9 * 7; i++)
        ck_assert_int_eq(made[i], source.pixels[i] ? 255 : 0);
    free(made);
    free(source.pixels);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("color_pixels");
    tcase_add_loop_test(cases, same_bits_at_every_level, 0, EVERY);
    tcase_add_loop_test(cases, same_bits_wherever_the_picture_lies, 0, EVERY);
    tcase_add_test(cases, means_and_histograms_are_inside_the_clips);
    tcase_add_test(cases, noise_is_normal);
    tcase_add_test(cases, noise_by_its_definition);
    tcase_add_test(cases, not_finite_is_refused);
    tcase_add_test(cases, huge_factors_stay_levels);
    return suite_run();
}
