/*
 * What each view and scale is worth to a predictor, as rows of a score.
 *
 *     if (score_add_views(result, predictor, &file, NULL, pool, &err) < 0) ...
 */
#ifndef TENFOLD_EVAL_SCORE_ABLATION_H
#define TENFOLD_EVAL_SCORE_ABLATION_H

#include "base/thread.h"
#include "eval/prediction.h"
#include "eval/score.h"

/* Rows behind those that are there. Samples whose label is -1 take no part. `weight` (v) replaces
 * the file's where not NULL. ERROR_USAGE: the file keeps no views. */
int score_add_views(struct score_result *result, int predictor, const struct prediction_file *file,
                    const double *weight, struct pool *pool, struct error *err);

#endif
