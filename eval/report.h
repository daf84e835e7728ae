/*
 * What an evaluation in memory found, for the programs that go on with it: how many answers of each
 * network, and of their mean probability, are right. What is written for people and scripts is made
 * by evaluation_score.h.
 *
 *     struct evaluation e;
 *     if (evaluate(&e, &request, &err) < 0) ...
 *     best = e.report.scores[e.report.best].top1;
 */
#ifndef TENFOLD_EVAL_REPORT_H
#define TENFOLD_EVAL_REPORT_H

#include "eval/members.h"
#include "eval/metric.h"

/* Everything is borrowed. */
struct report {
    const char *data, *data_hash;
    uint64_t n; /* images */
    int k;      /* classes */
    const char *views;
    int views_total; /* views an image, coinciding ones counted each */
    const struct members *members;
    const char *const *files;          /* (members) as given */
    const struct metric_score *scores; /* (members) */
    struct metric_score ensemble;      /* with one member: the same as its own */
    int best;                          /* member that report_best chose */
    uint64_t corrected, corrupted;     /* samples, from the best member to the ensemble */
    int threads;
    double seconds;
    const char *kernels;
};

/* The best single model: most correct, of equals the smaller NLL, then the smaller hash: not the
 * order given. */
int report_best(const struct metric_score *scores, const char *const *hashes, int count);

#endif
