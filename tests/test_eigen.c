/*
 * Claim: eigenvalues rise and belong to orthonormal vectors that put the matrix together again,
 * whatever lies below its diagonal.
 */
#include <math.h>
#include <stdlib.h>

#include "base/eigen.h"
#include "base/rng.h"
#include "tests/suite.h"

START_TEST(known)
{
    double a[4] = { 2, 1, 99, 2 }, w[2]; /* 99 is not read */
    struct error err = { 0 };
    ck_assert_int_eq(eigen_symmetric(2, a, w, &err), 0);
    ck_assert_double_eq_tol(w[0], 1, 1e-14);
    ck_assert_double_eq_tol(w[1], 3, 1e-14);
    ck_assert_double_eq_tol(fabs(a[2]), sqrt(0.5), 1e-14);
    ck_assert_double_eq_tol(a[2], a[3], 1e-14);
    ck_assert_double_eq_tol(a[0], -a[1], 1e-14);
}
END_TEST

START_TEST(together_again)
{
    static const int sizes[] = { 1, 3, 12, 47 };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        size_t n = (size_t)sizes[s];
        double *m = calloc(n * n, sizeof(*m)), *a = calloc(n * n, sizeof(*a)),
               *w = calloc(n, sizeof(*w));
        struct rng rng = rng_start(rng_derive(1, "sample", "eigen", 0), 0, 0);
        struct error err = { 0 };
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                m[i * n + j] = m[j * n + i] = a[i * n + j] = rng_normal(&rng);
        ck_assert_int_eq(eigen_symmetric(sizes[s], a, w, &err), 0);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0, dot = 0;
                for (size_t k = 0; k < n; k++) {
                    sum += a[k * n + i] * w[k] * a[k * n + j];
                    dot += a[i * n + k] * a[j * n + k];
                }
                ck_assert_double_eq_tol(sum, m[i * n + j], 1e-12);
                ck_assert_double_eq_tol(dot, i == j ? 1 : 0, 1e-12);
            }
        for (size_t k = 1; k < n; k++)
            ck_assert_double_ge(w[k], w[k - 1]);
        free(m);
        free(a);
        free(w);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("eigen");
    tcase_add_test(cases, known);
    tcase_add_test(cases, together_again);
    return suite_run();
}
