/*
 * Temperature scaling: probabilities proportional to p^(1/T), with the T of the smallest NLL on the
 * samples it is fitted on (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). It
 * changes no answer, only how sure they are; without it the likelihoods of ensembles cannot be
 * compared fairly (Ashukha et al., "Pitfalls of In-Domain Uncertainty Estimation", ICLR 2020).
 *
 *     struct temperature_rows z;
 *     if (temperature_open(&z, &source, pool, &err) < 0) ...
 *     double t;
 *     if (temperature_fit(&z, label, part, 0, pool, &t, &err) < 0) ...
 *     temperature_close(&z);
 */
#ifndef TENFOLD_EVAL_TEMPERATURE_H
#define TENFOLD_EVAL_TEMPERATURE_H

#include "base/thread.h"
#include "eval/row.h"

#define TEMPERATURE_LEAST 0.01
#define TEMPERATURE_MOST 100.0

/* Logarithms of the probabilities of all rows, relative to each row's largest. */
struct temperature_rows {
    uint64_t n;
    int k;
    size_t size; /* of a row */
    float *z;    /* (n,size), padding -1e30; owned */
};

int temperature_open(struct temperature_rows *rows, const struct row_source *source,
                     struct pool *pool, struct error *err);
void temperature_close(struct temperature_rows *rows);

/* The T of the smallest NLL of the rows i with part[i] == which, to 1e-6 of its size, within
 * TEMPERATURE_LEAST..TEMPERATURE_MOST. The search begins at *temperature, or at 1 where that is 0,
 * and stays there without rows. Rows whose label is k have nothing to say. The same bits for any
 * number of threads. */
int temperature_fit(const struct temperature_rows *rows, const int32_t *label, const uint8_t *part,
                    int which, struct pool *pool, double *temperature, struct error *err);

/* Make the rows probabilities again, row i under temperature[part[i]]; they cannot be fitted any
 * more. */
void temperature_apply(struct temperature_rows *rows, const uint8_t *part,
                       const double *temperature, struct pool *pool);
/* These as a row_source's row: context is the rows. */
void temperature_row(const void *rows, uint64_t i, float *row, double *scratch);

#endif
