/*
 * Claim: a survey's figures are those of a plain computation over the decoded images; the same to
 * the bit for any number of threads and for shards merged in any order; a file of it is read back
 * whole; whitening makes the frames' covariance the identity; what cannot be decoded is listed and
 * counts in nothing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/safetensors.h"
#include "loader/decode.h"
#include "loader/survey.h"
#include "loader/survey_report.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { SIZE = 6, IMAGES = 60 };

static struct tiny tiny;
static struct index *index_of_tiny;

static void enter(void)
{
    struct error err = { 0 };
    scratch_enter();
    tiny_make(&tiny, &(struct tiny_shape){
                         .classes = 3, .images = IMAGES, .width = 9, .height = 7, .varied = 1 });
    ck_assert_int_eq(index_open(&index_of_tiny, tiny.root, NULL, &err), 0);
}

static void leave(void)
{
    index_close(index_of_tiny);
    tiny_remove(&tiny);
    scratch_leave();
}

static struct survey *scan(struct survey_options o, uint64_t begin, uint64_t end, int threads)
{
    struct survey *s;
    struct error err = { 0 };
    ck_assert_msg(survey_open(&s, &o, &err) == 0, "%s", err.message);
    ck_assert_msg(survey_scan(s, index_of_tiny, "tiny", begin, end, threads, NULL, &err) == 0, "%s",
                  err.message);
    return s;
}

static void save(const struct survey *s, const char *path, struct buffer *bytes)
{
    struct error err = { 0 };
    ck_assert_msg(survey_save(s, path, NULL, &err) == 0, "%s", err.message);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, bytes, &err), 0);
}

START_TEST(as_a_plain_computation)
{
    struct survey *s = scan((struct survey_options){ .size = SIZE, .native = true }, 0, IMAGES, 2);
    struct survey_color color;
    struct error err = { 0 };
    struct decoder *decoder;
    struct buffer bytes = { 0 };
    double n = 0, sum[3] = { 0 }, product[3][3] = { { 0 } };
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    for (uint64_t id = 0; id < IMAGES; id++) {
        struct decode_info info;
        struct image image;
        int x0, y0;
        ck_assert_int_eq(index_read(index_of_tiny, id, &bytes, &err), 0);
        ck_assert_int_eq(decode_header(decoder, bytes.data, bytes.size, &info, &err), 0);
        ck_assert_int_eq(decode_pixels(decoder, (struct rect){ 0, 0, info.width, info.height },
                                       &image, &x0, &y0, &err),
                         0);
        for (int y = 0; y < image.height; y++)
            for (int x = 0; x < image.width; x++, n++)
                for (int i = 0; i < 3; i++) {
                    const uint8_t *p = image.pixels + (size_t)y * image.stride + 3 * x;
                    sum[i] += p[i] / 255.0;
                    for (int j = 0; j < 3; j++)
                        product[i][j] += p[i] / 255.0 * (p[j] / 255.0);
                }
    }
    ck_assert_int_eq(survey_color(s, &color, &err), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(color.mean[i], sum[i] / n, 1e-12);
        ck_assert_double_eq_tol(color.std[i] * color.std[i], color.covariance[i][i], 1e-12);
        for (int j = 0; j < 3; j++) {
            double covariance = product[i][j] / n - sum[i] / n * (sum[j] / n), rebuilt = 0;
            ck_assert_double_eq_tol(color.covariance[i][j], covariance, 1e-12);
            for (int k = 0; k < 3; k++)
                rebuilt += color.eigvec[i][k] * color.eigval[k] * color.eigvec[j][k];
            ck_assert_double_eq_tol(rebuilt, covariance, 1e-12);
        }
    }
    ck_assert(color.eigval[0] >= color.eigval[1] && color.eigval[1] >= color.eigval[2]);
    const struct survey_counts *c = survey_counts(s);
    ck_assert_uint_eq(c->pixels, (uint64_t)n);
    ck_assert_uint_eq(c->images, IMAGES);
    ck_assert_int_eq(survey_classes(s), 3);
    for (int64_t k = 0; k < 3; k++) {
        const char *name;
        ck_assert_uint_eq(survey_class(s, k, &name), IMAGES / 3);
        ck_assert_str_eq(name, index_class_name(index_of_tiny, k));
    }
    uint64_t sizes = 0, aspects = 0;
    for (int i = 0; i < SURVEY_SIZES; i++)
        sizes += c->sizes[i];
    for (int i = 0; i < SURVEY_ASPECTS; i++)
        aspects += c->aspects[i];
    ck_assert_uint_eq(sizes, IMAGES);
    ck_assert_uint_eq(aspects, IMAGES);
    ck_assert_uint_eq(c->orientations[1], IMAGES);
    ck_assert_int_eq(c->modes_used, 1);
    ck_assert_str_eq(c->modes[0].name, "RGB");
    buffer_release(&bytes);
    decoder_close(decoder);
    survey_close(s);
}
END_TEST

START_TEST(the_same_for_any_threads_and_shards)
{
    struct survey_options o = { .size = SIZE, .covariance = true };
    struct survey *one = scan(o, 0, IMAGES, 1), *seven = scan(o, 0, IMAGES, 7);
    struct survey *late = scan(o, 23, IMAGES, 2), *early = scan(o, 0, 23, 2);
    struct buffer a = { 0 }, b = { 0 };
    struct error err = { 0 };
    struct survey_color x, y;
    save(one, "one", &a);
    save(seven, "seven", &b);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.data, b.data, a.size);
    ck_assert_msg(survey_merge(late, early, &err) == 0, "%s", err.message);
    ck_assert_int_eq(survey_color(one, &x, &err), 0);
    ck_assert_int_eq(survey_color(late, &y, &err), 0);
    ck_assert_mem_eq(&x, &y, sizeof(x));
    float first[3 * SIZE * SIZE], second[3 * SIZE * SIZE];
    static float w[3 * SIZE * SIZE][3 * SIZE * SIZE], v[3 * SIZE * SIZE][3 * SIZE * SIZE];
    ck_assert_int_eq(survey_mean_image(one, first, &err), 0);
    ck_assert_int_eq(survey_mean_image(late, second, &err), 0);
    ck_assert_mem_eq(first, second, sizeof(first));
    ck_assert_int_eq(survey_whitening(one, true, 1e-3, &w[0][0], &err), 0);
    ck_assert_int_eq(survey_whitening(late, true, 1e-3, &v[0][0], &err), 0);
    ck_assert_mem_eq(w, v, sizeof(w));
    ck_assert_mem_eq(survey_counts(one), survey_counts(late), sizeof(struct survey_counts));
    buffer_release(&a);
    buffer_release(&b);
    survey_close(one);
    survey_close(seven);
    survey_close(late);
    survey_close(early);
}
END_TEST

START_TEST(a_file_is_read_back_whole)
{
    struct survey *s = scan((struct survey_options){ .size = SIZE, .covariance = true }, 0, IMAGES,
                            2),
                  *again;
    struct buffer a = { 0 }, b = { 0 };
    struct error err = { 0 };
    save(s, "a", &a);
    ck_assert_msg(survey_load(&again, "a", &err) == 0, "%s", err.message);
    save(again, "b", &b);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_mem_eq(a.data, b.data, a.size);
    buffer_release(&a);
    buffer_release(&b);
    survey_close(s);
    survey_close(again);
}
END_TEST

/* W C W^T = I where the eigenvalues are far above epsilon: 60 images span 59 dimensions, so frames
 * of 2 x 2, 12 values. */
