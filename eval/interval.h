/*
 * A number with its 95 % interval, and where the interval comes from.
 *
 *     struct interval top1 = interval_wilson(correct, labeled);
 *     printf("%.2f (%.2f .. %.2f)\n", top1.value, top1.low, top1.high);
 *
 * Pure functions; all threads may call them.
 */
#ifndef TENFOLD_EVAL_INTERVAL_H
#define TENFOLD_EVAL_INTERVAL_H

#include <stdint.h>

/* INTERVAL_BASIC: the bootstrap's reverse percentiles, where all its rounds lie on one side of the
 * value (a calibration error near 0) and BCa is not defined. */
enum interval_kind { INTERVAL_NONE, INTERVAL_WILSON, INTERVAL_BCA, INTERVAL_BASIC };
extern const char *const interval_names[]; /* by kind: "none", "Wilson", ... */

/* INTERVAL_NONE has low = high = value. */
struct interval {
    double value, low, high;
    enum interval_kind kind;
};

/* A value with no interval. */
struct interval interval_none(double value);

/* The share correct / n with Wilson's interval; n = 0 is 0 in 0..1. */
struct interval interval_wilson(uint64_t correct, uint64_t n);

/* Efron's bias-corrected and accelerated interval ("Better Bootstrap Confidence Intervals", JASA
 * 1987) from `replicate` (rounds), which is sorted. `acceleration` is interval_acceleration's.
 * Where the value itself lies outside the central 95 % of the rounds, BCa's interval would not
 * contain it: then the reverse percentiles 2 value - quantile, widened to contain the value.
 * rounds = 0: no interval. */
struct interval interval_bootstrap(double value, double *replicate, int rounds,
                                   double acceleration);
/* From the statistic without each sample (n), as scipy.stats.bootstrap; 0 where it never changes.
 */
double interval_acceleration(const double *without, uint64_t n);
/* The same of a mean of x (n). */
double interval_acceleration_of_mean(const double *x, uint64_t n);

/* The normal distribution below x, and the x below which a share p of it lies. */
double interval_normal(double x);
double interval_normal_quantile(double p);

#endif
