/*
 * Samples from the surest answer to the least sure one: what calibration of the largest probability
 * and selective prediction are made of. A resample of the samples is a count for each, so that a
 * bootstrap's round costs one pass over n small numbers.
 *
 *     struct ranking r;
 *     if (ranking_open(&r, &answers, &err) < 0) ...
 *     struct ranking_measures m = ranking_measure(&r, NULL);       // of the samples themselves
 *     printf("ECE %.4f, AURC %.4f\n", m.ece, ranking_aurc(&r, NULL));
 *     ranking_close(&r);
 *
 * Bins of equal width are (b/15, (b+1)/15], the first with 0; of equal mass those of the samples
 * themselves, bin b holding places [b n / 15, (b+1) n / 15) from the least sure one on. Both stay
 * what they are in a resample.
 */
#ifndef TENFOLD_EVAL_RANKING_H
#define TENFOLD_EVAL_RANKING_H

#include "eval/answers.h"

struct ranking {
    uint64_t n;
    uint32_t *order;   /* (n) samples; owned, as all below */
    float *confidence; /* (n) in order */
    double *gap;       /* (n) in order: confidence - right */
    uint8_t *wrong;    /* (n) in order */
    uint8_t *last;     /* (n) in order: the next one is less sure */
    /* Bin b of either kind lies at places [start[b + 1], start[b]): the order falls. */
    uint64_t width[SCORE_BINS + 1], mass[SCORE_BINS + 1];
};

int ranking_open(struct ranking *r, const struct answers *a, struct error *err);
void ranking_close(struct ranking *r);

/* Mean over the samples of the error among those at least as sure. */
double ranking_aurc(const struct ranking *r, const uint16_t *count);
struct ranking_measures {
    double ece, ece_mass; /* sum over bins of |sum of gaps| / n (Guo et al. 2017) */
};
/* `count` (n, in order) says how often each sample was drawn; NULL: once. */
struct ranking_measures ranking_measure(const struct ranking *r, const uint16_t *count);
/* Counts by sample into counts in order. */
void ranking_sort(const struct ranking *r, const uint16_t *by_sample, uint16_t *count);
/* The measures without each sample, by place in the order: each array (n). n >= 2. */
void ranking_leave_out(const struct ranking *r, double *ece, double *ece_mass, double *aurc);

/* Both reliability diagrams, the largest gap and the floor of the error into `c`; the other fields
 * are left alone. */
void ranking_bins(const struct ranking *r, struct score_calibration *c);
/* Coverages 0, 0.01 .. 1; the risk at 0 is that of the surest samples. */
void ranking_risks(const struct ranking *r, struct score_risk *risk);

#endif
