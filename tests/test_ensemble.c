/* Claim: an ensemble is the mean of its members' probabilities, the same bits in whatever order
 * they are given; members that do not belong together are refused. */
#include <string.h>

#include "base/rng.h"
#include "eval/ensemble.h"
#include "tests/suite.h"

enum { N = 200, K = 7, MEMBERS = 5 };

static const char *const hashes[MEMBERS] = { "c3", "0a", "ff", "77", "1b" };
static struct prediction members[MEMBERS];

static void make_member(struct prediction *p, uint64_t seed)
{
    struct error err = { 0 };
    ck_assert_int_eq(prediction_init(p, N, K, &err), 0);
    struct rng rng = rng_start(rng_derive(seed, "sample", "test", 0), seed, 0);
    for (int i = 0; i < N * K; i++)
        p->values[i] = (float)rng_uniform(&rng);
    for (int i = 0; i < N; i++) {
        p->id[i] = 1000 + i;
        p->label[i] = i % (K + 1) - 1;
    }
}

static void setup(void)
{
    for (int m = 0; m < MEMBERS; m++)
        make_member(&members[m], (uint64_t)m);
}

static void teardown(void)
{
    for (int m = 0; m < MEMBERS; m++)
        prediction_release(&members[m]);
}

START_TEST(mean)
{
    struct error err = { 0 };
    struct prediction out;
    ck_assert_int_eq(ensemble_mean(members, hashes, MEMBERS, &out, &err), 0);
    ck_assert_uint_eq(out.n, N);
    ck_assert_int_eq(out.k, K);
    for (int i = 0; i < N * K; i++) {
        double sum = 0;
        for (int m = 0; m < MEMBERS; m++)
            sum += members[m].values[i];
        ck_assert_double_eq_tol(out.values[i], sum / MEMBERS, 1e-7);
    }
    ck_assert_mem_eq(out.label, members[0].label, N * sizeof(*out.label));
    ck_assert_mem_eq(out.id, members[0].id, N * sizeof(*out.id));
    prediction_release(&out);

    ck_assert_int_eq(ensemble_mean(members, hashes, 1, &out, &err), 0);
    ck_assert_mem_eq(out.values, members[0].values, N * K * sizeof(float));
    prediction_release(&out);
}
END_TEST

/* All 120 orders. Sums of floats in double round differently in other orders, so this is not for
 * free. */
START_TEST(order)
{
    struct error err = { 0 };
    struct prediction first;
    ck_assert_int_eq(ensemble_mean(members, hashes, MEMBERS, &first, &err), 0);
    int tried = 0;
    for (int code = 0; code < 5 * 5 * 5 * 5 * 5; code++) {
        struct prediction p[MEMBERS];
        const char *h[MEMBERS];
        int used = 0;
        for (int m = 0, rest = code; m < MEMBERS; m++, rest /= MEMBERS) {
            used |= 1 << rest % MEMBERS;
            p[m] = members[rest % MEMBERS];
            h[m] = hashes[rest % MEMBERS];
        }
        if (used != (1 << MEMBERS) - 1)
            continue;
        struct prediction out;
        ck_assert_int_eq(ensemble_mean(p, h, MEMBERS, &out, &err), 0);
        ck_assert_mem_eq(out.values, first.values, N * K * sizeof(float));
        prediction_release(&out);
        tried++;
    }
    ck_assert_int_eq(tried, 120);
    prediction_release(&first);

    static const int expected[MEMBERS] = { 1, 4, 3, 0, 2 };
    int found[MEMBERS];
    ensemble_order(hashes, MEMBERS, found);
    ck_assert_mem_eq(found, expected, sizeof(found));
}
END_TEST

/* Row by row: what is spoiled in the second member, and a word that the refusal must hold. */
START_TEST(refusals)
{
    static const char *const words[] = { "classes", "samples", "row 3", "row 5" };
    for (int row = 0; row < 4; row++) {
        struct prediction p[2] = { members[0], members[1] }, out = { .n = 42 };
        int64_t *cell = row == 2 ? &p[1].id[3] : &p[1].label[5], old = *cell;
        if (row == 0)
            p[1].k = K - 1;
        else if (row == 1)
            p[1].n = N - 1;
        else
            *cell += 1;
        struct error err = { 0 };
        ck_assert_int_eq(ensemble_mean(p, hashes, 2, &out, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_msg(strstr(err.message, words[row]) != NULL, "%s", err.message);
        ck_assert_uint_eq(out.n, 42);
        *cell = old;
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("ensemble");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, mean);
    tcase_add_test(cases, order);
    tcase_add_test(cases, refusals);
    return suite_run();
}
