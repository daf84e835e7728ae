/*
 * Claim: each resampler gives the same bits at every level of vector code, and reads and
 * writes nothing outside what it was given: any window, size and wanted part, one pixel, large
 * shrinking and magnifying, both filters, source and result next to unmapped pages.
 */
#include <stdlib.h>
#include <string.h>

#include "augment/resample.h"
#include "base/rng.h"
#include "base/simd.h"
#include "tests/fence.h"
#include "tests/scale.h"
#include "tests/suite.h"

struct job {
    enum plan_filter filter;
    struct rect window;
    int width, height; /* that the window is resized to */
    struct rect wanted;
};

static int side(struct rng *rng)
{
    static const int most[] = { 4, 20, 70, 300, 1500 };
    return (int)rng_integer(rng, 1, most[rng_below(rng, 5)]);
}

static void part(struct rng *rng, int size, int *begin, int *length)
{
    *begin = rng_below(rng, 2) ? 0 : (int)rng_integer(rng, 0, size - 1);
    *length = rng_below(rng, 2) ? size - *begin : (int)rng_integer(rng, 1, size - *begin);
}

static struct job draw(struct rng *rng)
{
    struct job j = { .filter = rng_below(rng, 2) ? FILTER_BICUBIC : FILTER_BILINEAR };
    j.window =
        (struct rect){ (int)rng_below(rng, 9), (int)rng_below(rng, 9), side(rng), side(rng) };
    j.width = rng_below(rng, 6) ? side(rng) : j.window.width;
    j.height = rng_below(rng, 6) ? side(rng) : j.window.height;
    if (j.width * j.window.height > 200000 || j.width * j.height > 200000)
        j.width = (int)rng_integer(rng, 1, 40);
    part(rng, j.width, &j.wanted.x, &j.wanted.width);
    part(rng, j.height, &j.wanted.y, &j.wanted.height);
    return j;
}

/* Noise, and stretches of black and white where the cubic overshoots. */
static void paint(struct rng *rng, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t v = rng_u32(rng);
        bytes[i] = v & 256 ? (uint8_t)v : i / 12 % 2 ? 255 : 0;
    }
}

/* The source is the wanted part's needs and no more. */
START_TEST(every_level_gives_the_same_bits)
{
    enum plan_resampler kind = _i % 2 ? RESAMPLER_FAST : RESAMPLER_EXACT;
    struct rng rng = rng_start(rng_derive(7, "sample", "levels", 0), (uint64_t)_i / 2, 0);
    struct resampler *resampler;
    struct error err = { 0 };
    ck_assert_int_eq(resampler_open(&resampler, &err), 0);
    for (int turn = 0; turn < test_scaled(80); turn++) {
        struct job j = draw(&rng);
        int left, right, top, bottom;
        resample_span(j.filter, j.window.x, j.window.width, j.width, j.wanted.x,
                      j.wanted.x + j.wanted.width, &left, &right);
        resample_span(j.filter, j.window.y, j.window.height, j.height, j.wanted.y,
                      j.wanted.y + j.wanted.height, &top, &bottom);
        size_t stride = 3 * (size_t)(right - left), bytes = stride * (size_t)(bottom - top),
               made = 3 * (size_t)j.wanted.width * (size_t)j.wanted.height;
        bool at_end = turn % 2;
        struct fence in = fence_open(bytes, at_end), out = fence_open(made, at_end);
        uint8_t *plain = malloc(made);
        paint(&rng, in.bytes, bytes);
        struct image source = { in.bytes, right - left, bottom - top, stride };
        struct image result = { out.bytes, j.wanted.width, j.wanted.height,
                                3 * (size_t)j.wanted.width };
        for (int level = SIMD_LEVEL_PLAIN; level < SIMD_LEVELS; level++) {
            simd_limit((enum simd_level)level);
            memset(out.bytes, 0xa5, made);
            ck_assert_int_eq(resampler_run(resampler, kind, j.filter, &source, left, top, j.window,
                                           j.width, j.height, j.wanted, &result, &err),
                             0);
            if (level == SIMD_LEVEL_PLAIN)
                memcpy(plain, out.bytes, made);
            ck_assert_msg(memcmp(out.bytes, plain, made) == 0,
                          "%s, %d x %d to %d x %d, part %d x %d at (%d, %d): other than plain",
                          simd_names[level], j.window.width, j.window.height, j.width, j.height,
                          j.wanted.width, j.wanted.height, j.wanted.x, j.wanted.y);
        }
        free(plain);
        fence_close(&out);
        fence_close(&in);
    }
    resampler_close(resampler);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("resample_levels");
    tcase_add_loop_test(cases, every_level_gives_the_same_bits, 0, 12);
    return suite_run();
}
