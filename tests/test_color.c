/*
 * Claim: every color augmentation does what Pillow and torchvision do (color.json, by
 * make_color.py), exactly or within one level; a chain of them in a recipe stays within one level
 * of the same chain in double precision; means and histograms are those of the pixels inside the
 * clips; and the bits do not depend on the level of vector code or on where the picture lies.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/color.h"
#include "augment/normal_noise.h"
#include "augment/recipe.h"
#include "augment/render.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/simd.h"
#include "base/stat.h"
#include "tests/scale.h"
#include "tests/suite.h"

static struct plan draw(const char *line, uint64_t id, int width, int height)
{
    char text[600];
    struct config *config;
    struct recipe *recipe;
    struct plan plan;
    struct error err = { 0 };
    snprintf(text, sizeof(text), "augment: [%s]", line);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(recipe_open(&recipe, node_get(config_root(config), "augment"), 5, &err) == 0,
                  "%s: %s", err.place, err.message);
    ck_assert_msg(recipe_draw(recipe, id, 0, width, height, &plan, &err) == 0, "%s", err.message);
    recipe_close(recipe);
    config_close(config);
    return plan;
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

/* As in make_color.py. */
static uint8_t level(int64_t x, int64_t y, int64_t c)
{
    if ((x / 16 + y / 16) % 2)
        return (uint8_t)((x * 3 + y * 2 + c * 40) % 256);
    return (uint8_t)((x * 7919 + y * 104729 + c * 1299709 + x * y * 31) % 256);
}

static struct image picture(int width, int height, bool dull)
{
    static const int divisor[3] = { 3, 5, 9 }, base[3] = { 50, 90, 120 };
    struct image image = { NULL, width, height, (size_t)width * 3 };
    image.pixels = malloc((size_t)height * image.stride);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                int v = level(x, y, c);
                image.pixels[(size_t)y * image.stride + (size_t)(3 * x + c)] =
                    (uint8_t)(dull ? v / divisor[c] + base[c] : v);
            }
    return image;
}

static int hex_value(const char *hex, size_t i)
{
    char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };
    return (int)strtol(two, NULL, 16);
}

/* The first byte that is more than a level off, or `bytes`. */
static size_t far_byte(const uint8_t *made, const char *hex, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (abs(made[i] - hex_value(hex, i)) > 1)
            return i;
    return bytes;
}

static size_t far_value(const float *made, const json_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)made[i] - json_number_value(json_array_get(values, i))) < 5e-4))
            return i;
    return count;
}

static void check_golden(const json_t *row)
{
    const char *line = json_string_value(json_object_get(row, "line"));
    const char *kind = json_string_value(json_object_get(row, "kind"));
    const char *hash = json_string_value(json_object_get(row, "sha256"));
    const char *hex = json_string_value(json_object_get(row, "bytes"));
    const json_t *values = json_object_get(row, "values"), *size = json_object_get(row, "size");
    int width = (int)json_integer_value(json_array_get(size, 0)),
        height = (int)json_integer_value(json_array_get(size, 1));
    size_t count = 3 * (size_t)width * (size_t)height, far;
    struct error err = { 0 };
    struct image source = picture(width, height, strcmp(kind, "dull") == 0);
    struct plan plan = draw(line, 0, width, height);
    if (values) {
        ck_assert_uint_eq(json_array_size(values), count);
        float *made = run(&plan, &source, DTYPE_F32, LAYOUT_NHWC);
        far = far_value(made, values, count);
        ck_assert_msg(far == count, "%s in float: value %zu is %g", line, far, (double)made[far]);
        free(made);
        free(source.pixels);
        return;
    }
    uint8_t *made = run(&plan, &source, DTYPE_U8, LAYOUT_NHWC);
    if (hash) {
        char own[65];
        ck_assert_int_eq(sha256_of(made, count, own, &err), 0);
        ck_assert_msg(strcmp(own, hash) == 0, "%s on %s %dx%d: other bytes", line, kind, width,
                      height);
    } else {
        ck_assert_uint_eq(strlen(hex), 2 * count);
        far = far_byte(made, hex, count);
        ck_assert_msg(far == count, "%s: byte %zu is %d, not %d", line, far, made[far],
                      hex_value(hex, far));
    }
    free(made);
    free(source.pixels);
}

