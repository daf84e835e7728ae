/*
 * Claim: a plan shows what the chain of its steps would show: at integer maps every crop, pad, flip
 * and erasure composed into one equals the steps done one after the other on pixels; color entries
 * fold without changing the result; what cannot be composed is refused, and nothing in a plan is
 * lost in its JSON.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "base/rng.h"
#include "tests/suite.h"

enum { W = 37, H = 29 };

/* Pixels as a chain of steps would leave them: -1 is fill. */
struct chain {
    int width, height;
    int *level; /* owned: of the red channel */
};

static int source_level(int x, int y)
{
    return (x * 7 + y * 11 + x * y) % 251;
}

static struct chain chain_start(void)
{
    struct chain c = { W, H, malloc(sizeof(int) * W * H) };
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            c.level[y * W + x] = source_level(x, y);
    return c;
}

static void chain_crop(struct chain *c, int left, int top, int width, int height, int fill)
{
    int *out = malloc(sizeof(int) * (size_t)width * (size_t)height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            int sx = left + x, sy = top + y;
            bool in = sx >= 0 && sy >= 0 && sx < c->width && sy < c->height;
            out[y * width + x] = in ? c->level[sy * c->width + sx] : fill;
        }
    free(c->level);
    *c = (struct chain){ width, height, out };
}

static void chain_mirror(struct chain *c, bool horizontal, bool vertical)
{
    int *out = malloc(sizeof(int) * (size_t)c->width * (size_t)c->height);
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            out[y * c->width + x] = c->level[(vertical ? c->height - 1 - y : y) * c->width +
                                             (horizontal ? c->width - 1 - x : x)];
    free(c->level);
    c->level = out;
}

static void chain_erase(struct chain *c, struct rect r, int level)
{
    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++)
            if (x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height)
                c->level[y * c->width + x] = level;
}

static uint8_t *render_bytes(const struct plan *plan, enum plan_resampler resampler)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    static uint8_t pixels[W * H * 3];
    struct renderer *renderer;
    struct error err = { 0 };
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            memset(pixels + 3 * (y * W + x), source_level(x, y), 3);
    struct image source = { pixels, W, H, W * 3 };
    uint8_t *out = malloc(output_bytes(&form, plan->width, plan->height));
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    ck_assert_msg(render(renderer, plan, resampler, &source, 0, 0, &form, out, &err) == 0, "%s",
                  err.message);
    renderer_close(renderer);
    return out;
}

/* Random chains of up to six steps. */
START_TEST(as_the_chain)
{
    enum { FILL = 252, ERASED = 253 };
    struct rng rng = rng_start(rng_derive(3, "sample", "chains", 0), (uint64_t)_i, 0);
    struct chain c = chain_start();
    struct plan plan;
    struct error err = { 0 };
    plan_start(&plan, W, H);
    memset(plan.fill.level, FILL, 3);
    int steps = (int)rng_integer(&rng, 1, 6);
    for (int i = 0; i < steps; i++) {
        if (rng_below(&rng, 2)) {
            bool horizontal = rng_below(&rng, 2), vertical = rng_below(&rng, 2);
            chain_mirror(&c, horizontal, vertical);
            plan_mirror(&plan, horizontal, vertical);
            continue;
        }
        int width = (int)rng_integer(&rng, 1, c.width + 6);
        int height = (int)rng_integer(&rng, 1, c.height + 6);
        int x = (int)rng_integer(&rng, -4, c.width - 1),
            y = (int)rng_integer(&rng, -4, c.height - 1);
        chain_crop(&c, x, y, width, height, FILL);
        ck_assert_msg(plan_crop(&plan, x, y, width, height, &err) == 0, "%s", err.message);
    }
    struct rect area = { (int)rng_integer(&rng, -3, c.width), (int)rng_integer(&rng, -3, c.height),
                         5, 4 };
    struct plan_erasure erased = { .area = area, .level = { ERASED, ERASED, ERASED } };
    chain_erase(&c, area, ERASED);
    ck_assert_int_eq(plan_erase(&plan, &erased, &err), 0);
    bool mirrored = rng_below(&rng, 2);
    if (mirrored) { /* an erasure moves with what comes after it */
        chain_mirror(&c, true, false);
        plan_mirror(&plan, true, false);
    }
    ck_assert(plan.width == c.width && plan.height == c.height);
    for (int kind = RESAMPLER_EXACT; kind <= RESAMPLER_FAST; kind++) {
        uint8_t *out = render_bytes(&plan, (enum plan_resampler)kind);
        for (int i = 0; i < c.width * c.height; i++)
            ck_assert_msg(out[3 * i] == c.level[i], "chain %d, pixel %d,%d: %d, not %d", _i,
                          i % c.width, i / c.width, out[3 * i], c.level[i]);
        free(out);
    }
    free(c.level);
}
END_TEST

