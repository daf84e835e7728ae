/* Inside score_make: weights of an ensemble's members from the selection samples. Others include
 * score_make.h. */
#ifndef TENFOLD_EVAL_SCORE_WEIGHTS_H
#define TENFOLD_EVAL_SCORE_WEIGHTS_H

#include "base/thread.h"
#include "eval/greedy.h"
#include "eval/score_work.h"

/* Fit weights (count) of members with probabilities for `samples`: SCORE_WEIGHTS_NNLS, _LIKELIHOOD
 * or _GREEDY, which also fills `greedy` (release it). Sum 1. */
int score_weights_fit(enum score_weighting how, const struct mixture_member *member, int count,
                      const struct score_samples *samples, int steps, struct pool *pool,
                      double *weight, struct greedy *greedy, struct error *err);

#endif
