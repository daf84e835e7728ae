/*
 * Claim: a row is stored as the formula in store.h says, to the bit, at every level of vector code:
 * every type and layout, mirrored or not, with and without a color matrix, any number of pixels;
 * nothing is read or written beyond.
 */
#include <stdlib.h>
#include <string.h>

#include "augment/store.h"
#include "base/half.h"
#include "base/rng.h"
#include "base/simd.h"
#include "tests/fence.h"
#include "tests/scale.h"
#include "tests/suite.h"

enum { WIDTH_MAX = 150, HEIGHT = 2 };

static const enum dtype dtypes[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_U8 };

struct job {
    struct store store;
    int width; /* of the image */
    size_t n, at;
    bool mirror;
};

static struct job draw(struct rng *rng)
{
    struct job j = { .width = (int)rng_integer(rng, 1, rng_below(rng, 2) ? 20 : WIDTH_MAX),
                     .mirror = rng_below(rng, 2) };
    struct output_form form = { dtypes[rng_below(rng, 4)],
                                rng_below(rng, 2) ? LAYOUT_NCHW : LAYOUT_NHWC };
    struct plan_output output = { .mean = { 0.4, 0.5, 0.6 }, .std = { 0.2, 0.25, 1 } };
    struct color_matrix matrix;
    for (int r = 0; r < 3; r++) {
        matrix.offset[r] = (float)rng_range(rng, -60, 60);
        for (int c = 0; c < 3; c++)
            matrix.pixel[r][c] = (float)rng_range(rng, r == c ? 0.5 : -0.3, r == c ? 1.5 : 0.3);
    }
    store_init(&j.store, &form, j.width, HEIGHT, &output, rng_below(rng, 2) ? &matrix : NULL);
    size_t places = (size_t)j.width * HEIGHT;
    j.at = rng_below(rng, places);
    j.n = (size_t)rng_integer(rng, 1, (int64_t)(places - j.at));
    return j;
}

static float clamp(float x)
{
    x = x > 0 ? x : 0;
    return x < 255 ? x : 255;
}

/* One value, in store.h's words. */
static void put(const struct store *s, int c, float level, size_t place, void *out)
{
    size_t i = s->form.layout == LAYOUT_NCHW ? (size_t)c * s->plane + place : 3 * place + (size_t)c;
    float v = level * s->scale[c];
    v = v + s->shift[c];
    if (s->form.dtype == DTYPE_U8)
        ((uint8_t *)out)[i] = (uint8_t)(level + 0.5f);
    else if (s->form.dtype == DTYPE_F32)
        ((float *)out)[i] = v;
    else if (s->form.dtype == DTYPE_F16)
        half_from_floats(&v, 1, (uint16_t *)out + i);
    else
        bfloat_from_floats(&v, 1, (uint16_t *)out + i);
}

static void expect(const struct job *j, const uint8_t *rgb, void *out)
{
    const struct color_matrix *m = &j->store.matrix;
    for (size_t i = 0; i < j->n; i++) {
        const uint8_t *p = rgb + 3 * (j->mirror ? j->n - 1 - i : i);
        float r = p[0], g = p[1], b = p[2];
        for (int c = 0; c < 3; c++) {
            float x = m->pixel[c][0] * r, y = m->pixel[c][1] * g, z = m->pixel[c][2] * b;
            x = x + y;
            x = x + z;
            x = clamp(x + m->offset[c]);
            put(&j->store, c, j->store.colored ? x : p[c], j->at + i, out);
        }
    }
}

START_TEST(as_the_formula)
{
    struct rng rng = rng_start(rng_derive(9, "sample", "store", 0), (uint64_t)_i, 0);
    for (int turn = 0; turn < test_scaled(300); turn++) {
        struct job j = draw(&rng);
        size_t bytes = output_bytes(&j.store.form, j.width, HEIGHT);
        bool at_end = turn % 2;
        struct fence in = fence_open(3 * j.n, at_end), out = fence_open(bytes, at_end);
        uint8_t *expected = malloc(bytes);
        for (size_t i = 0; i < 3 * j.n; i++)
            in.bytes[i] = (uint8_t)rng_u32(&rng);
        memset(expected, 0xa5, bytes);
        expect(&j, in.bytes, expected);
        for (int level = 0; level < SIMD_LEVELS; level++) {
            simd_limit((enum simd_level)level);
            memset(out.bytes, 0xa5, bytes);
            store_pixels(&j.store, in.bytes, j.n, j.mirror, j.at, out.bytes);
            ck_assert_msg(memcmp(out.bytes, expected, bytes) == 0,
                          "%s: %d pixels at %d, %s, layout %d, mirror %d, colored %d",
                          simd_names[level], (int)j.n, (int)j.at, dtype_name(j.store.form.dtype),
                          j.store.form.layout, j.mirror, j.store.colored);
        }
        free(expected);
        fence_close(&out);
        fence_close(&in);
    }
}
END_TEST

/* Places of one level, and channels from floats. */
START_TEST(levels_and_channels)
{
    static const double level[3] = { 0, 127.25, 255 };
    float plane[WIDTH_MAX * HEIGHT];
    uint8_t expected[3 * sizeof(plane)], out[3 * sizeof(plane)];
    struct rng rng = rng_start(rng_derive(9, "sample", "levels", 0), (uint64_t)_i, 0);
    for (int turn = 0; turn < test_scaled(200); turn++) {
        struct job j = draw(&rng);
        for (size_t i = 0; i < j.n; i++)
            plane[i] = (float)rng_range(&rng, 0, 255);
        memset(expected, 0xa5, sizeof(expected));
        memset(out, 0xa5, sizeof(out));
        for (int c = 0; c < 3; c++) {
            for (size_t i = 0; i < j.n; i++)
                put(&j.store, c, turn % 2 ? (float)level[c] : plane[i], j.at + i, expected);
            if (turn % 2 == 0)
                store_channel(&j.store, c, plane, j.n, j.at, out);
        }
        if (turn % 2)
            store_level(&j.store, level, j.n, j.at, out);
        ck_assert_mem_eq(out, expected, sizeof(out));
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("store");
    tcase_add_loop_test(cases, as_the_formula, 0, 4);
    tcase_add_loop_test(cases, levels_and_channels, 0, 2);
    return suite_run();
}
