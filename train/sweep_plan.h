/*
 * What a stage of a sweep consists of, as a file that the first process to begin it writes:
 * SWEEP/stages/<nnnn>.json. Who comes later takes that, so that all processes do the same trials
 * under the same numbers, whatever they would have decided themselves.
 *
 *     struct sweep_plan plan;
 *     if (sweep_plan_take(&plan, folder, &stage, seed, &err) < 0) ...
 *     sweep_plan_release(&plan);
 */
#ifndef TENFOLD_TRAIN_SWEEP_PLAN_H
#define TENFOLD_TRAIN_SWEEP_PLAN_H

#include "train/sweep.h"

enum { SWEEP_TRIALS = 100000, SWEEP_FOLDS = 1000, SWEEP_SETS = 16 };

struct sweep_plan {
    char *stage; /* owned */
    int round;
    uint64_t seed;
    enum sweep_search search;
    int first;  /* id of its first trial */
    int ids;    /* that it may use from there on */
    int trials; /* settings */
    int epochs, folds, eta, least;
    int asked;             /* trials that were asked for: a grid may have fewer */
    char *set[SWEEP_SETS]; /* owned */
    int sets;
    struct space space; /* owned */
};

/* Begin the stage, or take what is written of it. */
int sweep_plan_take(struct sweep_plan *plan, const char *folder, const struct sweep_stage *stage,
                    uint64_t seed, struct error *err);
/* ERROR_USAGE when nobody has begun it. */
int sweep_plan_find(struct sweep_plan *plan, const char *folder, const char *stage, int round,
                    struct error *err);
void sweep_plan_release(struct sweep_plan *plan);

/* Rungs of successive halving, 1 without; and the epochs at whose end rung `rung` stands. */
int sweep_plan_rungs(const struct sweep_plan *plan);
int sweep_plan_until(const struct sweep_plan *plan, int rung);

#endif
