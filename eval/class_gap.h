/*
 * Class-wise calibration: for every class c and equal-width bin b of its probability, the sum of
 * p - y over the samples, y being 1 where c is the label (Nixon et al., "Measuring Calibration in
 * Deep Learning", 2019). One table is filled in one pass over the rows; tables of parts are added.
 *
 *     struct class_gap *t;
 *     if (class_gap_open(&t, k, &err) < 0) ...
 *     class_gap_add(t, row, label);                     // for every row
 *     double ece = class_gap_ece(t, n, NULL);
 *     class_gap_close(t);
 *
 * Bins are (b/15, (b+1)/15], the first with 0. A label of k is a class without a probability. One
 * thread at a time for a table.
 */
#ifndef TENFOLD_EVAL_CLASS_GAP_H
#define TENFOLD_EVAL_CLASS_GAP_H

#include <stdint.h>

#include "base/error.h"
#include "eval/score.h"

struct class_gap;

int class_gap_open(struct class_gap **table, int k, struct error *err);
void class_gap_clear(struct class_gap *table);
/* `row` holds row_padded(k) floats, padding 0. */
void class_gap_add(struct class_gap *table, const float *row, int label);
void class_gap_join(struct class_gap *table, const struct class_gap *part);

/* Mean over the classes of sum_b |gap| / n; each class's own into `of_class` (k) if not NULL. */
double class_gap_ece(const struct class_gap *table, uint64_t n, double *of_class);
/* All classes' probabilities as one reliability diagram; `n` rows were added. */
void class_gap_bins(const struct class_gap *table, uint64_t n, struct score_bin *bins);
/* What one row adds to n times the error when the signs of the table's gaps are held: the mean of
 * this over the rows added is the error. Any thread. */
double class_gap_share(const struct class_gap *table, const float *row, int label);

void class_gap_close(struct class_gap *table);

/* The bin of a probability. */
int calibration_bin(float p);

#endif
