/* Claim: means, quantiles and Wilson's interval agree with NumPy's and the closed forms. */
#include <math.h>

#include "base/stat.h"
#include "tests/suite.h"

START_TEST(summary)
{
    double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
    struct stat_summary s = stat_summarize(x, 8);
    ck_assert_double_eq_tol(s.mean, 5, 1e-15);
    ck_assert_double_eq_tol(s.sd, sqrt(32.0 / 7), 1e-15);
    ck_assert_double_eq_tol(s.se, sqrt(32.0 / 7 / 8), 1e-15);
    ck_assert(stat_summarize(x, 1).sd == 0);
}
END_TEST

/* numpy.quantile([3, 1, 2, 10], q) */
START_TEST(quantiles)
{
    static const double rows[][2] = {
        { 0, 1 }, { 0.25, 1.75 }, { 0.5, 2.5 }, { 0.9, 7.9 }, { 1, 10 }
    };
    for (int i = 0; i < 5; i++) {
        double x[] = { 3, 1, 2, 10 };
        ck_assert_double_eq_tol(stat_quantile(x, 4, rows[i][0]), rows[i][1], 1e-12);
    }
    double one[] = { 6 };
    ck_assert(stat_quantile(one, 1, 0.3) == 6);
}
END_TEST

/* The ends solve |p - q| = z sqrt(q (1 - q) / n), which is what Wilson's interval is. */
START_TEST(wilson)
{
    static const uint64_t rows[][2] = {
        { 81, 100 }, { 1, 10 }, { 8103, 10000 }, { 5, 5 }, { 0, 7 }
    };
    for (int i = 0; i < 5; i++) {
        double n = (double)rows[i][1], p = (double)rows[i][0] / n, ends[2];
        stat_wilson(rows[i][0], rows[i][1], 1.96, &ends[0], &ends[1]);
        for (int e = 0; e < 2; e++) {
            double q = ends[e];
            if (q > 0 && q < 1)
                ck_assert_double_eq_tol(fabs(p - q), 1.96 * sqrt(q * (1 - q) / n), 1e-12);
        }
        ck_assert(ends[0] <= p && p <= ends[1]);
    }
    double low, high;
    stat_wilson(0, 0, 1.96, &low, &high);
    ck_assert(low == 0 && high == 1);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("stat");
    tcase_add_test(cases, summary);
    tcase_add_test(cases, quantiles);
    tcase_add_test(cases, wilson);
    return suite_run();
}
