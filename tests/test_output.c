/*
 * Claim: the mean image is subtracted where the crop lies in its frame, before mirroring; whitening
 * multiplies the values in order channel, row, column; both in every type and layout; test-time
 * views have the values of training; tables that do not fit the recipe are refused with its line.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/recipe.h"
#include "augment/render.h"
#include "augment/view.h"
#include "base/half.h"
#include "base/safetensors.h"
#include "loader/tables.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { SIDE = 12, CROP = 7, D = 3 * 4 * 4 };

static float mean_image[3][SIDE][SIDE];
static uint8_t pixels[SIDE][SIDE][3];

static void fill(void)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++) {
                mean_image[c][y][x] = (float)(100 + 7 * x - 3 * y + 20 * c) / 2;
                pixels[y][x][c] = (uint8_t)(x * 31 + y * 17 + c * 80);
            }
}

static void save_table(const char *name, int rank, int64_t a, int64_t b, int64_t c, void *data,
                       void *center)
{
    struct safetensors_item items[2] = {
        { name, { DTYPE_F32, rank, { a, b, c }, data } },
        { "whitening_mean", { DTYPE_F32, 1, { a }, center } },
    };
    struct error err = { 0 };
    ck_assert_int_eq(safetensors_write("t.safetensors", items, center ? 2 : 1, NULL, &err), 0);
}

static int open_recipe(const char *list, struct recipe **recipe, struct error *err)
{
    struct config *config;
    char text[600];
    snprintf(text, sizeof(text), "augment:\n%s", list);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "r.yaml", err), 0);
    int rc = recipe_open(recipe, node_get(config_root(config), "augment"), 3, err);
    config_close(config);
    if (rc < 0)
        return -1;
    rc = tables_read(*recipe, err);
    if (rc < 0)
        recipe_close(*recipe);
    return rc;
}

static void draw_and_render(const struct recipe *recipe, uint64_t id, struct plan *plan,
                            struct output_form form, void *out)
{
    struct image source = { &pixels[0][0][0], SIDE, SIDE, 3 * SIDE };
    struct renderer *renderer;
    struct error err = { 0 };
    ck_assert_int_eq(recipe_draw(recipe, id, 0, SIDE, SIDE, plan, &err), 0);
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    renderer_tables(renderer, recipe_tables(recipe));
    ck_assert_msg(render(renderer, plan, RESAMPLER_EXACT, &source, 0, 0, &form, out, &err) == 0,
                  "%s", err.message);
    renderer_close(renderer);
}

START_TEST(the_mean_image_at_the_crop)
{
    struct recipe *recipe;
    struct error err = { 0 };
    int mirrored = 0;
    fill();
    save_table("mean_image", 3, 3, SIDE, SIDE, mean_image, NULL);
    ck_assert_msg(
        open_recipe("  - center_crop: 12\n"
                    "  - subtract_mean_image: {file: t.safetensors, std: [0.5, 1, 0.25]}\n"
                    "  - random_crop: 7\n"
                    "  - hflip\n",
                    &recipe, &err) == 0,
        "%s: %s", err.place, err.message);
    for (uint64_t id = 0; id < 40; id++) {
        static const float std[3] = { 0.5f, 1, 0.25f };
        float nchw[3][CROP][CROP], nhwc[CROP][CROP][3];
        uint16_t half[3][CROP][CROP];
        struct plan plan;
        draw_and_render(recipe, id, &plan, (struct output_form){ DTYPE_F32, LAYOUT_NCHW }, nchw);
        draw_and_render(recipe, id, &plan, (struct output_form){ DTYPE_F32, LAYOUT_NHWC }, nhwc);
        draw_and_render(recipe, id, &plan, (struct output_form){ DTYPE_F16, LAYOUT_NCHW }, half);
        mirrored += plan.axis.mirror_x;
        for (int y = 0; y < CROP; y++)
            for (int x = 0; x < CROP; x++)
                for (int c = 0; c < 3; c++) {
                    int sx = plan.axis.left + (plan.axis.mirror_x ? CROP - 1 - x : x);
                    int sy = plan.axis.top + y;
                    float expected =
                        ((float)pixels[sy][sx][c] / 255 - mean_image[c][sy][sx] / 255) / std[c];
                    float short_one;
                    ck_assert_float_eq_tol(nchw[c][y][x], expected, 1e-5f);
                    ck_assert_float_eq(nhwc[y][x][c], nchw[c][y][x]);
                    half_to_floats(&half[c][y][x], 1, &short_one);
                    ck_assert_float_eq_tol(short_one, expected, 4e-3f);
                }
    }
    ck_assert_int_gt(mirrored, 5);
    ck_assert_int_lt(mirrored, 35);
    recipe_close(recipe);
}
END_TEST

START_TEST(whitening_is_one_product)
{
    static float w[D][D], center[D];
    struct recipe *recipe;
    struct error err = { 0 };
    struct plan plan;
    float out[3][4][4], again[4][4][3];
    fill();
    for (int i = 0; i < D; i++) {
        center[i] = (float)(i % 7) / 10;
        for (int j = 0; j < D; j++)
            w[i][j] = (float)((i * 13 + j * 5) % 11 - 5) / 8;
    }
    save_table("whitening", 2, D, D, 0, w, center);
    ck_assert_msg(
        open_recipe("  - center_crop: 4\n  - whiten: {file: t.safetensors}\n", &recipe, &err) == 0,
        "%s: %s", err.place, err.message);
    draw_and_render(recipe, 0, &plan, (struct output_form){ DTYPE_F32, LAYOUT_NCHW }, out);
    draw_and_render(recipe, 0, &plan, (struct output_form){ DTYPE_F32, LAYOUT_NHWC }, again);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 4; x++) {
                double sum = 0;
                for (int k = 0; k < D; k++)
                    sum += (double)w[16 * c + 4 * y + x][k] *
                           (pixels[4 + k / 4 % 4][4 + k % 4][k / 16] / 255.0 - (double)center[k]);
                ck_assert_double_eq_tol((double)out[c][y][x], sum, 1e-4);
                ck_assert_float_eq(again[y][x][c], out[c][y][x]);
            }
    recipe_close(recipe);
}
END_TEST

/* Whole pixels go by rows; the same frame moved by a trace goes point by point, to the same bits.
 */
