/*
 * Random search against a grid on the same budget (Bergstra and Bengio, "Random Search for
 * Hyper-Parameter Optimization", JMLR 2012). Where few parameters matter, a grid spends its trials
 * on few values of each of them and chance on as many as there are trials.
 *
 *     json_t *evidence;
 *     if (sweep_versus(sweep, &stage, deadline, &evidence, &err) < 0) ...
 *
 *     {"random": {"trials": 9, "best_top1": 0.61, "values_tried": {"train.lr": 9, ...},
 *                 "trial": [1, 2, ...], "best": [best top-1 so far, ...],
 *                 "points": {"train.lr": [...], ..., "top1": [...]}},
 *      "grid": {... "values_tried": {"train.lr": 3, ...} ...},
 *      "importance": {"train.lr": 0.71, ...}}                    of the random trials
 */
#ifndef TENFOLD_TRAIN_SWEEP_VERSUS_H
#define TENFOLD_TRAIN_SWEEP_VERSUS_H

#include "train/sweep.h"

/* Run `stage` twice, as "random" and as "grid" (its name and search are not looked at), and say
 * what each has found so far. The evidence is a new reference. */
int sweep_versus(struct sweep *sweep, const struct sweep_stage *stage, double deadline,
                 json_t **evidence, struct error *err);

#endif
