/* Claim: every turn is taken exactly once, each worker is on one thread at a time, and any number
 * of threads works. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/thread.h"
#include "tests/scale.h"
#include "tests/suite.h"

enum { TURNS = 1000, WORKERS = 64 };

struct counts {
    atomic_int turns[TURNS];
    atomic_int inside[WORKERS];
    atomic_int overlaps;
};

static void count(void *context, size_t i, int worker)
{
    struct counts *counts = context;
    if (atomic_fetch_add(&counts->inside[worker], 1) != 0)
        atomic_fetch_add(&counts->overlaps, 1);
    atomic_fetch_add(&counts->turns[i], 1);
    atomic_fetch_sub(&counts->inside[worker], 1);
}

static const int thread_counts[] = { 1, 2, 3, 7, 32 };

START_TEST(each_turn_once)
{
    struct error err = { 0 };
    struct pool *pool;
    ck_assert_int_eq(pool_open(&pool, thread_counts[_i], &err), 0);
    ck_assert_int_eq(pool_threads(pool), thread_counts[_i]);
    static struct counts counts;
    memset(&counts, 0, sizeof(counts));
    int loops = test_scaled(200);
    for (int loop = 0; loop < loops; loop++)
        pool_run(pool, TURNS, count, &counts);
    for (int i = 0; i < TURNS; i++)
        ck_assert_int_eq(counts.turns[i], loops);
    ck_assert_int_eq(counts.overlaps, 0);
    pool_run(pool, 0, count, &counts); /* an empty loop returns */
    pool_close(pool);
}
END_TEST

START_TEST(wrong_counts_are_refused)
{
    struct error err = { 0 };
    struct pool *pool;
    ck_assert_int_eq(pool_open(&pool, -1, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_ge(thread_cpus(), 1);
    pool_close(NULL);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("thread");
    tcase_add_loop_test(cases, each_turn_once, 0, sizeof(thread_counts) / sizeof(thread_counts[0]));
    tcase_add_test(cases, wrong_counts_are_refused);
    return suite_run();
}
