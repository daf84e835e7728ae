/*
 * What an evaluation found, as a table for people and as JSON for scripts.
 *
 *     struct report r = { .data = "data/test", .views = "10crop", ... };
 *     if (report_print(&r, &text, &err) < 0) ...
 *     json_t *json = report_json(&r, &err);
 */
#ifndef TENFOLD_EVAL_REPORT_H
#define TENFOLD_EVAL_REPORT_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/error.h"
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

/* The table, appended to `text`. */
int report_print(const struct report *r, struct buffer *text, struct error *err);

/* docs/nneval.md lists the keys. Caller owns it. */
json_t *report_json(const struct report *r, struct error *err);

#endif
