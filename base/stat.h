/* Statistics of samples. */
#ifndef TENFOLD_BASE_STAT_H
#define TENFOLD_BASE_STAT_H

#include <stddef.h>
#include <stdint.h>

/* Mean, standard deviation (n - 1) and standard error of the mean of x (n); n >= 1, sd = se = 0 for
 * n = 1. */
struct stat_summary {
    double mean, sd, se;
};
struct stat_summary stat_summarize(const double *x, size_t n);

/* The q-quantile (0..1) by linear interpolation between order statistics (type 7, NumPy's default).
 * Sorts `x`. */
double stat_quantile(double *x, size_t n, double q);

/* Wilson's score interval of a proportion, `z` standard deviations wide (1.96: 95 %). n = 0 gives
 * 0..1. */
void stat_wilson(uint64_t successes, uint64_t n, double z, double *low, double *high);

#endif