START_TEST(rows_as_points)
{
    struct recipe *recipe;
    struct error err = { 0 };
    const struct output_form form = { DTYPE_F32, LAYOUT_NCHW };
    fill();
    save_table("mean_image", 3, 3, SIDE, SIDE, mean_image, NULL);
    ck_assert_int_eq(open_recipe("  - center_crop: 12\n  - subtract_mean_image: {file: "
                                 "t.safetensors, std: [0.5, 0.3, 0.25]}\n",
                                 &recipe, &err),
                     0);
    for (int left = -15; left <= 15; left += 3)
        for (int top = -15; top <= 15; top += 5)
            for (int mirrors = 0; mirrors < 4; mirrors++) {
                float rows[3][9][10], points[3][9][10];
                struct plan plan;
                ck_assert_int_eq(recipe_draw(recipe, 0, 0, SIDE, SIDE, &plan, &err), 0);
                ck_assert_int_eq(plan_crop(&plan, left, top, 10, 9, &err), 0);
                plan_mirror(&plan, mirrors & 1, mirrors & 2);
                for (size_t i = 0; i < sizeof(rows) / sizeof(float); i++)
                    (&rows[0][0][0])[i] = (&points[0][0][0])[i] = (float)(i % 29) / 29;
                ck_assert_int_eq(
                    output_apply(recipe_tables(recipe), &plan, &rows[0][0][0], &form, rows, &err),
                    0);
                plan.output.frame[2] += 5e-7;
                ck_assert_int_eq(output_apply(recipe_tables(recipe), &plan, &points[0][0][0], &form,
                                              points, &err),
                                 0);
                ck_assert_mem_eq(rows, points, sizeof(rows));
            }
    recipe_close(recipe);
}
END_TEST

/* What evaluation shows a network is what training showed it, to the bit. */
START_TEST(views_subtract_what_training_did)
{
    struct recipe *recipe, *mirrored;
    struct error err = { 0 };
    struct view_list *views = malloc(sizeof(*views));
    struct preprocess p = { .size = CROP, .resize = SIDE };
    fill();
    save_table("mean_image", 3, 3, SIDE, SIDE, mean_image, NULL);
    ck_assert_int_eq(open_recipe("  - resize_short: 12\n  - center_crop: 12\n"
                                 "  - subtract_mean_image: {file: t.safetensors}\n"
                                 "  - center_crop: 7\n",
                                 &recipe, &err),
                     0);
    ck_assert_int_eq(open_recipe("  - resize_short: 12\n  - center_crop: 12\n"
                                 "  - subtract_mean_image: {file: t.safetensors}\n"
                                 "  - center_crop: 7\n  - hflip: {p: 1}\n",
                                 &mirrored, &err),
                     0);
    p.output = recipe_output(recipe);
    ck_assert_int_eq(output_tables_copy(&p.tables, recipe_tables(recipe), &err), 0);
    /* Where two center crops round as one does. */
    for (int width = SIDE; width <= SIDE + 8; width += 4) {
        static uint8_t wide[SIDE][SIDE + 8][3];
        const struct output_form form = { DTYPE_F32, LAYOUT_NCHW };
        struct image source = { &wide[0][0][0], width, SIDE, sizeof(wide[0]) };
        struct renderer *renderer;
        for (size_t i = 0; i < sizeof(wide); i++)
            (&wide[0][0][0])[i] = (uint8_t)(i * 89 + i / 7);
        ck_assert_int_eq(renderer_open(&renderer, &err), 0);
        renderer_tables(renderer, &p.tables);
        ck_assert_int_eq(view_list_make(&view_protocols[VIEWS_HFLIP], &p, width, SIDE, views, &err),
                         0);
        ck_assert_int_eq(views->count, 2);
        for (int v = 0; v < 2; v++) {
            float seen[3][CROP][CROP], trained[3][CROP][CROP];
            struct plan plan;
            ck_assert_int_eq(recipe_draw(v ? mirrored : recipe, 0, 0, width, SIDE, &plan, &err), 0);
            ck_assert_int_eq(
                render(renderer, &plan, RESAMPLER_EXACT, &source, 0, 0, &form, trained, &err), 0);
            ck_assert_int_eq(render(renderer, &views->view[v].plan, RESAMPLER_EXACT, &source, 0, 0,
                                    &form, seen, &err),
                             0);
            ck_assert_mem_eq(seen, trained, sizeof(seen));
        }
        renderer_close(renderer);
    }
    preprocess_release(&p);
    recipe_close(mirrored);
    recipe_close(recipe);
    free(views);
}
END_TEST

