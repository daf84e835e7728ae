/*
 * Two predictors on the same samples. What both get right or wrong says nothing about which is
 * better: only the samples that one of them alone gets right do.
 *
 *     struct score_pair pair = paired_compare(&a, &b);
 *     printf("p = %.3g\n", pair.mcnemar);
 *
 * Pure functions; all threads may call them.
 */
#ifndef TENFOLD_EVAL_PAIRED_H
#define TENFOLD_EVAL_PAIRED_H

#include "eval/answers.h"

/* Exact two-sided p-value of McNemar's test: of only_a + only_b samples a fair coin gives `only_a`,
 * or as few or as many ("Note on the sampling error of the difference between correlated
 * proportions", Psychometrika 1947; exact as scipy.stats.binomtest). */
double paired_mcnemar(uint64_t only_a, uint64_t only_b);

/* Counts, disagreement, correlation of errors and McNemar's test of two predictors (n equal, the
 * same labels); the gains and the bootstrap are left zero. */
struct score_pair paired_compare(const struct answers *a, const struct answers *b);

/* Two-sided p-value of a bootstrap of a difference: twice the share of the rounds on the other side
 * of 0, the value's own counted in. */
double paired_bootstrap(const double *difference, int rounds);

/* Samples that became right, and wrong, from `before` to `after`. */
void paired_changes(const struct answers *before, const struct answers *after, uint64_t *corrected,
                    uint64_t *corrupted);

#endif