START_TEST(as_pillow_and_torchvision)
{
    struct error err = { 0 };
    json_t *cases = json_read("tests/golden/color.json", &err), *row;
    size_t i;
    ck_assert_msg(cases != NULL, "%s", err.message);
    ck_assert_uint_ge(json_array_size(cases), 200);
    json_array_foreach(cases, i, row) check_golden(row);
    json_decref(cases);
}
END_TEST

/* A chain in double: levels (3 n), means over all pixels, and which values may end elsewhere
 * because they lay at the edge between two levels where a step rounded. */
struct chain {
    int width, height;
    double *v;   /* owned */
    bool *loose; /* owned */
};

static size_t values_of(const struct chain *c)
{
    return 3 * (size_t)c->width * (size_t)c->height;
}

static void chain_matrix(struct chain *c, const struct plan_color *m)
{
    double mean[3] = { 0 };
    size_t n = values_of(c) / 3;
    for (size_t i = 0; i < 3 * n; i++)
        mean[i % 3] += c->v[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double to[3];
        for (int r = 0; r < 3; r++) {
            to[r] = m->offset[r];
            for (int k = 0; k < 3; k++)
                to[r] += m->pixel[r][k] * c->v[3 * i + (size_t)k] + m->mean[r][k] * mean[k];
        }
        memcpy(c->v + 3 * i, to, sizeof(to));
    }
}

