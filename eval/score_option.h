/*
 * Command-line texts of `score` and `compare` as values.
 *
 *     struct score_wish wish;
 *     if (score_wish_parse("prob:greedy", files, weights, &wish, &err) < 0) ...
 */
#ifndef TENFOLD_EVAL_SCORE_OPTION_H
#define TENFOLD_EVAL_SCORE_OPTION_H

#include "eval/score_make.h"

/* RULE, RULE:WEIGHTING or RULE:W1,W2,... (one weight for each of `files`, kept in weight (files)).
 */
int score_wish_parse(const char *text, int files, double *weight, struct score_wish *wish,
                     struct error *err);
/* "I/N" */
int score_fold_parse(const char *text, int *fold, int *folds, struct error *err);

#endif
