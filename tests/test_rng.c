/*
 * Claim: Philox is Random123's, a draw depends on (key, id, epoch) alone, and each distribution is
 * what it says: unbiased integers, normal moments, the Beta's mean and variance.
 */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "tests/scale.h"
#include "tests/suite.h"

/* The known answers that come with Random123 for philox4x32-10. */
static const struct {
    uint32_t counter[4], key[2], out[4];
} vectors[] = {
    { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
      { 0xffffffff, 0xffffffff },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
      { 0xa4093822, 0x299f31d0 },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

START_TEST(philox_known_answers)
{
    uint32_t out[4];
    philox4x32(vectors[_i].counter, vectors[_i].key, out);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(out[i], vectors[_i].out[i]);
}
END_TEST

START_TEST(streams_are_separate)
{
    struct rng_key a = rng_derive(7, "sample", "hflip", 0);
    struct rng base = rng_start(a, 5, 1);
    uint64_t first = rng_u64(&base);
    struct rng others[] = {
        rng_start(rng_derive(8, "sample", "hflip", 0), 5, 1),
        rng_start(rng_derive(7, "batch", "hflip", 0), 5, 1),
        rng_start(rng_derive(7, "sample", "vflip", 0), 5, 1),
        rng_start(rng_derive(7, "sample", "hflip", 1), 5, 1),
        rng_start(a, 6, 1),
        rng_start(a, 5, 2),
        rng_start(a, 5 + (1ull << 32), 1),
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        ck_assert_uint_ne(rng_u64(&others[i]), first);
    struct rng again = rng_start(a, 5, 1);
    ck_assert_uint_eq(rng_u64(&again), first);
}
END_TEST

/* Chi-square over n cells stays below its mean + 6 standard deviations (2(n-1) is the variance). */
START_TEST(below_is_uniform)
{
    static const uint64_t sizes[] = { 1, 2, 3, 7, 100, 225, 1000 };
    uint64_t n = sizes[_i];
    int draws = test_scaled(400000);
    int *cells = calloc(n, sizeof(*cells));
    struct rng rng = rng_start(rng_derive(1, "sample", "test", 0), n, 0);
    for (int i = 0; i < draws; i++) {
        uint64_t x = rng_below(&rng, n);
        ck_assert_uint_lt(x, n);
        cells[x]++;
    }
    double expected = (double)draws / (double)n, chi = 0;
    for (uint64_t i = 0; i < n; i++)
        chi += (cells[i] - expected) * (cells[i] - expected) / expected;
    ck_assert_double_le(chi, (double)(n - 1) + 6 * sqrt(2.0 * (double)n));
    free(cells);
}
END_TEST

/* A divisor just above 2^63 throws nearly half of the draws away: the rejection must not favor
 * small results. */
START_TEST(below_rejects_without_bias)
{
    uint64_t n = (1ull << 63) + 1, low = 0;
    int draws = test_scaled(200000);
    struct rng rng = rng_start(rng_derive(2, "sample", "test", 0), 0, 0);
    for (int i = 0; i < draws; i++)
        low += rng_below(&rng, n) < n / 2;
    ck_assert_double_le(fabs((double)low / draws - 0.5), 5 * 0.5 / sqrt(draws));
}
END_TEST

START_TEST(integer_has_both_ends)
{
    struct rng rng = rng_start(rng_derive(3, "sample", "test", 0), 0, 0);
    int64_t low = 999, high = -999;
    for (int i = 0; i < 10000; i++) {
        int64_t x = rng_integer(&rng, -3, 3);
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    ck_assert_int_eq(low, -3);
    ck_assert_int_eq(high, 3);
}
END_TEST

/* kind 0: uniform; 1: normal; 2..: Beta(a, b). Means and variances within 6 standard errors (sigma
 * of x^2 <= 3). */
static const struct {
    int kind;
    double a, b;
} laws[] = { { 0, 0, 0 }, { 1, 0, 0 }, { 2, 0.2, 0.2 }, { 2, 1, 1 }, { 2, 0.4, 2.5 }, { 2, 8, 3 } };

START_TEST(moments)
{
    double a = laws[_i].a, b = laws[_i].b, mean = 0.5, variance = 1.0 / 12;
    if (laws[_i].kind == 1) {
        mean = 0;
        variance = 1;
    } else if (laws[_i].kind == 2) {
        mean = a / (a + b);
        variance = a * b / ((a + b) * (a + b) * (a + b + 1));
    }
    int draws = test_scaled(200000);
    double sum = 0, squares = 0;
    struct rng rng = rng_start(rng_derive(4, "sample", "test", 0), (uint64_t)_i, 0);
    for (int i = 0; i < draws; i++) {
        double x = laws[_i].kind == 0   ? rng_uniform(&rng)
                   : laws[_i].kind == 1 ? rng_normal(&rng)
                                        : rng_beta(&rng, a, b);
        ck_assert(isfinite(x));
        if (laws[_i].kind != 1)
            ck_assert(x >= 0 && x <= 1);
        sum += x - mean;
        squares += (x - mean) * (x - mean);
    }
    ck_assert_double_le(fabs(sum / draws), 6 * sqrt(variance / draws));
    ck_assert_double_le(fabs(squares / draws - variance), 6 * 3 * variance / sqrt(draws));
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("rng");
    tcase_add_loop_test(cases, philox_known_answers, 0, sizeof(vectors) / sizeof(vectors[0]));
    tcase_add_test(cases, streams_are_separate);
    tcase_add_loop_test(cases, below_is_uniform, 0, 7);
    tcase_add_test(cases, below_rejects_without_bias);
    tcase_add_test(cases, integer_has_both_ends);
    tcase_add_loop_test(cases, moments, 0, sizeof(laws) / sizeof(laws[0]));
    return suite_run();
}
