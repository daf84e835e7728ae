/*
 * A sweep: many trainings in one folder, by any number of processes on any number of machines that
 * see the folder. Each process opens the sweep and runs the same stages; trials are handed out by
 * claim files, and sweep_run returns when every trial of the stage has its result, whoever ran it.
 * A process that dies is noticed by its heartbeat and its trial goes on elsewhere from its
 * checkpoint. docs/formats.md has the files.
 *
 *     struct sweep *sweep;
 *     if (sweep_open(&sweep, &options, &err) < 0) ...
 *     struct sweep_stage coarse = { .name = "coarse", .round = 1, .space = &space, .trials = 20,
 *                                   .epochs = 3 };
 *     if (sweep_run(sweep, &coarse, deadline, &end, &err) < 0) ...
 *     if (sweep_read(folder, "coarse", 1, &results, &err) < 0) ...
 *
 * A trial is a pure function of (config, seed, stage, round, id): the same seed gives the same
 * sweep, whatever the number of workers.
 */
#ifndef TENFOLD_TRAIN_SWEEP_H
#define TENFOLD_TRAIN_SWEEP_H

#include <signal.h>
#include <stdbool.h>

#include "train/space.h"

struct sweep;

struct sweep_options {
    const struct config *config; /* borrowed until close, as all below */
    const char *folder;
    const char *data, *val, *daemon; /* as in struct train_request */
    uint64_t seed;                   /* tune.seed */
    double beat;                     /* seconds between heartbeats; 0: 5 */
    double patience;                 /* a heart that is silent for so long is dead; 0: 60 */
    bool quiet;
    const volatile sig_atomic_t *stop; /* as in struct train_request */
    /* A line about what happens (trial done, taken over); NULL: nobody listens. */
    void (*tell)(void *context, const char *line);
    void (*warn)(void *context, const char *place, const char *text);
    void *context;
};

/* Makes the folder, or joins. ERROR_USAGE, listing the differences, when it was begun with another
 * config or seed. */
int sweep_open(struct sweep **sweep, const struct sweep_options *options, struct error *err);
const char *sweep_folder(const struct sweep *sweep); /* borrowed */
void sweep_close(struct sweep *sweep);               /* NULL is a no-op */

enum sweep_search { SWEEP_RANDOM, SWEEP_GRID };

struct sweep_stage {
    const char *name; /* "coarse", "refine", "kfold", "asha", "grid", "random" */
    int round;        /* 1 is the first of its name */
    enum sweep_search search;
    const struct space *space;
    int trials; /* settings that are tried */
    int epochs; /* train.epochs of each */
    /* More for every trial, as for --set ("train.schedule=constant"); NULL-terminated or NULL. */
    const char *const *set;
    int folds; /* k-fold cross-validation: each setting is trained so often; 0: on all data */
    /* Successive halving (ASHA): the best 1/eta of a rung go on in the next, which is eta times as
     * long; the first rung has `least` epochs, none more than `epochs`. eta 0: all trials are
     * whole. */
    int eta, least;
};

struct sweep_end {
    int trials, done; /* of this stage: all, and with a result */
    bool complete;
    int ran; /* by this process */
};

/* Work until the stage is complete, or until `deadline` (of clock_seconds(); 0: none) is past: 0
 * with `complete` false, the trial at hand is saved and goes on when somebody runs the stage again.
 * The first process to begin a stage (name, round) writes down what it consists of; who comes later
 * takes that, so that all do the same. ERROR_REQUEUE or ERROR_INTERRUPTED after `stop`; a full disk
 * or a daemon that is gone is an error, and another worker goes on with the trial. A trial that
 * diverges or is refused (values that do not fit together) is a result. */
int sweep_run(struct sweep *sweep, const struct sweep_stage *stage, double deadline,
              struct sweep_end *end, struct error *err);

enum sweep_state { SWEEP_DONE, SWEEP_EARLY, SWEEP_DIVERGED, SWEEP_REFUSED };
extern const char *const sweep_state_names[]; /* ends with NULL */

struct sweep_result {
    int id;         /* of the trial, unique in the sweep */
    int setting;    /* its place in the stage: equal for the folds and rungs of one setting */
    int fold, rung; /* 0.. */
    int attempt;    /* that finished it */
    enum sweep_state state;
    json_t *params;                /* owned: {"train.lr": ..} */
    double top1, best_top1;        /* validation, 0..1; 0 where it diverged */
    double loss;                   /* of the last validation; NAN where there is none */
    double train_loss, train_top1; /* of the last epoch; NAN where there is none */
    int epochs, best_epoch;
    double seconds;
    char *run;    /* owned: "trials/0007" */
    char *reason; /* owned: why it diverged or was refused; "" */
};

struct sweep_results {
    size_t count;
    struct sweep_result *item; /* owned; by id */
};

/* The results that a stage of the sweep in `folder` has so far; ERROR_USAGE when it was never
 * begun. Anybody may read them, whoever works there. */
int sweep_read(const char *folder, const char *name, int round, struct sweep_results *results,
               struct error *err);
void sweep_results_release(struct sweep_results *results);

/* One setting: its trials of the highest rung taken together. */
struct sweep_setting {
    int setting, trials, rung, epochs;
    const json_t *params; /* borrowed from the results */
    const char *run;      /* borrowed: of its first trial */
    double top1, se;      /* mean of best_top1 over its folds, and standard error of that mean */
};
/* Best first: whoever came to a higher rung before the others, then by top1, then by setting.
 * `settings` is fresh (free()). */
int sweep_rank(const struct sweep_results *results, struct sweep_setting **settings, size_t *count,
               struct error *err);
/* How many different values of `key` the results have tried. */
size_t sweep_values(const struct sweep_results *results, const char *key);

/* How much of the spread of best_top1 each key of the stage explains alone (importance.h; a trial
 * that came to nothing counts as 0): {"train.lr": 0.71, ..}, a new reference. */
int sweep_importance(const char *folder, const char *stage, int round, json_t **shares,
                     struct error *err);

#endif
