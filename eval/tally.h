/*
 * Per-class counts and what they say: precision, recall, F1, each class's and their mean over the
 * classes ("macro": those with a label or an answer among the samples, 0 where undefined, as
 * scikit-learn).
 *
 *     struct tally t;
 *     if (tally_open(&t, k, &err) < 0) ...
 *     tally_count(&t, label, predicted, n, NULL);
 *     struct tally_means m = tally_means(&t);
 *     tally_close(&t);
 *
 * A label of k is a class that cannot be answered: it has no row, but the answer counts.
 */
#ifndef TENFOLD_EVAL_TALLY_H
#define TENFOLD_EVAL_TALLY_H

#include <stdint.h>

#include "base/error.h"

struct tally_counts {
    uint32_t support, predicted, correct;
};

struct tally {
    int k;
    struct tally_counts *of_class; /* (k), owned */
};

struct tally_means {
    double precision, recall, f1;
};

int tally_open(struct tally *t, int k, struct error *err);
void tally_close(struct tally *t);

/* Count again from zero; `count` (n) says how often each sample was drawn, NULL: once. */
void tally_count(struct tally *t, const int32_t *label, const int32_t *predicted, uint64_t n,
                 const uint16_t *count);
struct tally_means tally_means(const struct tally *t);
struct tally_means tally_of_class(struct tally_counts counts);
/* without[i] (n): the means without sample i, of the samples that were counted. */
void tally_leave_out(const struct tally *t, const int32_t *label, const int32_t *predicted,
                     uint64_t n, struct tally_means *without);

#endif
