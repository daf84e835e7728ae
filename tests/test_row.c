/* Claim: sums, maxima, ranks, logarithms and exponentials of rows are right for every k, lanes and
 * padding included, within the errors that row.h states. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "eval/row.h"
#include "tests/suite.h"

enum { K_MAX = 70 };

static float x[K_MAX], row[K_MAX + ROW_LANES];

static void draw(int k, int round)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "row", 0), (uint64_t)k, (uint32_t)round);
    for (int c = 0; c < k; c++) /* coarse, so that there are equal ones */
        x[c] = (float)rng_below(&rng, 50) / 50;
}

START_TEST(reductions)
{
    for (int k = 1; k <= K_MAX; k++) {
        draw(k, _i);
        size_t size = row_padded(k);
        row_load(row, x, k, 0);
        double sum = 0, squares = 0;
        float largest = x[0];
        for (int c = 0; c < k; c++) {
            sum += x[c];
            squares += (double)x[c] * x[c];
            largest = x[c] > largest ? x[c] : largest;
        }
        ck_assert_double_eq_tol(row_sum(row, size), sum, 1e-12);
        ck_assert_double_eq_tol(row_squares(row, size), squares, 1e-12);
        ck_assert(row_max(row, size) == largest);
        int found = row_find(row, size, largest);
        for (int c = 0; c < found; c++)
            ck_assert(x[c] < largest);
        ck_assert(x[found] == largest);
        for (int label = 0; label < k; label++) {
            int ahead = 0;
            for (int c = 0; c < k; c++)
                ahead += x[c] > x[label] || (x[c] == x[label] && c < label);
            ck_assert_int_eq(row_ahead(row, size, label), ahead);
        }
    }
}
END_TEST

START_TEST(logarithms)
{
    enum { SIZE = 64 };
    for (double p = 1e-12; p < 2; p *= 1.0 + SIZE * 1e-4) {
        float in[SIZE], z[SIZE];
        for (int c = 0; c < SIZE; c++)
            in[c] = (float)(p * (1 + 1e-4 * c));
        row_log(in, z, SIZE);
        for (int c = 0; c < SIZE; c++) {
            double right = log((double)in[c]);
            ck_assert_msg(fabs(z[c] - right) <= 2e-7 * (1 + fabs(right)), "log %g", in[c]);
        }
    }
    float in[ROW_LANES] = { 0, 1e-30f, 1, -1 }, z[ROW_LANES];
    row_log(in, z, ROW_LANES);
    ck_assert(z[0] == z[1] && z[0] == z[3] && fabs(z[0] - log(1e-12)) < 1e-5);
    ck_assert(z[2] == 0);
}
END_TEST

START_TEST(exponentials)
{
    enum { SIZE = 64 };
    for (double at = -85.9; at < 87; at += 0.37) {
        float in[SIZE], y[SIZE];
        double sum = 0;
        for (int c = 0; c < SIZE; c++)
            in[c] = (float)(at + 0.005 * c);
        double found = row_exp(in, 1, 0, y, SIZE);
        for (int c = 0; c < SIZE; c++) {
            double right = exp((double)in[c]);
            ck_assert_msg(fabs(y[c] - right) <= 3e-7 * right, "exp %g", in[c]);
            sum += y[c];
        }
        ck_assert(fabs(found - sum) <= 1e-12 * sum);
    }
    float in[ROW_LANES] = { 0, -INFINITY, -1000, -86.5f, 10 }, y[ROW_LANES];
    row_exp(in, 2, 1, y, ROW_LANES);
    ck_assert(y[1] == 0 && y[2] == 0 && y[3] == 0);
    ck_assert_double_eq_tol(y[0], exp(-1), 1e-7);
    ck_assert_double_eq_tol(y[4] / exp(19), 1, 1e-6);
}
END_TEST

START_TEST(softmax)
{
    for (int k = 1; k <= K_MAX; k++) {
        draw(k, 0);
        for (int c = 0; c < k; c++)
            x[c] = 100 * x[c] - 900;
        row_load(row, x, k, -INFINITY);
        row_softmax(row, row_padded(k));
        double sum = 0, largest = -INFINITY;
        for (int c = 0; c < k; c++)
            largest = x[c] > largest ? x[c] : largest;
        for (int c = 0; c < k; c++)
            sum += exp(x[c] - largest);
        for (int c = 0; c < k; c++)
            ck_assert_double_eq_tol(row[c], exp(x[c] - largest) / sum, 5e-7);
        for (size_t c = (size_t)k; c < row_padded(k); c++)
            ck_assert(row[c] == 0);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("row");
    tcase_add_loop_test(cases, reductions, 0, 5);
    tcase_add_test(cases, logarithms);
    tcase_add_test(cases, exponentials);
    tcase_add_test(cases, softmax);
    return suite_run();
}
