/*
 * Numbers that a table shows, from probabilities p (n,k) and labels (n).
 *
 *     struct metric_score s = metric_score(p, label, n, k);
 *     printf("%.2f %%, at least %.2f, at most %.2f\n", 100 * s.top1, 100 * s.low, 100 * s.high);
 *
 * Samples with label -1 (or below) take no part. A label of k or above is a class that the network
 * does not have: such a sample counts as labeled and is never right. Pure functions; all threads
 * may call them.
 */
#ifndef TENFOLD_EVAL_METRIC_H
#define TENFOLD_EVAL_METRIC_H

#include <stdbool.h>
#include <stdint.h>

enum { METRIC_TOP = 5 };

/* Is `label` among the `top` largest of p (k)? Of equal ones the smaller class comes first. A label
 * without a probability (NaN) comes last. */
bool metric_hit(const float *p, int64_t label, int k, int top);
/* How many samples have their label among the `top` largest probabilities. */
uint64_t metric_correct(const float *p, const int64_t *label, uint64_t n, int k, int top);
/* Samples with a label. */
uint64_t metric_labeled(const int64_t *label, uint64_t n);
/* Mean of -log p(label), natural logarithm, p at least 1e-12; summed in order of the samples. 0
 * without labels. */
double metric_nll(const float *p, const int64_t *label, uint64_t n, int k);

/* The numbers of one row. Shares are 0..1, and 0 when nothing is labeled. */
struct metric_score {
    uint64_t labeled;
    uint64_t correct;     /* label is the largest */
    uint64_t correct_top; /* label is among the `top` largest */
    int top;              /* METRIC_TOP, or k where a network has fewer classes */
    double top1, top5;    /* correct / labeled, correct_top / labeled */
    double low, high;     /* Wilson's 95 % interval of top1 */
    double nll;
};
struct metric_score metric_score(const float *p, const int64_t *label, uint64_t n, int k);

/* From `before` to `after`, both (n,k): samples that were wrong and are right now, and the reverse.
 */
void metric_changes(const float *before, const float *after, const int64_t *label, uint64_t n,
                    int k, uint64_t *corrected, uint64_t *corrupted);

#endif
