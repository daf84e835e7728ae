/*
 * Claim: every color augmentation does what Pillow and torchvision do (color.json, by
 * make_color.py), exactly or within one level; and a chain of them in a recipe stays within one
 * level of the same chain in double precision.
 */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/color.h"
#include "base/hash.h"
#include "base/json.h"
#include "tests/color_plan.h"
#include "tests/suite.h"

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
    struct image source = color_plan_picture(width, height, strcmp(kind, "dull") == 0);
    struct plan plan = color_plan_draw(line, 0, width, height);
    if (values) {
        ck_assert_uint_eq(json_array_size(values), count);
        float *made = color_plan_run(&plan, &source, DTYPE_F32, LAYOUT_NHWC);
        far = far_value(made, values, count);
        ck_assert_msg(far == count, "%s in float: value %zu is %g", line, far, (double)made[far]);
        free(made);
        free(source.pixels);
        return;
    }
    uint8_t *made = color_plan_run(&plan, &source, DTYPE_U8, LAYOUT_NHWC);
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
    struct image source = color_plan_picture(W, H, false);
    struct plan plan = color_plan_draw(chains[_i].line, 0, W, H);
    uint8_t *made = color_plan_run(&plan, &source, DTYPE_U8, LAYOUT_NHWC);
    float *floats = color_plan_run(&plan, &source, DTYPE_F32, LAYOUT_NHWC);
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

int main(void)
{
    TCase *cases = suite_cases("color");
    tcase_add_test(cases, as_pillow_and_torchvision);
    tcase_add_loop_test(cases, chains_as_in_double, 0, sizeof(chains) / sizeof(chains[0]));
    return suite_run();
}
