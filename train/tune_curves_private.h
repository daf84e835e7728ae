/* A run's curves with what judges ask of them: tune_curves_shape.c looks, tune_curves_judge.c names
 * what is seen. Others include tune_curves.h. */
#ifndef TENFOLD_TRAIN_TUNE_CURVES_PRIVATE_H
#define TENFOLD_TRAIN_TUNE_CURVES_PRIVATE_H

#include "train/tune_curves.h"

struct curve_shape {
    struct curve_block b[CURVES_BLOCKS];
    size_t n;
    double quarter[4]; /* means of the loss; of less than four blocks, the blocks again */
    double chance, first, final, least, most, top_lr, guess; /* guess: 1 / classes */
    double train_top1, eval_top1, best_eval_top1;            /* last, last, best; NAN: none */
};

void curve_look(const struct curve_facts *facts, struct curve_shape *shape);
/* The loss falls slowly, and to the end as fast as at the beginning. */
bool curve_creeps(const struct curve_facts *facts, const struct curve_shape *shape);
/* Between the least and the largest loss of an epoch; of a run too short for that, of a block. */
double curve_scatter(const struct curve_facts *facts, const struct curve_shape *shape);
/* How much the last third of the run gains. */
double curve_late_gain(const struct curve_shape *shape);
/* The first block behind a milestone: where the rate, so far the highest, is at once less than
 * half of it. A block may lie on both sides. `last` is the last one before. 0: there is none. */
size_t curve_milestone(const struct curve_shape *shape, size_t *last);
/* The last of n that is finite; NAN: none. */
double curve_last(const double *x, size_t n);

#endif