START_TEST(sizes)
{
    static const struct {
        int width, height, size, to_width, to_height;
    } cases[] = {
        { 500, 375, 256, 341, 256 }, { 375, 500, 256, 256, 341 }, { 333, 500, 224, 224, 336 },
        { 100, 100, 7, 7, 7 },       { 1, 1, 5, 5, 5 },           { 3, 1000, 2, 2, 666 },
        { 640, 427, 480, 719, 480 }, { 427, 640, 256, 256, 383 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan plan;
        struct error err = { 0 };
        plan_start(&plan, cases[i].width, cases[i].height);
        ck_assert_int_eq(plan_resize_short(&plan, cases[i].size, &err), 0);
        ck_assert_int_eq(plan.width, cases[i].to_width);
        ck_assert_int_eq(plan.height, cases[i].to_height);
    }
}
END_TEST

/* torchvision: int(round((H - h) / 2.0)), half to even. */
START_TEST(center)
{
    static const int cases[][3] = { { 10, 10, 0 }, { 11, 10, 0 }, { 13, 10, 2 },   { 12, 10, 1 },
                                    { 15, 10, 2 }, { 17, 10, 4 }, { 341, 224, 58 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plan plan;
        struct error err = { 0 };
        plan_start(&plan, cases[i][0], 10);
        ck_assert_int_eq(plan_center_crop(&plan, cases[i][1], 10, &err), 0);
        ck_assert_int_eq(plan.axis.left, cases[i][2]);
    }
}
END_TEST

/* Two matrices in a row are one entry, and give what the two would. */
START_TEST(colors_fold)
{
    static const struct plan_color one = {
        .pixel = { { 0.9, 0.1, 0 }, { 0, 1.1, 0 }, { 0.2, 0, 0.7 } },
        .offset = { 3, -4, 5 },
    };
    static const struct plan_color two = {
        .pixel = { { 0.5, 0, 0 }, { 0, 0.5, 0 }, { 0, 0, 0.5 } },
        .mean = { { 0.1, 0.2, 0.1 }, { 0.1, 0.2, 0.1 }, { 0.1, 0.2, 0.1 } },
    };
    static const double x[3] = { 10, 90, 200 }, m[3] = { 60, 120, 140 };
    struct plan plan;
    struct error err = { 0 };
    plan_start(&plan, 8, 8);
    ck_assert_int_eq(plan_color(&plan, &one, &err), 0);
    ck_assert_int_eq(plan_color(&plan, &two, &err), 0);
    ck_assert_int_eq(plan.colors_used, 1);
    double first[3], first_mean[3];
    for (int c = 0; c < 3; c++) {
        first[c] = first_mean[c] = one.offset[c];
        for (int k = 0; k < 3; k++) {
            first[c] += one.pixel[c][k] * x[k];
            first_mean[c] += one.pixel[c][k] * m[k];
        }
    }
    for (int c = 0; c < 3; c++) {
        double expected = two.pixel[c][c] * first[c], found = plan.colors[0].offset[c];
        for (int k = 0; k < 3; k++) {
            expected += two.mean[c][k] * first_mean[k];
            found += plan.colors[0].pixel[c][k] * x[k] + plan.colors[0].mean[c][k] * m[k];
        }
        ck_assert_double_eq_tol(found, expected, 1e-9);
    }
}
END_TEST

START_TEST(refused)
{
    struct plan plan;
    struct error err = { 0 };
    plan_start(&plan, 100, 80);
    ck_assert_int_eq(plan_crop(&plan, 0, 0, 0, 10, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_eq(plan_resize(&plan, 70000, 10, &err), -1);
    ck_assert_int_eq(plan_resize(&plan, 50, 40, &err), 0);
    ck_assert_int_eq(plan_crop(&plan, 3, 3, 20, 20, &err), 0);
    ck_assert(plan.axis.valid);
    ck_assert_int_eq(plan_resize(&plan, 33, 31, &err), 0);
    ck_assert(!plan.axis.valid); /* half pixels of the source */
    const struct plan_erasure erasure = { .area = { 9, 0, 2, 2 } };
    for (int i = 0; i < PLAN_ERASURES; i++)
        ck_assert_int_eq(plan_erase(&plan, &erasure, &err), 0);
    ck_assert_int_eq(plan_erase(&plan, &erasure, &err), -1);
}
END_TEST

START_TEST(json)
{
    struct plan plan;
    struct error err = { 0 };
    const struct plan_erasure erasure = { .area = { 1, 2, 3, 4 }, .level = { 1, 2, 3 } };
    const struct plan_lens lens = { 0.125, 0.25, 0, 0, 50, 40, 64 };
    static const double turn[9] = { 0, -1, 90.5, 1, 0, -9.5, 0, 0, 1 };
    plan_start(&plan, 100, 80);
    plan.fill.mode = FILL_REFLECT;
    ck_assert_int_eq(plan_look(&plan, &lens, false, &err), 0);
    ck_assert_int_eq(plan_resize(&plan, 50, 40, &err), 0);
    ck_assert_int_eq(plan_crop(&plan, 3, 4, 20, 21, &err), 0);
    plan_mirror(&plan, true, false);
    plan.fill = (struct plan_fill){ FILL_CONSTANT, { 7, 8, 9 } };
    ck_assert_int_eq(plan_map(&plan, turn, 21, 20, false, &err), 0);
    ck_assert_int_eq(plan_erase(&plan, &erasure, &err), 0);
    json_t *json = plan_json(&plan, &err);
    char *text = json_dumps(json, JSON_COMPACT);
    static const char *const parts[] = { "\"source\":[100,80]",    "\"size\":[21,20]",
                                         "\"valid\":false",        "\"k1\":0.125",
                                         "\"center\":[50.0,40.0]", "\"antialias\":true",
                                         "\"behind_lens\":true",   "\"reflect\"",
                                         "\"fill\":[7,8,9]",       "\"area\":[1,2,3,4]" };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        ck_assert_msg(strstr(text, parts[i]) != NULL, "%s in %s", parts[i], text);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "clips")), 2);
    free(text);
    json_decref(json);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("plan");
    tcase_add_loop_test(cases, as_the_chain, 0, 200);
    tcase_add_test(cases, sizes);
    tcase_add_test(cases, center);
    tcase_add_test(cases, colors_fold);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, json);
    return suite_run();
}
