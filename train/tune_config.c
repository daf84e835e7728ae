#include "train/tune_config.h"

#include <stdlib.h>

static const char *const searches[] = { "random", "grid", NULL };

const struct param tune_params[TUNE_PARAMS + 1] = {
    [TUNE_SPACE] = { "space", PARAM_NODE, "",
                     .help = "map of config keys to what is tried: {log_uniform: [low, high]}, "
                             "uniform, int, log_int, normal: [mean, deviation], choice: [...]. "
                             "Without train.lr: around the rates that step 3 finds; without "
                             "train.weight_decay: 1e-4, 1e-5 and 0" },
    [TUNE_SEARCH] = { "search", PARAM_CHOICE, "", .value = 0, .choices = searches,
                      .help = "how the coarse stage goes through the space" },
    [TUNE_SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
                    .help = "of what is drawn from the space" },
    [TUNE_OVERFIT_BATCHES] = { "overfit_batches", PARAM_INTEGER, "batches", .value = 8, .min = 1,
                               .max = 256, .help = "that step 2 learns by heart" },
    [TUNE_OVERFIT_PASSES] = { "overfit_passes", PARAM_INTEGER, "passes", .value = 150, .min = 1,
                              .max = 100000, .help = "over them at most" },
    [TUNE_LR_STEPS] = { "lr_steps", PARAM_INTEGER, "steps", .value = 100, .min = 20, .max = 100000,
                        .help = "that step 3 gives each learning rate" },
    [TUNE_COARSE_TRIALS] = { "coarse_trials", PARAM_INTEGER, "", .value = 12, .min = 1,
                             .max = 100000, .help = "settings of step 4" },
    [TUNE_COARSE_EPOCHS] = { "coarse_epochs", PARAM_INTEGER, "epochs", .value = 2, .min = 1,
                             .max = 100000, .help = "of each" },
    [TUNE_REFINE_TRIALS] = { "refine_trials", PARAM_INTEGER, "", .value = 4, .min = 1,
                             .max = 100000, .help = "settings of each round of step 5" },
    [TUNE_REFINE_EPOCHS] = { "refine_epochs", PARAM_INTEGER, "epochs", .value = 10, .min = 1,
                             .max = 100000, .help = "of each, at a constant learning rate" },
    [TUNE_KEEP] = { "keep", PARAM_INTEGER, "", .value = 3, .min = 1, .max = 1000,
                    .help = "the best so many settings say where step 5 looks" },
    [TUNE_ROUNDS] = { "rounds", PARAM_INTEGER, "", .value = 3, .min = 1, .max = 1000,
                      .help = "of steps 5 and 6 at most" },
    [TUNE_FOLDS] = { "folds", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 100,
                     .help =
                         "step 5 trains each setting so often, each time validated on another "
                         "part of the training data (k-fold cross-validation), and so does step "
                         "4 where there is no data.val; 0: validates on data.val" },
    [TUNE_ETA] = { "eta", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 100,
                   .help = "step 4 by successive halving (ASHA): begins with 1 epoch, the best "
                           "1/eta go on for eta times as long, coarse_epochs at most; 0: all "
                           "trials are whole" },
    [TUNE_BUDGET] = { "budget", PARAM_TEXT, "",
                      .help = "time for everything, as in 2h, 90m, 1h30m; none: no limit" },
    [TUNE_TRIALS] = { "trials", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1000000,
                      .help = "of all stages together; 0: as many as the stages have" },
    { 0 },
};

bool tune_duration(const char *text, double *seconds)
{
    double all = 0;
    if (!*text)
        return false;
    while (*text) {
        char *end;
        double x = *text >= '0' && *text <= '9' ? strtod(text, &end) : -1;
        if (x < 0 || x > 1e9)
            return false;
        all += *end == 'h' ? 3600 * x : *end == 'm' ? 60 * x : x;
        if (*end && *end != 'h' && *end != 'm' && *end != 's')
            return false;
        text = *end ? end + 1 : end;
    }
    *seconds = all;
    return all > 0;
}

int tune_config_read(struct tune_config *c, const struct config *config, struct error *err)
{
    union value v[TUNE_PARAMS];
    const struct node *tune = node_get(config_root(config), "tune");
    if (config_check_sections(config, err) < 0 || param_read(tune_params, tune, v, err) < 0)
        return -1;
    *c = (struct tune_config){
        .space = v[TUNE_SPACE].node,
        .grid = v[TUNE_SEARCH].integer == 1,
        .seed = (uint64_t)v[TUNE_SEED].integer,
        .overfit_batches = (int)v[TUNE_OVERFIT_BATCHES].integer,
        .overfit_passes = (int)v[TUNE_OVERFIT_PASSES].integer,
        .lr_steps = (int)v[TUNE_LR_STEPS].integer,
        .coarse_trials = (int)v[TUNE_COARSE_TRIALS].integer,
        .coarse_epochs = (int)v[TUNE_COARSE_EPOCHS].integer,
        .refine_trials = (int)v[TUNE_REFINE_TRIALS].integer,
        .refine_epochs = (int)v[TUNE_REFINE_EPOCHS].integer,
        .keep = (int)v[TUNE_KEEP].integer,
        .rounds = (int)v[TUNE_ROUNDS].integer,
        .folds = (int)v[TUNE_FOLDS].integer,
        .eta = (int)v[TUNE_ETA].integer,
        .trials = (int)v[TUNE_TRIALS].integer,
    };
    const char *budget = v[TUNE_BUDGET].text;
    if (budget && !tune_duration(budget, &c->budget))
        return node_error(node_get(tune, "budget"), err,
                          "budget is '%s'; must be a time as in 2h, 90m or 1h30m", budget);
    return 0;
}
