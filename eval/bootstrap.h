/*
 * The bootstrap: what a statistic would have been on other samples of the same kind (Efron and
 * Tibshirani, "An Introduction to the Bootstrap", 1993). A round draws n of the n samples with
 * replacement; all statistics of all predictors are measured on the same draws, so that differences
 * between predictors are paired.
 *
 *     static void measure(void *context, const uint16_t *count, int round, int worker) { ... }
 *     if (bootstrap_run(n, 1000, seed, pool, measure, &context, &err) < 0) ...
 *     struct interval nll = interval_bootstrap(value, replicate, 1000, acceleration);
 *
 * The draws of a round belong to seed and round alone: the same for any number of threads.
 */
#ifndef TENFOLD_EVAL_BOOTSTRAP_H
#define TENFOLD_EVAL_BOOTSTRAP_H

#include "base/error.h"
#include "base/thread.h"

#include <stdint.h>

enum { BOOTSTRAP_ROUNDS = 1000 };

/* Calls measure(context, count, round, worker) once for each round, from several threads; count (n)
 * says how often each sample was drawn. */
int bootstrap_run(uint64_t n, int rounds, uint64_t seed, struct pool *pool,
                  void (*measure)(void *context, const uint16_t *count, int round, int worker),
                  void *context, struct error *err);

/* The draws of one round into count (n). */
void bootstrap_draw(uint64_t n, uint64_t seed, int round, uint16_t *count);

/* sum_i count[i] x[i], in double over lanes: the same bits at every width of vector code. */
double bootstrap_sum(const uint16_t *count, const double *x, uint64_t n);

#endif