START_TEST(whitening_makes_the_covariance_the_identity)
{
    enum { SIDE = 2, D = 3 * SIDE * SIDE };
    struct survey *s =
        scan((struct survey_options){ .size = SIDE, .covariance = true }, 0, IMAGES, 1);
    struct error err = { 0 };
    float w[D][D], mean[D];
    double covariance[D][D];
    struct buffer bytes = { 0 };
    ck_assert_int_eq(survey_whitening(s, _i == 0, 1e-12, &w[0][0], &err), 0);
    ck_assert_int_eq(survey_mean_image(s, mean, &err), 0);
    struct safetensors *file;
    save(s, "s", &bytes);
    ck_assert_int_eq(safetensors_open(&file, "s", &err), 0);
    const double *second = safetensors_find(file, "second")->data;
    for (int i = 0; i < D; i++)
        for (int j = 0; j <= i; j++)
            covariance[i][j] = covariance[j][i] =
                (second[i * D + j] / IMAGES - (double)mean[i] * (double)mean[j]) / (255.0 * 255.0);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            double sum = 0;
            for (int k = 0; k < D; k++)
                for (int l = 0; l < D; l++)
                    sum += (double)w[i][k] * covariance[k][l] * (double)w[j][l];
            ck_assert_double_eq_tol(sum, i == j, 2e-3); /* of float matrix and mean */
            if (_i == 0)
                ck_assert_float_eq(w[i][j], w[j][i]);
        }
    safetensors_close(file);
    buffer_release(&bytes);
    survey_close(s);
}
END_TEST