static const struct {
    const char *list, *place, *message;
} refusals[] = {
    { "  - center_crop: 11\n  - subtract_mean_image: {file: t.safetensors}\n", "r.yaml:3",
      "another size" },
    { "  - resize_short: 12\n  - subtract_mean_image: {file: t.safetensors}\n  - center_crop: 7\n",
      "r.yaml:3", "varies" },
    { "  - center_crop: 12\n  - whiten: {file: t.safetensors}\n", "r.yaml:3",
      "holds no tensor whitening" },
    { "  - center_crop: 12\n  - subtract_mean_image: {file: no.safetensors}\n", "no.safetensors",
      "" },
    { "  - center_crop: 12\n  - subtract_mean_image: {file: t.safetensors, hash: "
      "0123456789abcdef}\n",
      "r.yaml:3", "another file" },
    { "  - center_crop: 12\n  - subtract_mean_image: {file: t.safetensors, hash: x}\n", "r.yaml:3",
      "16 hexadecimal" },
    { "  - center_crop: 12\n  - subtract_mean_image: {file: t.safetensors}\n  - normalize\n",
      "r.yaml:4", "second output stage" },
    { "  - center_crop: 12\n  - normalize: {p: 0.5}\n", "r.yaml:3", "unknown key 'p'" },
    { "  - center_crop: 12\n  - subtract_mean\n  - subtract_mean: [0.1, 0.2]\n", "r.yaml:4",
      "must be 3" },
};

START_TEST(refused)
{
    struct recipe *recipe;
    struct error err = { 0 };
    fill();
    save_table("mean_image", 3, 3, SIDE, SIDE, mean_image, NULL);
    ck_assert_int_eq(open_recipe(refusals[_i].list, &recipe, &err), -1);
    ck_assert_msg(strstr(err.place, refusals[_i].place) != NULL, "%s: %s", err.place, err.message);
    ck_assert_msg(strstr(err.message, refusals[_i].message) != NULL, "%s", err.message);
}
END_TEST

START_TEST(a_whitening_of_another_size)
{
    static float w[D][D], center[D];
    struct recipe *recipe;
    struct error err = { 0 };
    save_table("whitening", 2, D, D, 0, w, center);
    ck_assert_int_eq(
        open_recipe("  - center_crop: 5\n  - whiten: {file: t.safetensors}\n", &recipe, &err), -1);
    ck_assert_msg(strstr(err.message, "48 values") != NULL, "%s", err.message);
    ck_assert_int_eq(open_recipe("  - whiten: {file: t.safetensors}\n", &recipe, &err), -1);
    ck_assert_msg(strstr(err.message, "vary in size") != NULL, "%s", err.message);
    w[3][4] = NAN;
    save_table("whitening", 2, D, D, 0, w, center);
    ck_assert_int_eq(
        open_recipe("  - center_crop: 4\n  - whiten: {file: t.safetensors}\n", &recipe, &err), -1);
    ck_assert_msg(strstr(err.message, "not finite") != NULL, "%s", err.message);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("output");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, the_mean_image_at_the_crop);
    tcase_add_test(cases, rows_as_points);
    tcase_add_test(cases, whitening_is_one_product);
    tcase_add_test(cases, views_subtract_what_training_did);
    tcase_add_loop_test(cases, refused, 0, sizeof(refusals) / sizeof(refusals[0]));
    tcase_add_test(cases, a_whitening_of_another_size);
    return suite_run();
}
