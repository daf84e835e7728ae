/*
 * The section `tune` of a config: how the seven steps go.
 *
 *     tune:
 *       space: {train.weight_decay: {choice: [1e-4, 1e-5, 0]}}
 *       coarse_trials: 12
 *
 *     struct tune_config c;
 *     if (tune_config_read(&c, config, &err) < 0) ...
 */
#ifndef TENFOLD_TRAIN_TUNE_CONFIG_H
#define TENFOLD_TRAIN_TUNE_CONFIG_H

#include "base/config.h"
#include "base/param.h"

enum {
    TUNE_SPACE,
    TUNE_SEARCH,
    TUNE_SEED,
    TUNE_OVERFIT_BATCHES,
    TUNE_OVERFIT_PASSES,
    TUNE_LR_STEPS,
    TUNE_COARSE_TRIALS,
    TUNE_COARSE_EPOCHS,
    TUNE_REFINE_TRIALS,
    TUNE_REFINE_EPOCHS,
    TUNE_KEEP,
    TUNE_ROUNDS,
    TUNE_FOLDS,
    TUNE_ETA,
    TUNE_BUDGET,
    TUNE_TRIALS,
    TUNE_PARAMS
};
extern const struct param tune_params[TUNE_PARAMS + 1];

struct tune_config {
    const struct node *space; /* borrowed from the config; NULL: rate and weight decay */
    bool grid;
    uint64_t seed;
    int overfit_batches, overfit_passes, lr_steps;
    int coarse_trials, coarse_epochs, refine_trials, refine_epochs, keep, rounds, folds, eta;
    double budget; /* seconds; 0: none */
    int trials;    /* of all stages together; 0: any number */
};

/* The space is read by whoever knows the config's keys (space.h). */
int tune_config_read(struct tune_config *c, const struct config *config, struct error *err);

/* "2h", "90m", "45s" or "1h30m"; a bare number is seconds. */
bool tune_duration(const char *text, double *seconds);

#endif
