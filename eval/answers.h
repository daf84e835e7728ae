/*
 * What a predictor says about each labeled sample, reduced to a few numbers a sample in one pass
 * over its probabilities: all metrics, intervals and tests are made of these.
 *
 *     struct answers a;
 *     if (answers_init(&a, n, k, label, true, &err) < 0) ...
 *     if (answers_fill(&a, &source, table, pool, &err) < 0) ...
 *     uint64_t correct = answers_within(&a, 1);
 *     answers_release(&a);
 *
 * The same bits for any number of threads.
 */
#ifndef TENFOLD_EVAL_ANSWERS_H
#define TENFOLD_EVAL_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/thread.h"
#include "eval/class_gap.h"
#include "eval/row.h"

struct answers {
    uint64_t n;
    int k;
    const int32_t *label; /* (n), 0..k-1; k: a class that the predictor does not have; borrowed */
    int32_t *predicted; /* (n) the largest, of equal ones the smaller class; owned, as all below */
    /* NULL for votes: */
    int32_t *rank;     /* (n) classes that stand before the label: 0 is right; k without one */
    float *confidence; /* (n) the largest probability */
    float *p_label;    /* (n) the label's; 0 without one */
    double *nll;       /* (n) -log p_label, p at least ANSWERS_SMALLEST */
    double *brier;     /* (n) sum over the classes of (p - y)^2 */
    double *class_gap; /* (n) share of the class-wise calibration error: see class_gap_share */
};

#define ANSWERS_SMALLEST 1e-12 /* a sure and wrong answer costs 27.6, not infinity */

/* Memory for n samples, zeroed; without `probs` only for answers. */
int answers_init(struct answers *a, uint64_t n, int k, const int32_t *label, bool probs,
                 struct error *err);
/* Fill all but `class_gap`, and `table`. */
int answers_fill(struct answers *a, const struct row_source *source, struct class_gap *table,
                 struct pool *pool, struct error *err);
/* Fill `class_gap`, from the table that answers_fill made of the same rows. */
int answers_share(struct answers *a, const struct row_source *source, const struct class_gap *table,
                  struct pool *pool, struct error *err);
void answers_release(struct answers *a);

static inline bool answers_right(const struct answers *a, uint64_t i)
{
    return a->predicted[i] == a->label[i];
}
/* Samples whose label is among the `top` first; of votes only `top` 1. */
uint64_t answers_within(const struct answers *a, int top);

#endif
