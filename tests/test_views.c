/*
 * Claim: the named views are where torchvision's CenterCrop, FiveCrop and TenCrop put them, at
 * every scale and base size; views that coincide are listed once and weighted; all of a protocol's
 * views are there; moved centers show the reflection beside the picture; and views said in words
 * are those of the protocols where they mean the same.
 */
#include <stdlib.h>
#include <string.h>

#include "augment/render.h"
#include "augment/view.h"
#include "base/config.h"
#include "tests/suite.h"

struct crop {
    int width, height; /* of the resized image */
    int left, top;
    bool mirrored;
    int weight;
};

struct views_case {
    enum view_protocol protocol;
    int size, resize; /* the network's */
    int width, height;
    int crops; /* 0: the first ones only are listed */
    struct crop crop[12];
};

static const struct views_case cases[] = {
    { VIEWS_1CROP, 224, 256, 500, 375, 1, { { 341, 256, 58, 16, false, 1 } } },
    { VIEWS_1CROP, 224, 256, 375, 500, 1, { { 256, 341, 16, 58, false, 1 } } },
    { VIEWS_1CROP, 224, 256, 333, 500, 1, { { 256, 384, 16, 80, false, 1 } } },
    { VIEWS_1CROP, 224, 232, 400, 400, 1, { { 232, 232, 4, 4, false, 1 } } },
    { VIEWS_1CROP, 32, 32, 32, 32, 1, { { 32, 32, 0, 0, false, 1 } } },
    { VIEWS_1CROP, 32, 32, 45, 32, 1, { { 45, 32, 6, 0, false, 1 } } }, /* 6.5 to even */
    { VIEWS_1CROP, 32, 32, 47, 32, 1, { { 47, 32, 8, 0, false, 1 } } }, /* 7.5 to even */
    { VIEWS_HFLIP, 32, 32, 32, 32, 2, { { 32, 32, 0, 0, false, 1 }, { 32, 32, 0, 0, true, 1 } } },
    { VIEWS_10CROP,
      224,
      256,
      500,
      375,
      10,
      { { 341, 256, 0, 0, false, 1 },
        { 341, 256, 117, 0, false, 1 },
        { 341, 256, 0, 32, false, 1 },
        { 341, 256, 117, 32, false, 1 },
        { 341, 256, 58, 16, false, 1 },
        { 341, 256, 117, 0, true, 1 },
        { 341, 256, 0, 0, true, 1 },
        { 341, 256, 117, 32, true, 1 },
        { 341, 256, 0, 32, true, 1 },
        { 341, 256, 59, 16, true, 1 } } },
    /* The mirror of the very crop. */
    { VIEWS_HFLIP,
      224,
      256,
      500,
      375,
      2,
      { { 341, 256, 58, 16, false, 1 }, { 341, 256, 58, 16, true, 1 } } },
    /* A square image resized to the base itself: five crops are one. */
    { VIEWS_5X10,
      224,
      256,
      300,
      300,
      0,
      { { 224, 224, 0, 0, false, 5 },
        { 224, 224, 0, 0, true, 5 },
        { 256, 256, 0, 0, false, 1 },
        { 256, 256, 32, 0, false, 1 } } },
    { VIEWS_5X10,
      224,
      256,
      500,
      375,
      0,
      { { 298, 224, 0, 0, false, 2 },  /* top left is bottom left */
        { 298, 224, 74, 0, false, 2 }, /* the right ones */
        { 298, 224, 37, 0, false, 1 }, /* center */
        { 298, 224, 74, 0, true, 2 } } },
    { VIEWS_DENSE,
      224,
      256,
      500,
      375,
      10,
      { { 298, 224, 0, 0, false, 1 },
        { 298, 224, 0, 0, true, 1 },
        { 341, 256, 0, 0, false, 1 },
        { 341, 256, 0, 0, true, 1 },
        { 512, 384, 0, 0, false, 1 },
        { 512, 384, 0, 0, true, 1 },
        { 640, 480, 0, 0, false, 1 },
        { 640, 480, 0, 0, true, 1 },
        { 853, 640, 0, 0, false, 1 },
        { 853, 640, 0, 0, true, 1 } } },
    /* round(L * 32 / 224) */
    { VIEWS_DENSE,
      32,
      32,
      32,
      32,
      10,
      { { 32, 32, 0, 0, false, 1 },
        { 32, 32, 0, 0, true, 1 },
        { 37, 37, 0, 0, false, 1 },
        { 37, 37, 0, 0, true, 1 },
        { 55, 55, 0, 0, false, 1 },
        { 55, 55, 0, 0, true, 1 },
        { 69, 69, 0, 0, false, 1 },
        { 69, 69, 0, 0, true, 1 },
        { 91, 91, 0, 0, false, 1 },
        { 91, 91, 0, 0, true, 1 } } },
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static void make(const struct views_case *c, struct view_list *list)
{
    struct error err = { 0 };
    struct preprocess p;
    ck_assert_int_eq(preprocess_read(&p, NULL, &err), 0);
    p.size = c->size;
    p.resize = c->resize;
    ck_assert_msg(
        view_list_make(&view_protocols[c->protocol], &p, c->width, c->height, list, &err) == 0,
        "%s", err.message);
}

START_TEST(coordinates)
{
    const struct views_case *c = &cases[_i];
    struct view_list *list = malloc(sizeof(*list));
    make(c, list);
    int listed = c->crops ? c->crops : 4, sum = 0;
    static const int totals[] = { [VIEWS_1CROP] = 1,
                                  [VIEWS_HFLIP] = 2,
                                  [VIEWS_10CROP] = 10,
                                  [VIEWS_DENSE] = 10,
                                  [VIEWS_5X10] = 50 };
    if (c->crops)
        ck_assert_int_eq(list->count, c->crops);
    for (int i = 0; i < listed; i++) {
        const struct crop *e = &c->crop[i];
        const struct plan *plan = &list->view[i].plan;
        const struct plan_axis *a = &plan->axis;
        ck_assert_msg(a->valid && a->width == e->width && a->height == e->height &&
                          a->left == e->left && a->top == e->top && a->mirror_x == e->mirrored &&
                          !a->mirror_y && list->view[i].weight == e->weight,
                      "view %d: %dx%d at %d,%d mirrored %d, weight %d", i, a->width, a->height,
                      a->left, a->top, a->mirror_x, list->view[i].weight);
        int w = c->protocol == VIEWS_DENSE ? e->width : c->size;
        int h = c->protocol == VIEWS_DENSE ? e->height : c->size;
        ck_assert(plan->width == w && plan->height == h);
        ck_assert(plan->output.normalize);
    }
    for (int i = 0; i < list->count; i++)
        sum += list->view[i].weight;
    ck_assert_int_eq(sum, totals[c->protocol]);
    ck_assert_int_eq(list->total, totals[c->protocol]);
    free(list);
}
END_TEST

/* No two listed views give the same pixels: seen by rendering all fifty on noise. */
START_TEST(distinct)
{
    enum { W = 50, H = 41, SIZE = 32 };
    static const struct output_form form = { DTYPE_F32, LAYOUT_NCHW };
    static uint8_t pixels[W * H * 3];
    static float out[50][SIZE * SIZE * 3];
    struct view_list *list = malloc(sizeof(*list));
    struct views_case c = { VIEWS_5X10, SIZE, 37, W, H, 0, { { 0 } } };
    struct renderer *renderer;
    struct error err = { 0 };
    make(&c, list);
    for (int i = 0; i < W * H * 3; i++)
        pixels[i] = (uint8_t)((unsigned)i * 2654435761u >> 24);
    struct image source = { pixels, W, H, W * 3 };
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    for (int i = 0; i < list->count; i++)
        ck_assert_int_eq(render(renderer, &list->view[i].plan, RESAMPLER_EXACT, &source, 0, 0,
                                &form, out[i], &err),
                         0);
    for (int i = 0; i < list->count; i++)
        for (int j = 0; j < i; j++)
            ck_assert_mem_ne(out[i], out[j], sizeof(out[i]));
    renderer_close(renderer);
    free(list);
}
END_TEST

/* What is printed of a policy, how many views it has, and what the last of them is called. */
static const struct {
    const char *text, *printed;
    int count;
    const char *last;
} policies[] = {
    { "1crop", "1crop", 1, "center" },
    { "crops=center", "1crop", 1, "center" },
    { "flip=yes", "hflip", 2, "center, mirrored" },
    { " crops=center,corners   scales=256 flip=yes", "10crop", 10, "256 center, mirrored" },
    { "scales=640,224,256,480,384 crops=corners,center flip=yes", "5x10", 50,
      "640 center, mirrored" },
    { "crops=dense scales=224,256,384,480,640 flip=yes", "dense", 10, "640 whole, mirrored" },
    { "scales=288,224,256 crops=corners", "scales=224,256,288 crops=corners flip=no", 12,
      "288 bottom right" },
    { "crops=dense", "crops=dense flip=no", 1, "whole" },
    { "shift=2", "crops=center flip=no shift=2", 4, "center moved by 2" },
    { "flip=yes shift=1 scales=256,224", "scales=224,256 crops=center flip=yes shift=1", 16,
      "256 center moved by 1, mirrored" },
    { "seed=18446744073709551615 samples=100", "samples=100 seed=18446744073709551615", 100,
      "sample 99" },
    { "samples=1 recipe=0123456789abcdef", "samples=1 seed=0 recipe=0123456789abcdef", 1,
      "sample 0" },
    { "scales=224,225,226,227,228,229,230,231,232,4096 crops=center,corners flip=yes",
      "scales=224,225,226,227,228,229,230,231,232,4096 crops=corners,center flip=yes", 100,
      "4096 center, mirrored" },
};

START_TEST(in_words)
{
    struct view_policy policy, again;
    struct error err = { 0 };
    char text[VIEW_TEXT], more[VIEW_TEXT];
    ck_assert_msg(view_policy_read(&policy, policies[_i].text, &err) == 0, "%s", err.message);
    view_policy_print(&policy, text);
    ck_assert_str_eq(text, policies[_i].printed);
    ck_assert_int_eq(view_policy_count(&policy), policies[_i].count);
    ck_assert_int_eq(view_policy_read(&again, text, &err), 0);
    view_policy_print(&again, more);
    ck_assert_str_eq(more, text);
    view_policy_label(&policy, policies[_i].count - 1, text);
    ck_assert_str_eq(text, policies[_i].last);

    struct preprocess p;
    struct view_list *list = malloc(sizeof(*list));
    ck_assert_int_eq(preprocess_read(&p, NULL, &err), 0);
    int status = policy.samples ? view_list_draw(&policy, &p, 7, 301, 300, list, &err)
                                : view_list_make(&policy, &p, 301, 300, list, &err);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(list->total, policies[_i].count);
    for (int number = 0; number < list->total; number++) {
        const struct view *view = &list->view[list->shown_by[number]];
        ck_assert_int_le(view->number, number);
        ck_assert_int_eq(list->shown_by[view->number], list->shown_by[number]);
    }
    free(list);
}
END_TEST

/* Of a 32-pixel picture: itself twice, and moved with its second row and column around. */
START_TEST(shifts)
{
    enum { S = 32 };
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    uint8_t pixels[S * S * 3], out[S * S * 3];
    struct view_list *list = malloc(sizeof(*list));
    struct view_policy policy;
    struct renderer *renderer;
    struct error err = { 0 };
    struct preprocess p;
    ck_assert_int_eq(view_policy_read(&policy, "shift=1 flip=yes", &err), 0);
    ck_assert_int_eq(preprocess_read(&p, NULL, &err), 0);
    p.size = p.resize = S;
    ck_assert_int_eq(view_list_make(&policy, &p, S, S, list, &err), 0);
    ck_assert_int_eq(list->total, 8);
    ck_assert_int_eq(list->count, 6);
    for (int i = 0; i < S * S * 3; i++)
        pixels[i] = (uint8_t)((unsigned)i * 2654435761u >> 24);
    struct image source = { pixels, S, S, S * 3 };
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    for (int v = 0; v < 6; v++) {
        struct view *view = &list->view[v];
        int by = v % 3 == 0 ? 0 : v % 3 == 1 ? -1 : 1;
        ck_assert_int_eq(view->weight, by ? 1 : 2);
        plan_drop_output(&view->plan);
        ck_assert_int_eq(
            render(renderer, &view->plan, RESAMPLER_EXACT, &source, 0, 0, &form, out, &err), 0);
        for (int i = 0; i < S * S; i++) {
            int x = (v < 3 ? i % S : S - 1 - i % S) + by, y = i / S + by;
            x = x < 0 ? 1 : x == S ? S - 2 : x;
            y = y < 0 ? 1 : y == S ? S - 2 : y;
            ck_assert_mem_eq(out + (size_t)i * 3, pixels + (size_t)(y * S + x) * 3, 3);
        }
    }
    renderer_close(renderer);
    free(list);
}
END_TEST

/* Draws are the recipe's of the epochs 0, 1, ..., with the network's output stage. */
START_TEST(draws)
{
    static const char text[] = "[{scale_jitter: {min: 40, max: 60}}, {random_crop: 32}, hflip,"
                               "{brightness: 0.3}, {normalize: {mean: [0, 0, 0], std: [1, 1, 1]}}]";
    struct error err = { 0 };
    struct config *config;
    struct recipe *recipe;
    struct preprocess p;
    struct view_list *list = malloc(sizeof(*list));
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(recipe_open(&recipe, config_root(config), 5, &err) == 0, "%s", err.message);
    ck_assert_int_eq(preprocess_read(&p, NULL, &err), 0);
    struct view_policy policy = { .samples = 9, .seed = 5, .recipe = recipe };
    ck_assert_int_eq(view_list_draw(&policy, &p, 1234, 70, 50, list, &err), 0);
    ck_assert_int_eq(list->count, 9);
    for (int i = 0; i < 9; i++) {
        struct plan plan;
        ck_assert_int_eq(recipe_draw(recipe, 1234, (uint32_t)i, 70, 50, &plan, &err), 0);
        plan.output = p.output;
        ck_assert_mem_eq(&list->view[i].plan, &plan, sizeof(plan));
        ck_assert_int_eq(list->view[i].weight, 1);
    }
    free(list);
    recipe_close(recipe);
    config_close(config);
}
END_TEST

static const char *const refused[] = {
    "",
    "12crop",
    "scales",
    "scales=",
    "scales=256,",
    "scales=,256",
    "scales=256x",
    "scales=-256",
    "scales=7",
    "scales=256,256",
    "scales=200",
    "scales=99999999999999999999",
    "scales=224,225,226,227,228,229,230,231,232,233,234",
    "crops=center,center",
    "crops=middle",
    "crops=dense,center",
    "flip=maybe",
    "10crop flip=yes",
    "samples=0",
    "samples=101",
    "samples=8 flip=yes",
    "seed=3",
    "samples=8 seed=18446744073709551616",
    "samples=8 recipe=0123",
    "shift=0",
    "shift=65",
    "shift=",
    "shift=1,2",
    "shift=1 crops=dense",
    "shift=1 crops=corners",
    "shift=1 samples=4",
};

START_TEST(words_refused)
{
    struct view_policy policy = { .scales = 7 };
    struct error err = { 0 };
    ck_assert_msg(view_policy_read(&policy, refused[_i], &err) < 0, "'%s' was accepted",
                  refused[_i]);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_eq(policy.scales, 7);
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("views");
    tcase_add_loop_test(tests, coordinates, 0, CASES);
    tcase_add_test(tests, distinct);
    tcase_add_test(tests, draws);
    tcase_add_loop_test(tests, in_words, 0, sizeof(policies) / sizeof(policies[0]));
    tcase_add_test(tests, shifts);
    tcase_add_loop_test(tests, words_refused, 0, sizeof(refused) / sizeof(refused[0]));
    return suite_run();
}
