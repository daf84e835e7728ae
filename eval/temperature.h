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

/* Logarithms of the probabilities of all rows. */
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
 * TEMPERATURE_LEAST..TEMPERATURE_MOST; 1 without rows. Rows whose label is k have none to offer.
 * The same bits for any number of threads. */
int temperature_fit(const struct temperature_rows *rows, const int32_t *label, const uint8_t *part,
                    int which, struct pool *pool, double *temperature, struct error *err);

/* The scaled rows as a source: row i under temperature[part[i]]. All borrowed. */
struct temperature_scaled {
    const struct temperature_rows *rows;
    const uint8_t *part;
    const double *temperature;
};
void temperature_row(const void *scaled, uint64_t i, float *row, double *scratch);

#endif
