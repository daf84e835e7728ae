/*
 * Everything that `score` finds of prediction files, of an evaluation that is still in memory.
 *
 *     struct score_options o = score_defaults();
 *     o.pool = pool;
 *     if (evaluation_score(&e, &o, &result, &err) < 0) ...
 *     score_close(result);
 */
#ifndef TENFOLD_EVAL_EVALUATION_SCORE_H
#define TENFOLD_EVAL_EVALUATION_SCORE_H

#include "eval/evaluation.h"
#include "eval/score_make.h"

/* Samples are named by their keys, classes as the data set names them. Where options wish for no
 * ensemble and there are several networks, their mean probability is one. */
int evaluation_score(const struct evaluation *e, const struct score_options *options,
                     struct score_result **result, struct error *err);

#endif