static double clamp(double v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* HSV there and back as torchvision writes it. */
static void chain_hue(struct chain *c, double turn)
{
    for (size_t i = 0; i < values_of(c); i += 3) {
        double r = clamp(c->v[i]) / 255, g = clamp(c->v[i + 1]) / 255, b = clamp(c->v[i + 2]) / 255;
        double most = fmax(r, fmax(g, b)), least = fmin(r, fmin(g, b)), chroma = most - least;
        double s = chroma > 0 ? chroma / most : 0, divisor = chroma > 0 ? chroma : 1;
        double rc = (most - r) / divisor, gc = (most - g) / divisor, bc = (most - b) / divisor;
        double h = most == r ? bc - gc : most == g ? 2 + rc - bc : 4 + gc - rc;
        h = fmod(h / 6 + 1, 1);
        h = h + turn - floor(h + turn);
        int sector = (int)floor(h * 6);
        double f = h * 6 - sector, p = most * (1 - s), q = most * (1 - s * f),
               t = most * (1 - s * (1 - f));
        const double all[6][3] = { { most, t, p }, { q, most, p }, { p, most, t },
                                   { p, q, most }, { t, p, most }, { most, p, q } };
        for (size_t k = 0; k < 3; k++)
            c->v[i + k] = 255 * all[sector % 6][k];
    }
}

static void chain_round(struct chain *c)
{
    for (size_t i = 0; i < values_of(c); i++) {
        double v = clamp(c->v[i]);
        c->loose[i] = c->loose[i] || fabs(v - floor(v) - 0.5) < 1e-3;
        c->v[i] = floor(v + 0.5);
    }
}

static void chain_table(struct chain *c, double (*table)(double v, double value), double value)
{
    chain_round(c);
    for (size_t i = 0; i < values_of(c); i++)
        c->v[i] = clamp(table(c->v[i], value));
}

static double solarized(double v, double threshold)
{
    return v >= threshold ? 255 - v : v;
}

static double posterized(double v, double bits)
{
    double step = exp2(8 - bits);
    return floor(v / step) * step;
}

static double gamma_of(double v, double exponent)
{
    return floor(255.999 * pow(v / 255, exponent));
}

static int mirrored(int i, int n)
{
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

static void chain_blur(struct chain *c, int size, double sigma)
{
    int half = size / 2;
    double sum = 0, *out = malloc(values_of(c) * sizeof(*out));
    chain_round(c);
    for (int i = -half; i <= half; i++)
        sum += exp(-0.5 * i * i / sigma / sigma);
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < 3 * c->width; x++) {
            double v = 0;
            for (int j = -half; j <= half; j++)
                for (int i = -half; i <= half; i++) {
                    double w = exp(-0.5 * (i * i + j * j) / sigma / sigma) / sum / sum;
                    int from = 3 * mirrored(x / 3 + i, c->width) + x % 3;
                    v += w * c->v[mirrored(y + j, c->height) * 3 * c->width + from];
                }
            out[y * 3 * c->width + x] = v;
        }
    free(c->v);
    c->v = out;
}

/* Lines with what they are in double; loose values are left out of the comparison. */
static const struct {
    const char *line;
    int steps;
    struct {
        char kind; /* brightness, contrast, saturation, hue, solarize, posterize, gamma, Gauss */
        double value;
    } step[6];
} chains[] = {
    { "{brightness: [1.4, 1.4]}, {contrast: [0.6, 0.6]}, {saturation: [1.8, 1.8]}",
      3,
      { { 'b', 1.4 }, { 'c', 0.6 }, { 's', 1.8 } } },
    { "{hue: [0.2, 0.2]}, {contrast: [1.5, 1.5]}, {brightness: [0.8, 0.8]}",
      3,
      { { 'h', 0.2 }, { 'c', 1.5 }, { 'b', 0.8 } } },
    { "{brightness: [1.6, 1.6]}, {hue: [-0.35, -0.35]}, {contrast: [1.3, 1.3]}, {hue: [0.1, 0.1]}",
      4,
      { { 'b', 1.6 }, { 'h', -0.35 }, { 'c', 1.3 }, { 'h', 0.1 } } },
    { "{saturation: [0.4, 0.4]}, {solarize: 128}, {contrast: [1.2, 1.2]}",
      3,
      { { 's', 0.4 }, { 'o', 128 }, { 'c', 1.2 } } },
    { "{contrast: [0.7, 0.7]}, {posterize: 3}, {hue: [0.3, 0.3]}, {gamma: 1.7}",
      4,
      { { 'c', 0.7 }, { 'p', 3 }, { 'h', 0.3 }, { 'g', 1.7 } } },
    { "{hue: [0.3, 0.3]}, {saturation: [0.2, 0.2]}, {gaussian_blur: {kernel_size: 7, sigma: 1.3}}",
      3,
      { { 'h', 0.3 }, { 's', 0.2 }, { 'G', 1.3 } } },
    { "{gaussian_blur: {kernel_size: 7, sigma: 0.8}}, {saturation: [0.5, 0.5]}",
      2,
      { { 'G', 0.8 }, { 's', 0.5 } } },
};

static void chain_step(struct chain *c, char kind, double value)
{
    struct plan_color m;
    switch (kind) {
    case 'b':
        m = color_brightness(value);
        break;
    case 'c':
        m = color_contrast(value);
        break;
    case 's':
        m = color_saturation(value);
        break;
    case 'h':
        chain_hue(c, value);
        return;
    case 'o':
        chain_table(c, solarized, value);
        return;
    case 'p':
        chain_table(c, posterized, value);
        return;
    case 'g':
        chain_table(c, gamma_of, value);
        return;
    default:
        chain_blur(c, 7, value);
        return;
    }
    chain_matrix(c, &m);
}

START_TEST(chains_as_in_double)
{
    enum { W = 61, H = 47, N = 3 * W * H };
    struct image source = picture(W, H, false);
    struct plan plan = draw(chains[_i].line, 0, W, H);
    uint8_t *made = run(&plan, &source, DTYPE_U8, LAYOUT_NHWC);
    float *floats = run(&plan, &source, DTYPE_F32, LAYOUT_NHWC);
    struct chain c = { W, H, malloc(N * sizeof(double)), calloc(N, sizeof(bool)) };
    for (size_t i = 0; i < N; i++)
        c.v[i] = source.pixels[i];
    for (int k = 0; k < chains[_i].steps; k++)
        chain_step(&c, chains[_i].step[k].kind, chains[_i].step[k].value);
    size_t loose = 0, bad = N;
    for (size_t i = 0; i < N; i++) {
        bool any = c.loose[i / 3 * 3] || c.loose[i / 3 * 3 + 1] || c.loose[i / 3 * 3 + 2];
        loose += any;
        if (!any && (fabs(made[i] - clamp(c.v[i])) > 1 ||
                     fabs((double)floats[i] * 255 - clamp(c.v[i])) > 1))
            bad = i;
    }
    ck_assert_msg(bad == N, "%s: value %zu is %d and %g, not %g", chains[_i].line, bad, made[bad],
                  (double)floats[bad] * 255, c.v[bad]);
    ck_assert_uint_lt(loose, N / 20);
    free(c.v);
    free(c.loose);
    free(floats);
    free(made);
    free(source.pixels);
}
END_TEST

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
        uint8_t *plain = run(plan, source, forms[f].dtype, forms[f].layout);
        for (int l = SIMD_LEVEL_AVX2; l < SIMD_LEVELS; l++) {
            simd_limit((enum simd_level)l);
            uint8_t *fast = run(plan, source, forms[f].dtype, forms[f].layout);
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
        struct image source = picture(sizes[s][0], sizes[s][1], false);
        for (uint64_t id = 0; id < 2; id++) {
            struct plan plan = draw(every[_i], id, sizes[s][0], sizes[s][1]);
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
    struct image large = picture(W + 17, H + 9, false), small = { NULL, W, H, 3 * W };
    struct plan plan = draw(every[_i], 1, W, H), crop, mirrored;
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
    uint8_t *turned = run(&mirrored, &small, DTYPE_U8, LAYOUT_NHWC);
    uint8_t *cut = run(&crop, &large, DTYPE_U8, LAYOUT_NHWC);
    ck_assert_msg(memcmp(turned, cut, 3 * W * H) == 0, "%s", every[_i]);
    float *planes = run(&crop, &large, DTYPE_F32, LAYOUT_NHWC);
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
            struct image source = picture(W, H, true);
            struct plan plan = draw(lines[k], 0, W, H), padded = plan;
            struct error err = { 0 };
            enum dtype type = dtype ? DTYPE_F32 : DTYPE_U8;
            ck_assert_int_eq(plan_crop(&padded, -EDGE, -EDGE, W + 2 * EDGE, H + 2 * EDGE, &err), 0);
            uint8_t *bare = run(&plan, &source, type, LAYOUT_NHWC);
            uint8_t *within = run(&padded, &source, type, LAYOUT_NHWC);
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
    struct image source = picture(9, 7, false);
    struct plan plan;
    struct error err = { 0 };
    plan_start(&plan, 9, 7);
    for (int i = 0; i < 64; i++) {
        struct plan_color entry = color_brightness(100);
        ck_assert_int_eq(plan_color(&plan, &entry, &err), 0);
    }
    check_same(&plan, &source, "100^64");
    uint8_t *made = run(&plan, &source, DTYPE_U8, LAYOUT_NHWC);
    for (size_t i = 0; i < 3 * 9 * 7; i++)
        ck_assert_int_eq(made[i], source.pixels[i] ? 255 : 0);
    free(made);
    free(source.pixels);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("color");
    tcase_add_test(cases, as_pillow_and_torchvision);
    tcase_add_loop_test(cases, chains_as_in_double, 0, sizeof(chains) / sizeof(chains[0]));
    tcase_add_loop_test(cases, same_bits_at_every_level, 0, EVERY);
    tcase_add_loop_test(cases, same_bits_wherever_the_picture_lies, 0, EVERY);
    tcase_add_test(cases, means_and_histograms_are_inside_the_clips);
    tcase_add_test(cases, noise_is_normal);
    tcase_add_test(cases, noise_by_its_definition);
    tcase_add_test(cases, not_finite_is_refused);
    tcase_add_test(cases, huge_factors_stay_levels);
    return suite_run();
}
