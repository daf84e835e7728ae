/*
 * From outputs and labels in memory to everything that a report shows.
 *
 *     struct score_options o = score_defaults();
 *     o.pool = pool;
 *     struct score_result *r;
 *     if (score_make(&input, &o, &r, &err) < 0) ...
 *     score_close(r);
 *
 * The result is the same for any number of threads, and for any order of the files but for the
 * order in which it lists them.
 */
#ifndef TENFOLD_EVAL_SCORE_MAKE_H
#define TENFOLD_EVAL_SCORE_MAKE_H

#include "base/thread.h"
#include "eval/score.h"

/* One predictor's outputs. All is borrowed; texts that are not known are "". */
struct score_file {
    const char *name; /* all different */
    const char *file, *hash, *network, *views, *kernels, *preprocess;
    enum score_kind kind;
    const float *probs;   /* (n,k); NULL for votes */
    const float *logits;  /* (n,k), where SCORE_RULE_LOGIT is to be had; NULL otherwise */
    const int32_t *votes; /* (n), 0..k-1; NULL but for votes */
    uint64_t parameters, multiply_adds; /* 0: not known */
};

/* What a sample is for. */
enum score_use { SCORE_REPORTED, SCORE_SELECTION, SCORE_UNUSED };

struct score_input {
    uint64_t n;
    int k, files;
    int beside;                    /* the last so many files take no part in ensembles */
    const struct score_file *file; /* (files) */
    const int64_t *label;          /* (n), -1 unknown; k or more: a class without an output */
    const int64_t *id;             /* (n); NULL: the rows' numbers */
    const uint8_t *use;            /* (n) enum score_use; NULL: all are reported */
    /* Other samples for selection, of the same predictors in the same order; NULL: none. */
    const struct score_input *selection;
    const char *selection_how; /* for people: "fold 0 of 5 by id"; "" where there is none */
    /* Alternative labels: those of sample i are real_label[real_first[i]] up to
     * real_first[i + 1]; samples without any take no part. NULL: none. */
    const uint64_t *real_first; /* (n + 1) */
    const int32_t *real_label;
    const char *const *class_name;                           /* (k), or NULL */
    const char *const *sample;                               /* (n) keys, or NULL */
    const char *data, *data_hash, *labels, *title, *command; /* NULL: "" */
    const char *caution;        /* a file's own word that its numbers flatter; NULL: none */
    const char *const *warning; /* (warnings) sentences for the report */
    int warnings;
};

/* An ensemble of all files but those beside. */
struct score_wish {
    enum score_rule rule;
    enum score_weighting weighting;
    const double *weight; /* (files - beside) of SCORE_WEIGHTS_GIVEN, any sum above 0 */
};

struct score_options {
    struct pool *pool; /* borrowed */
    int rounds;        /* of the bootstrap; 0: only Wilson's intervals */
    uint64_t seed;
    int top; /* k of top-k */
    bool temperature;
    bool optimistic; /* selecting and fitting on reported samples is allowed */
    int greedy_steps;
    int mistakes, suspects; /* how many are listed */
    const struct score_wish *wish;
    int wishes;
};

/* 1,000 rounds, seed 0, top-5, temperatures, 20 greedy steps, 64 mistakes and suspects, no
 * ensemble. */
struct score_options score_defaults(void);

/* ERROR_USAGE: weights are to be fitted or members selected, no samples are declared for it and
 * `optimistic` is not set; or a rule lacks what it averages. ERROR_DATA: no reported sample has a
 * label. */
int score_make(const struct score_input *input, const struct score_options *options,
               struct score_result **result, struct error *err);

#endif
