/*
 * Claim: the order is a permutation of 0..n-1 for every n, seed and epoch, another one for another
 * seed or epoch, without a visible pattern, and costs nothing to enter in the middle.
 */
#include <stdlib.h>

#include "loader/order.h"
#include "tests/suite.h"

static const uint64_t counts[] = { 1, 2, 3, 4, 5, 15, 16, 17, 64, 65, 1000, 4097, 50000 };

START_TEST(every_sample_once)
{
    uint64_t n = counts[_i];
    unsigned char *seen = calloc(n, 1);
    struct order order = order_make(n, 42, true);
    for (uint64_t p = 0; p < n; p++) {
        uint64_t id = order_at(&order, 3, p);
        ck_assert_uint_lt(id, n);
        ck_assert_msg(!seen[id], "id %llu twice", (unsigned long long)id);
        seen[id] = 1;
        ck_assert_uint_eq(order_of(&order, 3, id), p);
    }
    free(seen);
}
END_TEST

START_TEST(unshuffled)
{
    struct order order = order_make(10, 1, false);
    for (uint64_t p = 0; p < 10; p++)
        ck_assert_uint_eq(order_at(&order, 7, p), p);
}
END_TEST

/* Fixed points of a random permutation: one on average. */
static int common(const struct order *a, uint32_t epoch_a, const struct order *b, uint32_t epoch_b)
{
    int equal = 0;
    for (uint64_t p = 0; p < a->count; p++)
        equal += order_at(a, epoch_a, p) == order_at(b, epoch_b, p);
    return equal;
}

START_TEST(seeds_and_epochs_differ)
{
    struct order a = order_make(1000, 1, true), b = order_make(1000, 2, true);
    struct order straight = order_make(1000, 1, false);
    ck_assert_int_lt(common(&a, 0, &b, 0), 10);
    ck_assert_int_lt(common(&a, 0, &a, 1), 10);
    ck_assert_int_lt(common(&a, 0, &straight, 0), 10);
    ck_assert_int_eq(common(&a, 5, &a, 5), 1000);
}
END_TEST

/* Where the sample 0..15 lands in a sixteenth of the epoch, over 1,600 epochs: chi-square with 255
 * degrees of freedom, 99.99 % below 349. And each place is followed by each next place alike. */
START_TEST(no_pattern)
{
    enum { N = 16, EPOCHS = 1600 };
    static int at[N][N], after[N][N];
    struct order order = order_make(N, 9, true);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
        for (uint64_t p = 0; p < N; p++) {
            uint64_t id = order_at(&order, epoch, p);
            at[p][id]++;
            if (p > 0)
                after[order_at(&order, epoch, p - 1)][id]++;
        }
    double chi_at = 0, chi_after = 0;
    double expected = (double)EPOCHS / N, pairs = (double)EPOCHS * (N - 1) / (N * (N - 1));
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            chi_at += (at[i][j] - expected) * (at[i][j] - expected) / expected;
            if (i != j)
                chi_after += (after[i][j] - pairs) * (after[i][j] - pairs) / pairs;
        }
    ck_assert_double_lt(chi_at, 349);
    ck_assert_double_lt(chi_after, 349);
}
END_TEST

/* Ten billion samples: still below n, and different positions give different ids. */
START_TEST(ten_billion)
{
    uint64_t n = UINT64_C(10000000000), last = n;
    struct order order = order_make(n, 5, true);
    for (uint64_t p = n - 1000; p < n; p++) {
        uint64_t id = order_at(&order, 0, p);
        ck_assert_uint_lt(id, n);
        ck_assert_uint_ne(id, last);
        last = id;
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("order");
    tcase_add_loop_test(cases, every_sample_once, 0, sizeof(counts) / sizeof(counts[0]));
    tcase_add_test(cases, unshuffled);
    tcase_add_test(cases, seeds_and_epochs_differ);
    tcase_add_test(cases, no_pattern);
    tcase_add_test(cases, ten_billion);
    return suite_run();
}
