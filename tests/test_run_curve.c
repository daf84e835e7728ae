/*
 * A moving average is that of its definition, without bias at its beginning, and never changes what
 * it said; thinning keeps every extreme and both ends, and what was drawn stays drawn.
 */
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "tests/suite.h"
#include "train/run_curve.h"

enum { COUNT = 3000, BUCKETS = 50 };

static double x[COUNT];

static void make_curve(void)
{
    struct rng rng = rng_start(rng_derive(3, "sample", "curve", 0), 0, 0);
    for (int i = 0; i < COUNT; i++)
        x[i] = 2 + 1e3 / (i + 100) + rng_normal(&rng);
}

/* The definition, in two passes. */
static void average_plain(const double *values, size_t i, double span, double *mean,
                          double *deviation)
{
    double w = 0, sum = 0, squares = 0;
    for (size_t j = 0; j <= i; j++) {
        w += exp(-(double)(i - j) / span);
        sum += values[j] * exp(-(double)(i - j) / span);
    }
    *mean = sum / w;
    for (size_t j = 0; j <= i; j++)
        squares += (values[j] - *mean) * (values[j] - *mean) * exp(-(double)(i - j) / span);
    *deviation = sqrt(squares / w);
}

START_TEST(average)
{
    static const double spans[] = { 0.5, 5, 195, 500 };
    double mean[COUNT], deviation[COUNT], shorter[COUNT], ignored[COUNT];
    make_curve();
    for (int s = 0; s < 4; s++) {
        run_average(x, COUNT, spans[s], mean, deviation);
        ck_assert_double_eq(mean[0], x[0]);
        ck_assert_double_eq(deviation[0], 0);
        for (size_t i = 0; i < COUNT; i += 97) {
            double want, about;
            average_plain(x, i, spans[s], &want, &about);
            ck_assert_double_eq_tol(mean[i], want, 1e-11);
            ck_assert_double_eq_tol(deviation[i], about, 1e-11);
        }
        run_average(x, COUNT / 2, spans[s], shorter, ignored);
        for (int i = 0; i < COUNT / 2; i++)
            ck_assert_double_eq(shorter[i], mean[i]);
    }
}
END_TEST

/* A constant is its own average from the first point on; holes weigh nothing. */
START_TEST(constant)
{
    double values[40], mean[40], deviation[40];
    for (int i = 0; i < 40; i++)
        values[i] = i % 3 == 2 ? (i % 2 ? NAN : INFINITY) : 1e9 + 0.25;
    run_average(values, 40, 10, mean, deviation);
    for (int i = 0; i < 40; i++) {
        ck_assert_double_eq(mean[i], 1e9 + 0.25);
        ck_assert_double_eq(deviation[i], 0);
    }
    run_average(values + 2, 1, 10, mean, deviation);
    ck_assert(isnan(mean[0]) && isnan(deviation[0]));
}
END_TEST

START_TEST(thin)
{
    size_t index[4 * BUCKETS];
    make_curve();
    for (size_t n = 0; n <= COUNT; n += n < 260 ? 1 : 37) {
        size_t kept = run_thin(x, n, BUCKETS, index), least = 0, greatest = 0, found = 0;
        ck_assert_uint_le(kept, 4 * BUCKETS);
        for (size_t i = 0; i < n; i++) {
            least = x[i] < x[least] ? i : least;
            greatest = x[i] > x[greatest] ? i : greatest;
        }
        for (size_t i = 0; i < kept; i++) {
            ck_assert(i == 0 || index[i] > index[i - 1]);
            found += index[i] == least || index[i] == greatest;
        }
        if (n > 0)
            ck_assert(index[0] == 0 && index[kept - 1] == n - 1 && found > 0);
        if (n > 1)
            ck_assert_uint_eq(found, 2);
        if (n <= 4 * BUCKETS)
            ck_assert_uint_eq(kept, n);
    }
}
END_TEST

/* A grown curve keeps the points of all stretches that were full. */
START_TEST(thin_grows)
{
    enum { WIDTH = 64 };
    size_t before[4 * BUCKETS], after[4 * BUCKETS];
    make_curve();
    size_t kept = run_thin(x, COUNT - 500, BUCKETS, before);
    ck_assert_uint_gt(run_thin(x, COUNT, BUCKETS, after), kept);
    for (size_t i = 0; before[i] < (COUNT - 500) / WIDTH * WIDTH; i++)
        ck_assert_uint_eq(before[i], after[i]);
}
END_TEST

/* One spike among ten thousand points is drawn. */
START_TEST(spike)
{
    static double flat[10000];
    size_t index[4 * BUCKETS];
    for (int at = 0; at < 10000; at += 501) {
        flat[at] = 100;
        size_t kept = run_thin(flat, 10000, BUCKETS, index);
        bool found = false;
        for (size_t i = 0; i < kept; i++)
            found = found || index[i] == (size_t)at;
        ck_assert_msg(found, "the spike at %d", at);
        flat[at] = 0;
    }
}
END_TEST

START_TEST(ends)
{
    size_t index[BUCKETS];
    for (size_t n = 0; n < 300; n++) {
        size_t kept = run_thin_ends(n, BUCKETS, index);
        ck_assert_uint_le(kept, BUCKETS);
        if (n > 0)
            ck_assert_uint_eq(index[kept - 1], n - 1);
        for (size_t i = 1; i < kept; i++)
            ck_assert_uint_gt(index[i], index[i - 1]);
        if (n <= BUCKETS)
            ck_assert_uint_eq(kept, n);
    }
}
END_TEST

START_TEST(span)
{
    uint64_t step[] = { 50, 100, 150 };
    struct run_points points = { .count = 3, .step = step };
    ck_assert_double_eq(run_span(&points, 39000), 390);
    ck_assert_double_eq(run_span(&points, 390), 5);
    ck_assert_double_eq(run_span(&points, 0), 5);
    ck_assert_double_eq(run_span(&points, 1000000000), 500);
    points.count = 1;
    ck_assert_double_eq(run_span(&points, 39000), 5);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("run_curve");
    tcase_add_test(cases, average);
    tcase_add_test(cases, constant);
    tcase_add_test(cases, thin);
    tcase_add_test(cases, thin_grows);
    tcase_add_test(cases, spike);
    tcase_add_test(cases, ends);
    tcase_add_test(cases, span);
    return suite_run();
}
