/*
 * What `score` is given on the command line, read and held against each other: prediction files,
 * labels, names, and which samples are for selection.
 *
 *     struct score_set *set;
 *     struct score_request r = { .files = paths, .count = 3, .pool = pool };
 *     if (score_set_read(&set, &r, &err) < 0) ...
 *     score_make(score_set_input(set), &options, &result, &err);
 *     score_set_close(set);
 */
#ifndef TENFOLD_EVAL_SCORE_READ_H
#define TENFOLD_EVAL_SCORE_READ_H

#include "eval/outputs.h"
#include "eval/score_make.h"

/* Borrowed; NULL and 0 where nothing was given. */
struct score_request {
    const char *const *files;
    int count;
    const char *labels;  /* file of labels; needed where no prediction file has any */
    const char *real;    /* ReaL's JSON: a list of labels for every sample */
    const char *classes; /* names of the classes, one a line */
    struct outputs_options outputs;
    bool keep_logits;       /* for SCORE_RULE_LOGIT */
    const char *const *val; /* predictions of other samples, for selection; (count) or none */
    int vals;
    const char *val_labels;
    const char *val_ids; /* ids for selection, one a line */
    bool learn_views;    /* beside each file that keeps its views: weights of them fitted */
    bool optimistic;     /* that may be done on the reported samples */
    int fold, folds;     /* ids with id % folds == fold are for selection; folds 0: none */
    const char *command; /* for the report */
    struct pool *pool;
};

struct score_set;

/* ERROR_DATA: files of different data sets, numbers of samples or classes, or orders; labels that
 * do not fit. ERROR_USAGE: no labels, more than one way of selection. */
int score_set_read(struct score_set **set, const struct score_request *request, struct error *err);
/* Borrowed until close. */
const struct score_input *score_set_input(const struct score_set *set);
/* What each view and scale of the files that keep them is worth, into `result`, which is this
 * set's.
 */
int score_set_views(const struct score_set *set, struct score_result *result, struct pool *pool,
                    struct error *err);
/* NULL is a no-op. */
void score_set_close(struct score_set *set);

#endif
