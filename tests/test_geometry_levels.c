/*
 * Claim: plans of every geometry give the same bytes at every level of vector code; given only the
 * pixels that plan_needs names, between unmapped pages, they read nothing else and give the same;
 * and nothing outside the output is written.
 */
#include <stdlib.h>
#include <string.h>

#include "augment/mirror.h"
#include "augment/render.h"
#include "augment/resample_map.h"
#include "base/simd.h"
#include "tests/fence.h"
#include "tests/scale.h"
#include "tests/steps.h"
#include "tests/suite.h"

/* A plan of up to five steps, perhaps a lens, perhaps a resize; false where it is refused. */
static bool draw_plan(struct rng *rng, int turn, int width, int height, struct plan *plan)
{
    struct step steps[STEPS];
    struct error err = { 0 };
    plan_start(plan, width, height);
    plan->filter = (enum plan_filter)(turn % 3);
    plan->antialias = turn / 3 % 2;
    if (turn / 6 % 4 == 1) {
        struct plan_lens lens = { rng_range(rng, -0.3, 0.3),   0,           0,
                                  rng_range(rng, -0.02, 0.02), width / 2.0, height / 2.0,
                                  (width + height) / 2.0 };
        if (plan_look(plan, &lens, turn % 2, &err) < 0)
            return false;
    }
    if (turn / 6 % 4 == 2 && plan_resize(plan, 1 + width / 3, 1 + height / 2, &err) < 0)
        return false;
    if (turn / 6 % 4 == 3) { /* scaled, moved and mirrored by fractions: a box */
        double x = rng_range(rng, 0.5, 3), y = rng_range(rng, 0.5, 3);
        double map[9] = { turn % 2 ? x : -x, 0, 0, 0, y, 0, 0, 0, 1 };
        map[2] = turn % 2 ? rng_range(rng, -9, 9) : width * x - rng_range(rng, -9, 9);
        map[5] = rng_range(rng, -9, 9);
        return plan_map(plan, map, width, height, false, &err) == 0;
    }
    return steps_draw(rng, turn % 5 == 0, plan, steps) >= 0;
}

/* The rectangle of the source that is needed, alone, at the end or the beginning of memory. */
static struct image part_of(const struct image *source, struct rect need, struct fence *fence,
                            bool at_end)
{
    struct image part = { NULL, need.width, need.height, 3 * (size_t)need.width };
    ck_assert(need.x >= 0 && need.y >= 0 && need.width > 0 && need.height > 0);
    ck_assert(need.x + need.width <= source->width && need.y + need.height <= source->height);
    *fence = fence_open((size_t)need.height * part.stride, at_end);
    part.pixels = fence->bytes;
    for (int y = 0; y < need.height; y++)
        memcpy(part.pixels + (size_t)y * part.stride,
               source->pixels + (size_t)(need.y + y) * source->stride + 3 * (size_t)need.x,
               part.stride);
    return part;
}

static void run(struct renderer *renderer, const struct plan *plan, const struct image *source,
                int x, int y, uint8_t *out)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct error err = { 0 };
    ck_assert_msg(render(renderer, plan, RESAMPLER_EXACT, source, x, y, &form, out, &err) == 0,
                  "%s", err.message);
}

START_TEST(all_levels)
{
    struct rng rng = rng_start(rng_derive(6, "sample", "levels", 0), (uint64_t)_i, 0);
    int w = (int)rng_integer(&rng, 1, 120), h = (int)rng_integer(&rng, 1, 90);
    struct plan plan;
    struct renderer *renderer;
    struct error err = { 0 };
    if (!draw_plan(&rng, _i, w, h, &plan))
        return;
    struct image source = steps_noise(w, h);
    size_t bytes = 3 * (size_t)plan.width * (size_t)plan.height;
    struct fence out = fence_open(bytes, _i % 2);
    uint8_t *plain = malloc(bytes);
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    simd_limit(SIMD_LEVEL_PLAIN);
    run(renderer, &plan, &source, 0, 0, plain);
    for (int level = SIMD_LEVEL_PLAIN; level < SIMD_LEVELS; level++) {
        struct fence fence;
        struct rect need = plan_needs(&plan);
        struct image part = part_of(&source, need, &fence, _i / 2 % 2);
        simd_limit((enum simd_level)level);
        memset(out.bytes, 77, bytes);
        run(renderer, &plan, &part, need.x, need.y, out.bytes);
        ck_assert_msg(memcmp(plain, out.bytes, bytes) == 0, "plan %d of %dx%d at %s", _i, w, h,
                      simd_names[level]);
        fence_close(&fence);
    }
    simd_limit(SIMD_LEVELS);
    renderer_close(renderer);
    fence_close(&out);
    free(plain);
    free(source.pixels);
}
END_TEST

START_TEST(mirrored_rows)
{
    for (size_t n = 1; n <= 70; n++) {
        struct fence line = fence_open(3 * n, n % 2), row = fence_open(3 * n, n / 2 % 2);
        for (size_t i = 0; i < 3 * n; i++)
            line.bytes[i] = (uint8_t)(i * 37);
        mirror_row(line.bytes, n, row.bytes);
        for (size_t i = 0; i < n; i++)
            ck_assert_mem_eq(row.bytes + 3 * i, line.bytes + 3 * (n - 1 - i), 3);
        fence_close(&line);
        fence_close(&row);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("geometry_levels");
    tcase_add_loop_test(cases, all_levels, 0, test_scaled(1200));
    tcase_add_test(cases, mirrored_rows);
    return suite_run();
}