START_TEST(unreadable_images_are_listed)
{
    struct error err = { 0 };
    tiny_break(&tiny, 5);
    struct survey *s =
        scan((struct survey_options){ .size = SIZE, .covariance = true }, 0, IMAGES, 2);
    const struct survey_counts *c = survey_counts(s);
    ck_assert_uint_eq(c->images, IMAGES - 1);
    ck_assert_uint_eq(c->unreadable, 1);
    ck_assert_uint_eq(c->pixels, (IMAGES - 1) * SIZE * SIZE);
    ck_assert_ptr_nonnull(strstr(survey_unreadable(s, 0), "005.png: "));
    ck_assert_ptr_null(survey_unreadable(s, 1));
    ck_assert_int_eq(survey_report(s, "tiny", ".", &err), 0);
    ck_assert(file_exists("stats.html") && file_exists("stats.yaml"));
    survey_close(s);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    struct survey_options o = { .size = SIZE };
    struct survey *s = scan(o, 0, 30, 1), *same = scan(o, 29, 40, 1), *other;
    struct error err = { 0 };
    ck_assert_int_eq(survey_merge(s, same, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_ptr_nonnull(strstr(err.message, "overlap"));
    o.size = SIZE + 1;
    other = scan(o, 40, 50, 1);
    ck_assert_int_eq(survey_merge(s, other, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "6 px"));
    survey_close(other);
    o = (struct survey_options){ .size = SURVEY_WHITEN_MAX + 1, .covariance = true };
    ck_assert_int_eq(survey_open(&other, &o, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_eq(file_write("net", "no safetensors", 14, &err), 0);
    ck_assert_int_eq(survey_load(&other, "net", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    float x[3] = { 1, 2, 3 };
    struct safetensors_item item = { "x", { DTYPE_F32, 1, { 3 }, x } };
    ck_assert_int_eq(safetensors_write("net", &item, 1, NULL, &err), 0);
    ck_assert_int_eq(survey_load(&other, "net", &err), -1);
    ck_assert_ptr_nonnull(strstr(err.message, "is no survey"));
    survey_close(s);
    survey_close(same);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("survey");
    tcase_add_checked_fixture(cases, enter, leave);
    tcase_add_test(cases, as_a_plain_computation);
    tcase_add_test(cases, the_same_for_any_threads_and_shards);
    tcase_add_test(cases, a_file_is_read_back_whole);
    tcase_add_loop_test(cases, whitening_makes_the_covariance_the_identity, 0, 2);
    tcase_add_test(cases, unreadable_images_are_listed);
    tcase_add_test(cases, what_does_not_fit_is_refused);
    return suite_run();
}
