/*
 * Claim: on functions whose variance is known in closed form, each parameter is given its share;
 * nothing is given to what has no effect, and nothing to effects that only a pair has.
 */
#include <math.h>

#include "base/rng.h"
#include "tests/suite.h"
#include "train/importance.h"

enum { N = 400, D = 4 };

/* Of four parameters, each uniform in 0..1. */
static double first_only(const double *x)
{
    return x[0] > 0.3 ? 2 : 1;
}
static double two_linear(const double *x)
{
    return 2 * x[0] + x[1];
}
static double pair_only(const double *x)
{
    return (x[0] > 0.5) == (x[1] > 0.5) ? 1 : -1;
}
static double bowl(const double *x)
{
    return -9 * pow(x[2] - 0.5, 2) + x[3];
}

static const struct {
    double (*f)(const double *x);
    double share[D]; /* variances: of 2x 1/3, of x 1/12; of 9 (x - 1/2)^2 81/180, of x 1/12 */
    double tolerance;
} cases[] = {
    { first_only, { 1, 0, 0, 0 }, 0.01 },
    { two_linear, { 0.8, 0.2, 0, 0 }, 0.06 },
    { pair_only, { 0, 0, 0, 0 }, 0.06 },
    { bowl, { 0, 0, 0.84375, 0.15625 }, 0.06 },
};

static void draw(double *x, double *y, size_t n, double (*f)(const double *x))
{
    struct rng rng = rng_start(rng_derive(1, "sample", "importance", 0), 0, 0);
    for (size_t i = 0; i < n; i++) {
        for (int j = 0; j < D; j++)
            x[i * D + (size_t)j] = rng_uniform(&rng);
        y[i] = f(x + i * D);
    }
}

START_TEST(known_variances)
{
    static double x[N * D], y[N];
    double share[D];
    struct error err = { 0 };
    draw(x, y, N, cases[_i].f);
    ck_assert_int_eq(importance(x, y, N, D, 0, share, &err), 0);
    for (int j = 0; j < D; j++)
        ck_assert_msg(fabs(share[j] - cases[_i].share[j]) < cases[_i].tolerance,
                      "parameter %d: %.4f, expected %.4f", j, share[j], cases[_i].share[j]);
}
END_TEST

/* Few trials, as a coarse search has them: the order is right. */
START_TEST(few_results)
{
    double x[24 * D], y[24], share[D];
    struct error err = { 0 };
    draw(x, y, 24, two_linear);
    ck_assert_int_eq(importance(x, y, 24, D, 0, share, &err), 0);
    ck_assert(share[0] > share[1] && share[1] > share[2] && share[1] > share[3]);
}
END_TEST

START_TEST(no_spread)
{
    double x[8 * D], y[8], share[D], again[D];
    struct error err = { 0 };
    draw(x, y, 8, bowl);
    ck_assert_int_eq(importance(x, y, 8, D, 3, share, &err), 0);
    ck_assert_int_eq(importance(x, y, 8, D, 3, again, &err), 0);
    ck_assert_mem_eq(share, again, sizeof(share));
    for (int i = 0; i < 8; i++)
        y[i] = 5;
    ck_assert_int_eq(importance(x, y, 8, D, 3, share, &err), 0);
    for (int j = 0; j < D; j++)
        ck_assert_double_eq(share[j], 0);
    ck_assert_int_eq(importance(x, y, 1, D, 3, share, &err), 0);
    ck_assert_double_eq(share[0], 0);
    /* Equal settings with unlike results cannot be told apart. */
    for (int i = 0; i < 8 * D; i++)
        x[i] = 0.5;
    for (int i = 0; i < 8; i++)
        y[i] = i;
    ck_assert_int_eq(importance(x, y, 8, D, 3, share, &err), 0);
    ck_assert_double_eq(share[0], 0);
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("importance");
    tcase_add_loop_test(tests, known_variances, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tests, few_results);
    tcase_add_test(tests, no_spread);
    return suite_run();
}
