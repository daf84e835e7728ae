/*
 * Claim: mixup's lambda is Beta(alpha, alpha), one a batch or one a pair; a pair is mixed to the
 * formula from both sides, in float and in levels.
 */
#include <math.h>
#include <string.h>

#include "augment/mix.h"
#include "base/half.h"
#include "base/stat.h"
#include "tests/scale.h"
#include "tests/suite.h"

static int try_open(struct mix **mix, const char *text, uint64_t seed, struct error *err)
{
    struct config *config;
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "a.yaml", err), 0);
    int rc = mix_open(mix, node_get(config_root(config), "mix"), seed, err);
    config_close(config);
    return rc;
}

static struct mix *must_open(const char *text, uint64_t seed)
{
    struct mix *mix;
    struct error err = { 0 };
    ck_assert_msg(try_open(&mix, text, seed, &err) == 0, "%s", err.message);
    return mix;
}

START_TEST(per_batch_or_pair)
{
    struct mix *batch = must_open("mix: [mixup: {alpha: 0.4}]", 1);
    struct mix *pair = must_open("mix: [mixup: {alpha: 0.4, lambda: pair}]", 1);
    int equal = 0;
    for (uint64_t p = 0; p < 64; p += 2) {
        ck_assert_double_eq(mix_lambda(batch, 5, p, 2), mix_lambda(batch, 5, 0, 2));
        ck_assert_double_eq(mix_lambda(pair, 5, p, 2), mix_lambda(pair, 5, p + 1, 2));
        equal += mix_lambda(pair, 5, p, 2) == mix_lambda(pair, 5, p + 2, 2);
    }
    ck_assert_int_lt(equal, 3);
    ck_assert_double_ne(mix_lambda(batch, 5, 0, 2), mix_lambda(batch, 6, 0, 2));
    ck_assert_double_ne(mix_lambda(batch, 5, 0, 2), mix_lambda(batch, 5, 0, 3));
    mix_close(batch);
    mix_close(pair);
}
END_TEST

/* Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)). */
START_TEST(beta)
{
    static const double alphas[] = { 0.2, 1, 8 };
    static double x[20000];
    size_t n = (size_t)test_scaled(20000);
    for (int i = 0; i < 3; i++) {
        char text[64];
        snprintf(text, sizeof(text), "mix: [mixup: {alpha: %g}]", alphas[i]);
        struct mix *mix = must_open(text, 3);
        for (size_t j = 0; j < n; j++)
            x[j] = mix_lambda(mix, j, 0, 0);
        struct stat_summary s = stat_summarize(x, n);
        double variance = 1 / (4 * (2 * alphas[i] + 1));
        ck_assert_double_eq_tol(s.mean, 0.5, 5 * s.se);
        ck_assert_double_eq_tol(s.sd * s.sd, variance, 0.06 * variance);
        mix_close(mix);
    }
}
END_TEST

START_TEST(formula)
{
    static const double lambdas[] = { 0, 0.25, 0.5, 0.9, 1 };
    for (int l = 0; l < 5; l++) {
        float a[37], b[37];
        uint8_t u[256], v[256];
        for (int i = 0; i < 37; i++) {
            a[i] = (float)i;
            b[i] = (float)(100 - 3 * i);
        }
        for (int i = 0; i < 256; i++) {
            u[i] = (uint8_t)i;
            v[i] = (uint8_t)(i * 7);
        }
        uint16_t short_a[2][37], short_b[2][37];
        half_from_floats(a, 37, short_a[0]);
        half_from_floats(b, 37, short_b[0]);
        bfloat_from_floats(a, 37, short_a[1]);
        bfloat_from_floats(b, 37, short_b[1]);
        mix_pair(lambdas[l], DTYPE_F16, 37, short_a[0], short_b[0]);
        mix_pair(lambdas[l], DTYPE_BF16, 37, short_a[1], short_b[1]);
        mix_pair(lambdas[l], DTYPE_F32, 37, a, b);
        for (int k = 0; k < 2; k++) { /* small integers are exact; the result is rounded once */
            uint16_t x[37], y[37];
            (k ? bfloat_from_floats : half_from_floats)(a, 37, x);
            (k ? bfloat_from_floats : half_from_floats)(b, 37, y);
            ck_assert_mem_eq(short_a[k], x, sizeof(x));
            ck_assert_mem_eq(short_b[k], y, sizeof(y));
        }
        mix_pair(lambdas[l], DTYPE_U8, 256, u, v);
        for (int i = 0; i < 37; i++) {
            double x = i, y = 100 - 3 * i, k = lambdas[l];
            ck_assert_double_eq_tol((double)a[i], k * x + (1 - k) * y, 1e-4);
            ck_assert_double_eq_tol((double)b[i], k * y + (1 - k) * x, 1e-4);
        }
        for (int i = 0; i < 256; i++) {
            double x = i, y = (uint8_t)(i * 7), k = lambdas[l];
            ck_assert_double_le(fabs(u[i] - (k * x + (1 - k) * y)), 0.502);
            ck_assert_double_le(fabs(v[i] - (k * y + (1 - k) * x)), 0.502);
        }
    }
}
END_TEST

START_TEST(configs)
{
    struct error err = { 0 };
    struct mix *mix;
    ck_assert_int_eq(try_open(&mix, "a: 1", 0, &err), 0);
    ck_assert_ptr_null(mix);
    ck_assert_int_eq(try_open(&mix, "mix: []", 0, &err), 0);
    ck_assert_ptr_null(mix);
    ck_assert_int_eq(try_open(&mix, "mix: [cutmixx]", 0, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_eq(try_open(&mix, "mix: [mixup: {alpha: 0}]", 0, &err), -1);
    ck_assert_msg(strstr(err.message, "alpha"), "%s", err.message);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("mix");
    tcase_add_test(cases, per_batch_or_pair);
    tcase_add_test(cases, beta);
    tcase_add_test(cases, formula);
    tcase_add_test(cases, configs);
    return suite_run();
}
