/*
 * One trial of a sweep: an ordinary run in SWEEP/trials/<id>, by whoever holds its last claim.
 *
 *     enum trial_end end;
 *     if (trial_work(&trial, &place, attempt, deadline, &end, &err) < 0) ...
 *     if (end == TRIAL_RECORDED && trial_result(&trial, folder, &result, &err) == 1) ...
 *
 * What is in the folder beside the run's own files: docs/formats.md.
 */
#ifndef TENFOLD_TRAIN_TRIAL_H
#define TENFOLD_TRAIN_TRIAL_H

#include "train/sweep.h"
#include "train/sweep_plan.h"

struct trial {
    int id, setting, fold, rung;
    int from;       /* id of the trial whose checkpoint it begins with; -1: none */
    json_t *params; /* owned */
};

/* Where and how trials are run; borrowed. */
struct trial_place {
    const struct sweep_options *options;
    const struct sweep_plan *plan;
    double beat;     /* seconds between heartbeats */
    double deadline; /* of clock_seconds(); 0: none */
};

enum trial_end {
    TRIAL_RECORDED,  /* its result is written */
    TRIAL_OVERTAKEN, /* somebody else goes on with it */
    TRIAL_LEFT,      /* stopped, and saved: anybody may go on with it */
};

/* ERROR_USAGE or ERROR_DATA when not this trial's values but the config or the data are wrong: then
 * no trial can be trained. */
int trial_check(const struct trial_place *place, struct error *err);
/* The folder, "SWEEP/trials/0007"; fresh (free()). */
char *trial_folder(const char *sweep, int id, struct error *err);

/* Run or go on with the trial, whose claim `attempt` is this process's. A failure that is not the
 * trial's own (no room, no daemon) leaves it to others. */
int trial_work(const struct trial *trial, const struct trial_place *place, int attempt,
               enum trial_end *end, struct error *err);

/* 1: its result, to be released; 0: it has none so far. */
int trial_result(const struct trial *trial, const char *sweep, struct sweep_result *result,
                 struct error *err);
void trial_result_release(struct sweep_result *result);

#endif
