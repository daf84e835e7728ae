/*
 * Claim: every registered kind of layer passes the gradient check, in every way that it computes;
 * and the check sees derivatives that are off by no more than float's rounding, and kinks.
 */
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "model/gradcheck.h"
#include "model/layer.h"
#include "tests/scale.h"
#include "tests/suite.h"

static int ways, kinds;
static const char *last;

static void tell(void *context, const struct gradcheck_line *line)
{
    (void)context;
    ways++;
    kinds += !last || strcmp(last, line->kind) != 0;
    last = line->kind;
    ck_assert_int_ge(line->compared, 1);
    if (strcmp(line->kind, "network") == 0) {
        ck_assert_msg(line->worst_deviation > 0, "%s: nothing was compared", line->way);
        return;
    }
    ck_assert_int_ge(line->coordinates, 50);
    ck_assert_msg(line->worst_difference > 0, "%s: nothing was compared", line->kind);
}

START_TEST(all)
{
    struct error err = { 0 };
    int registered = 0;
    while (layers[registered])
        registered++;
    ck_assert_msg(gradcheck_run(test_scaled(50), test_scaled(10), tell, NULL, &err) == 0, "%s: %s",
                  err.place, err.message);
    ck_assert_int_eq(kinds, registered + 1); /* and whole networks */
    ck_assert_int_gt(ways, registered);
}
END_TEST

static struct trial open_tanh(double scale)
{
    struct trial t;
    struct shape in = { 2, 3, 4 };
    struct error err = { 0 };
    struct rng rng = rng_start(rng_derive(1, "sample", "check", 0), 0, 0);
    ck_assert_int_eq(trial_open(&t, "tanh", NULL, &in, 1, 1, &err), 0);
    for (int i = 0; i < 24; i++) {
        t.x[0][i] = scale * rng_normal(&rng);
        t.dy[i] = rng_normal(&rng);
    }
    return t;
}

/* Float's own noise is a wrong gradient in the eyes of the criterion. */
START_TEST(sees_noise)
{
    struct trial t = open_tanh(1);
    struct gradcheck_line line = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(gradcheck_differences(&t, TRIAL_TWIN_DOUBLE, &line, &err), 0);
    ck_assert_double_lt(line.worst_difference, 1e-6);
    ck_assert_int_eq(line.coordinates, 24);
    line = (struct gradcheck_line){ 0 };
    ck_assert_int_eq(gradcheck_differences(&t, TRIAL_PRODUCTION, &line, &err), 0);
    ck_assert_double_gt(line.worst_difference + (double)line.kinks, 1e-3);
    trial_close(&t);
}
END_TEST

/* relu at exactly 0 has two slopes. */
START_TEST(sees_kinks)
{
    struct trial t;
    struct shape in = { 5, 1, 1 };
    struct gradcheck_line line = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(trial_open(&t, "relu", NULL, &in, 1, 1, &err), 0);
    for (int i = 0; i < 5; i++) {
        t.x[0][i] = i - 2;
        t.dy[i] = 1;
    }
    ck_assert_int_eq(gradcheck_differences(&t, TRIAL_TWIN_DOUBLE, &line, &err), 0);
    ck_assert_int_eq(line.kinks, 1);
    ck_assert_double_lt(line.worst_difference, 1e-6);
    trial_close(&t);
}
END_TEST

/* A kind that nobody has listed, and one that grew another kernel. */
START_TEST(sees_the_unlisted)
{
    static const char *const more[] = { "columns", "fused", NULL };
    struct layer_kind other = *layers[0];
    struct error err = { 0 };
    ck_assert_int_eq(gradcheck_listed(&other, &err), 0);
    other.kernels = more;
    ck_assert_int_eq(gradcheck_listed(&other, &err), -1);
    ck_assert_msg(strstr(err.message, "kernel fused has no cases"), "%s", err.message);
    other.name = "convolution";
    ck_assert_int_eq(gradcheck_listed(&other, &err), -1);
    ck_assert_str_eq(err.place, "convolution");
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("gradcheck");
    tcase_set_timeout(cases, 240); /* 10 s on cores of its own */
    tcase_add_test(cases, all);
    tcase_add_test(cases, sees_noise);
    tcase_add_test(cases, sees_kinks);
    tcase_add_test(cases, sees_the_unlisted);
    return suite_run();
}
