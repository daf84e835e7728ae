/*
 * Claim: the public header gives a C program, with nothing else of Tenfold, the same batches as the
 * stream; state and resume go on exactly; every mistake is one line and an exit status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/half.h"
#include "loader/tenfold.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static struct tiny tiny;
static char settings[256], config[128];

static void setup(void)
{
    static const char text[] = "augment:\n  - random_crop: {size: 32, padding: 4}\n  - hflip\n";
    tiny_make(&tiny, &(struct tiny_shape){ 2, 20, 32, 32, 0 });
    snprintf(settings, sizeof(settings), "data=%s batch=6 seed=4 threads=2", tiny.root);
    snprintf(config, sizeof(config), "%s/a.yaml", tiny.root);
    struct error err = { 0 };
    ck_assert_int_eq(file_write(config, text, strlen(text), &err), 0);
}

static void teardown(void)
{
    tiny_remove(&tiny);
}

START_TEST(batches)
{
    struct tenfold *t;
    char error[TENFOLD_ERROR] = "";
    struct tenfold_batch b;
    char all[400];
    snprintf(all, sizeof(all), "%s layout=nhwc dtype=uint8 last=keep steps=4 soft_labels=yes",
             settings);
    ck_assert_msg(tenfold_open(&t, config, all, error) == 0, "%s", error);
    ck_assert_uint_eq(tenfold_samples(t), 20);
    ck_assert_uint_eq(tenfold_steps_per_epoch(t), 4);
    int seen[20] = { 0 };
    for (uint64_t step = 0; step < 4; step++) {
        ck_assert_int_eq(tenfold_next(t, &b, error), 1);
        ck_assert_uint_eq(b.step, step);
        ck_assert_uint_eq(b.count, 6);
        ck_assert_uint_eq(b.valid, step < 3 ? 6 : 2);
        ck_assert_int_eq(b.dtype, TENFOLD_U8);
        ck_assert_int_eq(b.layout, TENFOLD_NHWC);
        ck_assert(b.width == 32 && b.height == 32);
        ck_assert_ptr_null(b.label_b);
        ck_assert_int_eq(b.classes, 2);
        for (uint32_t i = 0; i < b.valid; i++) {
            seen[b.id[i]]++;
            ck_assert_float_eq(b.soft[2 * i + (uint32_t)b.label[i]], 1);
        }
        tenfold_release(t, &b);
    }
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(seen[i], 1);
    ck_assert_int_eq(tenfold_next(t, &b, error), 0);
    tenfold_close(t);
    tenfold_close(NULL);
}
END_TEST

/* The first batch in each type: float32's values, rounded. */
START_TEST(dtypes)
{
    static const struct {
        const char *name;
        enum tenfold_dtype dtype;
    } cases[] = { { "float32", TENFOLD_F32 },
                  { "float16", TENFOLD_F16 },
                  { "bfloat16", TENFOLD_BF16 } };
    enum { N = 6 * 3 * 32 * 32 };
    static float expected[N];
    static uint16_t rounded[N];
    for (size_t i = 0; i < 3; i++) {
        struct tenfold *t;
        char error[TENFOLD_ERROR] = "", all[400];
        struct tenfold_batch b;
        snprintf(all, sizeof(all), "%s dtype=%s", settings, cases[i].name);
        ck_assert_msg(tenfold_open(&t, config, all, error) == 0, "%s", error);
        ck_assert_int_eq(tenfold_next(t, &b, error), 1);
        ck_assert_int_eq(b.dtype, cases[i].dtype);
        if (i == 0)
            memcpy(expected, b.images, sizeof(expected));
        if (i == 1)
            half_from_floats(expected, N, rounded);
        if (i == 2)
            bfloat_from_floats(expected, N, rounded);
        if (i > 0)
            ck_assert_mem_eq(b.images, rounded, sizeof(rounded));
        tenfold_release(t, &b);
        tenfold_close(t);
    }
}
END_TEST

START_TEST(resume)
{
    struct tenfold *a, *b;
    char error[TENFOLD_ERROR] = "";
    struct tenfold_batch x, y;
    ck_assert_int_eq(tenfold_open(&a, config, settings, error), 0);
    for (int i = 0; i < 4; i++) { /* into the second epoch */
        ck_assert_int_eq(tenfold_next(a, &x, error), 1);
        tenfold_release(a, &x);
    }
    char *state = tenfold_state(a);
    ck_assert_ptr_nonnull(state);
    ck_assert_msg(tenfold_resume(&b, config, settings, state, error) == 0, "%s", error);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(tenfold_next(a, &x, error), 1);
        ck_assert_int_eq(tenfold_next(b, &y, error), 1);
        ck_assert_uint_eq(x.step, y.step);
        ck_assert_mem_eq(x.id, y.id, x.count * sizeof(*x.id));
        ck_assert_mem_eq(x.images, y.images, sizeof(float) * 3 * 32 * 32 * x.count);
        tenfold_release(a, &x);
        tenfold_release(b, &y);
    }
    free(state);
    tenfold_close(a);
    tenfold_close(b);
}
END_TEST

START_TEST(refused)
{
    static const struct {
        const char *config, *settings; /* "": the good config; '@': the data */
        int status;
        const char *says;
    } cases[] = {
        { NULL, NULL, 2, "data.train" },
        { NULL, "data=/nowhere/at/all", 3, "/nowhere/at/all" },
        { "/nowhere.yaml", NULL, 2, "/nowhere.yaml" },
        { NULL, "data=@ bacth=6", 2, "batch" },
        { NULL, "data=@ batch", 2, "key=value" },
        { NULL, "data=@ start=x", 2, "whole number" },
        { "", "data=@ batch=64", 2, "larger than" },
        { NULL, "data=@ batch=4", 2, "varies" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tenfold *t = NULL;
        char error[TENFOLD_ERROR] = "", text[300] = "";
        const char *given = cases[i].settings, *at = given ? strchr(given, '@') : NULL;
        if (at)
            snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - given), given, tiny.root, at + 1);
        int status =
            tenfold_open(&t, cases[i].config && !cases[i].config[0] ? config : cases[i].config,
                         at ? text : given, error);
        ck_assert_msg(status == cases[i].status, "case %d: %d, %s", (int)i, status, error);
        ck_assert_msg(strstr(error, cases[i].says), "case %d: %s", (int)i, error);
        ck_assert_ptr_null(strchr(error, '\n'));
        ck_assert_ptr_null(t);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("tenfold");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, batches);
    tcase_add_test(cases, dtypes);
    tcase_add_test(cases, resume);
    tcase_add_test(cases, refused);
    return suite_run();
}
