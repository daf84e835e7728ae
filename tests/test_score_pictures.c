/*
 * Claim: a report shows the very images of the samples that it names, shrunk where they are large;
 * another data set than the one predicted is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/score_page.h"
#include "loader/decode.h"
#include "loader/index.h"
#include "tests/score_example.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { IMAGES = 12, CLASSES = 4 };

static struct error err;
static struct tiny tiny;
static struct score_result *result;

/* A score of the tiny data set: ids, labels and hash are its own. */
static void enter(void)
{
    struct index *index;
    err = (struct error){ 0 };
    tiny_make(&tiny, &(struct tiny_shape){ CLASSES, IMAGES, 40, 32, 0 });
    scratch_enter();
    ck_assert_int_eq(index_open(&index, tiny.root, NULL, &err), 0);
    result = score_example();
    result->data = "";
    result->class_name = NULL;
    result->data_hash = arena_text(&result->arena, index_hash(index), 64, &err);
    for (int p = 0; p < result->predictors; p++)
        for (int i = 0; i < 2; i++) {
            struct score_mistake *m = &result->predictor[p].mistake[i];
            m->id = (int64_t)(p + 4 * i);
            m->label = (int)index_label(index, (uint64_t)m->id);
            m->sample = NULL;
        }
    result->suspect[0].id = 11;
    result->suspect[0].label = (int)index_label(index, 11);
    index_close(index);
}

static void leave(void)
{
    score_close(result);
    scratch_leave();
    tiny_remove(&tiny);
}

START_TEST(samples_are_named_and_shown)
{
    struct score_pictures *pictures;
    struct buffer page = { 0 };
    ck_assert_msg(score_pictures_open(&pictures, result, tiny.root, NULL, &err) == 0, "%s",
                  err.message);
    ck_assert_str_eq(result->class_name[3], "d");
    ck_assert_str_eq(result->data, tiny.root);
    ck_assert_str_eq(result->predictor[1].mistake[0].sample, "a/004");
    ck_assert_str_eq(result->suspect[0].sample, "d/011");
    ck_assert_int_eq(score_page_save(result, pictures, "page.html", &err), 0);
    score_pictures_close(pictures);
    ck_assert_int_eq(file_read("page.html", FILE_LIMIT, &page, &err), 0);
    int images = 0;
    for (const char *t = page.data; (t = strstr(t, "data:image/png;base64,")) != NULL; t++)
        images++;
    ck_assert_int_eq(images, 3); /* the focus' two mistakes, one suspect */
    ck_assert_ptr_nonnull(strstr(page.data, "width=\"120\"")); /* 40 pixels, three times */
    buffer_release(&page);
}
END_TEST

START_TEST(pixels_are_the_images)
{
    struct score_pictures *pictures;
    struct decoder *decoder;
    struct decode_info info;
    struct image shown, own;
    struct buffer bytes = { 0 };
    char path[128];
    int x, y;
    ck_assert_int_eq(score_pictures_open(&pictures, result, tiny.root, NULL, &err), 0);
    ck_assert_int_eq(score_pictures_get(pictures, 1, &shown, &err), 0); /* a/004 */
    tiny_path(&tiny, 4, path);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &bytes, &err), 0);
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    ck_assert_int_eq(decode_header(decoder, bytes.data, bytes.size, &info, &err), 0);
    struct rect all = { 0, 0, info.width, info.height };
    ck_assert_int_eq(decode_pixels(decoder, all, &own, &x, &y, &err), 0);
    ck_assert(shown.width == 40 && shown.height == 32);
    for (int row = 0; row < 32; row++)
        ck_assert_mem_eq(shown.pixels + (size_t)row * shown.stride,
                         own.pixels + (size_t)row * own.stride, 120);
    decoder_close(decoder);
    buffer_release(&bytes);
    score_pictures_close(pictures);
}
END_TEST

START_TEST(large_images_are_shrunk)
{
    struct tiny large;
    struct score_pictures *pictures;
    struct image shown;
    tiny_make(&large, &(struct tiny_shape){ CLASSES, IMAGES, 300, 200, 0 });
    ck_assert_msg(score_pictures_open(&pictures, result, large.root, NULL, &err) == 0, "%s",
                  err.message); /* the same keys and labels: the same data set */
    ck_assert_int_eq(score_pictures_get(pictures, 0, &shown, &err), 0);
    ck_assert(shown.width == SCORE_PICTURE_SIDE && shown.height == 85);
    tiny_break(&large, 0);
    ck_assert_int_eq(score_pictures_get(pictures, 0, &shown, &err), -1);
    ck_assert_msg(strstr(err.place, "000.png") != NULL, "%s", err.place);
    score_pictures_close(pictures);
    tiny_remove(&large);
}
END_TEST

START_TEST(another_data_set_is_refused)
{
    struct tiny other;
    struct score_pictures *pictures;
    tiny_make(&other, &(struct tiny_shape){ CLASSES, IMAGES - 1, 40, 32, 0 });
    ck_assert_int_eq(score_pictures_open(&pictures, result, other.root, NULL, &err), -1);
    ck_assert(err.kind == ERROR_DATA && strstr(err.message, "has the hash"));
    /* Files of other software have no hash: then the numbers and labels have to fit. */
    result->data_hash = "";
    ck_assert_int_eq(score_pictures_open(&pictures, result, other.root, NULL, &err), -1);
    ck_assert_msg(strstr(err.message, "no sample 11") != NULL, "%s", err.message);
    result->predictor[0].mistake[0].label = 3;
    ck_assert_int_eq(score_pictures_open(&pictures, result, tiny.root, NULL, &err), -1);
    ck_assert_msg(strstr(err.message, "has label 0, and 3") != NULL, "%s", err.message);
    tiny_remove(&other);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("score_pictures");
    tcase_add_checked_fixture(cases, enter, leave);
    tcase_add_test(cases, samples_are_named_and_shown);
    tcase_add_test(cases, pixels_are_the_images);
    tcase_add_test(cases, large_images_are_shrunk);
    tcase_add_test(cases, another_data_set_is_refused);
    return suite_run();
}
