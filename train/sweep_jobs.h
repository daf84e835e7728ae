/*
 * The trials of a stage, as far as they are known: all of them from the start, but for those of the
 * higher rungs of successive halving, which appear when the results below are there.
 *
 *     struct sweep_jobs jobs;
 *     if (sweep_jobs_open(&jobs, &plan, folder, &err) < 0) ...
 *     if (sweep_jobs_look(&jobs, &err) < 0) ...        // new results, and what follows from them
 *     sweep_jobs_close(&jobs);
 *
 * Successive halving is ASHA (Li et al., "A System for Massively Parallel Hyperparameter Tuning",
 * MLSys 2020): whenever a trial is among the best 1/eta of its rung's results so far it goes on in
 * the next, nobody waits for the whole rung. There "so far" depends on who was quick. Here it
 * means: of the results of the trials that came to the rung before, so that the same trials go on
 * whatever the number and speed of the workers.
 */
#ifndef TENFOLD_TRAIN_SWEEP_JOBS_H
#define TENFOLD_TRAIN_SWEEP_JOBS_H

#include "train/claim.h"
#include "train/trial.h"

struct sweep_job {
    struct trial trial; /* owned */
    bool done;
    struct sweep_result result; /* owned; where done */
    int attempt;                /* the last that is known to be claimed; -1: none */
    struct pulse pulse;
};

struct sweep_jobs {
    const struct sweep_plan *plan; /* borrowed, as the folder */
    const char *folder;
    struct sweep_job *job; /* owned; a rung's in order of promotion */
    size_t count, capacity, done;
    size_t judged; /* of those that are done, how many the promotions so far follow from */
};

int sweep_jobs_open(struct sweep_jobs *jobs, const struct sweep_plan *plan, const char *folder,
                    struct error *err);
int sweep_jobs_look(struct sweep_jobs *jobs, struct error *err);
void sweep_jobs_close(struct sweep_jobs *jobs);

/* The rule itself: which of a rung's trials (score (n), in order; NAN: not to be promoted) are
 * promoted, in order of promotion, into promoted[] (n); how many in *count. */
int sweep_promote(const double *score, size_t n, int eta, size_t *promoted, size_t *count,
                  struct error *err);

#endif
