/*
 * One sample's k probabilities as a row of floats, padded to whole blocks of ROW_LANES, and what is
 * asked of it. A source hands out the rows of a predictor one by one, so that an ensemble or a
 * scaled network need not lie in memory.
 *
 *     float *row = memory_aligned(row_padded(k), sizeof(*row), &err);
 *     row_load(row, p + i * k, k, 0);
 *     double sum = row_sum(row, row_padded(k));
 *
 * Sums run in double over the lanes and then in one fixed tree: the same bits at every width of
 * vector code. `size` is always row_padded(k). Pure functions; all threads may call them.
 */
#ifndef TENFOLD_EVAL_ROW_H
#define TENFOLD_EVAL_ROW_H

#include <stddef.h>
#include <stdint.h>

enum { ROW_LANES = 16 };

size_t row_padded(int k);
/* Copy x (k) and fill up with `pad`. */
void row_load(float *row, const float *x, int k, float pad);

double row_sum(const float *x, size_t size);
double row_squares(const float *x, size_t size);
float row_max(const float *x, size_t size);
/* The first place that holds `value`, which must be there. */
int row_find(const float *x, size_t size, float value);
/* How many classes stand before `label`: larger ones, and equal ones of a smaller number. */
int row_ahead(const float *x, size_t size, int label);

/* z = log x, x raised to ROW_SMALLEST where it is less; within 2e-7 of its magnitude, plus 2e-7. */
#define ROW_SMALLEST 1e-12f
void row_log(const float *x, float *z, size_t size);
/* y = exp(scale * z - shift), below exp(-86): 0; returns the sum. Relative error below 3e-7, plus
 * that of the float product. `y` may be `z`. */
double row_exp(const float *z, float scale, float shift, float *y, size_t size);
/* y = scale * x, y may be x. */
void row_scale(const float *x, float scale, float *y, size_t size);
/* Softmax in place of logits x (k), padded with -inf: exp(x - max) / sum. */
void row_softmax(float *x, size_t size);

/* Row i of n rows into `row` (row_padded(k) floats, padding 0). `scratch` holds row_padded(k)
 * doubles for whoever needs it. */
struct row_source {
    uint64_t n;
    int k;
    void (*row)(const void *context, uint64_t i, float *row, double *scratch);
    const void *context; /* borrowed */
};

#endif
