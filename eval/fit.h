/*
 * Weights of an ensemble's members fitted on samples that have labels. Everything a fit needs is a
 * few numbers a sample, gathered once, so that fitting costs nothing beside reading.
 *
 *     double weight[M];
 *     if (fit_likelihood(p_label, n, M, weight, &err) < 0) ...
 *
 * Weights are 0 or more and sum to 1. The members' order changes no result beyond rounding. Pure
 * functions; all threads may call them.
 */
#ifndef TENFOLD_EVAL_FIT_H
#define TENFOLD_EVAL_FIT_H

#include <stdint.h>

#include "base/error.h"

/* Non-negative least squares: minimize |A w - y|^2 with w >= 0 from gram = A'A (m,m) and target =
 * A'y (m); Lawson and Hanson, "Solving Least Squares Problems", 1974, chapter 23. Not normalized:
 * `w` (m). */
int fit_nnls(const double *gram, const double *target, int m, double *w, struct error *err);

/* The mixture weights of the largest likelihood: maximize sum_i log sum_j w_j p[j n + i], p (m,n)
 * being the probability that member j gives to the label of sample i, taken as at least 1e-12. By
 * expectation maximization; it stops within 1e-7 of the best mean log-likelihood, of which the
 * largest mean ratio p_j / mixture is a certificate. */
int fit_likelihood(const float *p, uint64_t n, int m, double *w, struct error *err);

/* Divide by the sum; equal weights where the sum is 0. */
void fit_normalize(double *w, int m);

#endif
