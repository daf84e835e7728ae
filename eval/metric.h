/* Numbers that a table shows, from probabilities p (n,k) and labels (n); samples with label -1 take
 * no part. */
#ifndef TENFOLD_EVAL_METRIC_H
#define TENFOLD_EVAL_METRIC_H

#include <stdint.h>

/* How many samples have their label among the `top` largest probabilities; equal ones count by
 * smaller class first. */
uint64_t metric_correct(const float *p, const int64_t *label, uint64_t n, int k, int top);
/* Samples with a label. */
uint64_t metric_labeled(const int64_t *label, uint64_t n);
/* Mean of -log p(label), natural logarithm, p at least 1e-12. */
double metric_nll(const float *p, const int64_t *label, uint64_t n, int k);

#endif
