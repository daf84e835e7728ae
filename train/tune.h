/*
 * The seven-step recipe for hyper-parameters (the lecture's): check the beginning, overfit a small
 * sample, find rates that work, search coarsely, refine, look at the curves, and again.
 *
 *     struct tune_options one = { .config = config, .tune = &tune };
 *     if (tune_step(&one, TUNE_STEP_INIT, &verdict, &err) < 0) ...
 *     struct tune_options options = { .config = config, .tune = &tune, .folder = "out/sweep" };
 *     if (tune_run(&options, TUNE_ALL, &pass, &err) < 0) ...
 *
 * Several processes may run the recipe on one folder: trials are shared (sweep.h), and each verdict
 * is recorded once; whoever comes later takes it over.
 */
#ifndef TENFOLD_TRAIN_TUNE_H
#define TENFOLD_TRAIN_TUNE_H

#include <signal.h>
#include <stdbool.h>

#include "base/config.h"
#include "train/tune_config.h"
#include "train/tune_verdict.h"

struct tune_options {
    const struct config *config; /* borrowed, as all below */
    const struct tune_config *tune;
    const char *data, *val, *daemon; /* as in struct train_request */
    const char *folder;              /* of the sweep; NULL: the first three steps write nothing */
    bool keep_going;                 /* beyond a fault that no search can mend */
    bool quiet;
    const volatile sig_atomic_t *stop;
    /* Told of every verdict; a line of text about what happens; and what went wrong without ending
     * it. NULL: nobody listens. */
    void (*verdict)(void *context, const struct verdict *verdict);
    void (*tell)(void *context, const char *line);
    void (*warn)(void *context, const char *place, const char *text);
    void *context;
};

enum tune_step {
    TUNE_STEP_INIT,
    TUNE_STEP_OVERFIT,
    TUNE_STEP_LR,
    TUNE_STEP_COARSE,
    TUNE_STEP_REFINE,
    TUNE_STEP_CURVES,
    TUNE_STEP_VERSUS, /* beside the seven: random search against a grid */
    TUNE_ALL
};
extern const char *const tune_step_names[]; /* by step; ends with NULL */

/* Steps 1 to 3. `verdict` is filled where 0 is returned: verdict_release. */
int tune_step(const struct tune_options *options, enum tune_step step, struct verdict *verdict,
              struct error *err);

/* All steps, or one of them with whatever it needs that is not there yet (the search needs step 3
 * where the space does not name train.lr). Needs `folder` and, for the search, validation data.
 * *pass: no step has failed, but for faults that the search mends. Stops at a fault that it cannot
 * mend, and when tune.budget or tune.trials is used up; run again it goes on. The best setting so
 * far is left in folder/best.json, a config. */
int tune_run(const struct tune_options *options, enum tune_step step, bool *pass,
             struct error *err);

/* Has somebody asked to stop? Then -1 with ERROR_INTERRUPTED, or with a folder ERROR_REQUEUE. */
int tune_stopped(const struct tune_options *options, const char *step, struct error *err);

#endif
