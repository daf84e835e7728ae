/*
 * Which parameters a result depends on: functional ANOVA over a forest of regression trees (Hutter,
 * Hoos and Leyton-Brown, "An Efficient Approach for Assessing Hyperparameter Importance", ICML
 * 2014). A tree is constant on boxes, so that the variance of what it predicts, over settings drawn
 * uniformly, and the part of it that one parameter explains alone (its main effect) are exact sums.
 *
 *     double share[2];
 *     if (importance(x, y, n, 2, seed, share, &err) < 0) ...    // x (n,2) in 0..1, y (n)
 *     -> share[0] = 0.81, share[1] = 0.05; what is left is how they act together
 *
 * As in the authors' and Optuna's programs: 64 trees on bootstrap samples, grown to single results.
 */
#ifndef TENFOLD_TRAIN_IMPORTANCE_H
#define TENFOLD_TRAIN_IMPORTANCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { IMPORTANCE_MAX = 32 }; /* parameters */

/* share (d): the mean over the trees of each parameter's share of the variance, 0..1; all 0 when y
 * does not vary. x (n,d) in 0..1; n >= 1, 1 <= d <= IMPORTANCE_MAX. A pure function. */
int importance(const double *x, const double *y, size_t n, size_t d, uint64_t seed, double *share,
               struct error *err);

#endif
