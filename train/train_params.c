#include "train/train_params.h"

#include "augment/augmentation_values.h"
#include "model/loss.h"
#include "train/prune.h"
#include "train/train_config.h"

static const char *const convolutions[] = { "exact", "fast", NULL };

const struct param train_params[TRAIN_PARAMS + 1] = {
    [TRAIN_EPOCHS] = { "epochs", PARAM_INTEGER, "epochs", .value = 10, .min = 1, .max = 100000,
                       .help = "how often the data set is seen" },
    [TRAIN_LR] = { "lr", PARAM_NUMBER, "", .value = 0.1, .min = 0, .max = 1000,
                   .help = "base learning rate" },
    [TRAIN_OPTIMIZER] = { "optimizer", PARAM_CHOICE, "", .value = OPTIMIZER_SGD,
                          .choices = optimizer_names, .help = "as torch.optim's of that name" },
    [TRAIN_MOMENTUM] = { "momentum", PARAM_NUMBER, "", .value = -1, .min = -1, .max = 1,
                         .help = "of sgd, lars and rmsprop, without dampening; -1: 0.9 for the "
                                 "first two, 0 for rmsprop" },
    [TRAIN_NESTEROV] = { "nesterov", PARAM_FLAG, "", .help = "Nesterov's momentum" },
    [TRAIN_BETAS] = { "betas", PARAM_NUMBERS, "", .min = 0, .max = 0.999999,
                      .initial = "[0.9, 0.999]", .help = "of adam and adamw" },
    [TRAIN_ALPHA] = { "alpha", PARAM_NUMBER, "", .value = 0.99, .min = 0, .max = 1,
                      .help = "of rmsprop" },
    [TRAIN_EPS] = { "eps", PARAM_NUMBER, "", .value = -1, .min = -1, .max = 1,
                    .help = "added to the roots of adagrad, rmsprop, adam and adamw; -1: 1e-10 "
                            "for adagrad, 1e-8" },
    [TRAIN_TRUST] = { "trust", PARAM_NUMBER, "", .value = 0.001, .min = 0, .max = 1,
                      .help = "coefficient of lars" },
    [TRAIN_WEIGHT_DECAY] = { "weight_decay", PARAM_NUMBER, "", .value = -1, .min = -1, .max = 10,
                             .help = "times w, added to the gradient (PyTorch's); -1: 0.01 for "
                                     "adamw, 0" },
    [TRAIN_DECOUPLED] = { "decoupled", PARAM_FLAG, "",
                          .help = "the decay is times lr and taken from w itself, as adamw always "
                                  "does" },
    [TRAIN_SPARE_VECTORS] = { "spare_vectors", PARAM_FLAG, "",
                              .help = "no decay of biases and of the scales and shifts of norms" },
    [TRAIN_L2] = { "l2", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 10,
                   .help = "times sum w^2, added to the loss" },
    [TRAIN_L1] = { "l1", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 10,
                   .help = "times sum |w|, added to the loss" },
    [TRAIN_ELASTIC] = { "elastic", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 10,
                        .help = "times sum (elastic_beta w^2 + |w|), added to the loss" },
    [TRAIN_ELASTIC_BETA] = { "elastic_beta", PARAM_NUMBER, "", .value = 1, .min = 0, .max = 1e6,
                             .help = "of elastic" },
    [TRAIN_CLIP_NORM] = { "clip_norm", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 1e9,
                          .help = "longest gradient; 0: any" },
    [TRAIN_CLIP_VALUE] = { "clip_value", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 1e9,
                           .help = "largest value of the gradient; 0: any" },
    [TRAIN_SCHEDULE] = { "schedule", PARAM_CHOICE, "", .value = SCHEDULE_COSINE,
                         .choices = schedule_names,
                         .help = "of the learning rate after the warm-up" },
    [TRAIN_WARMUP] = { "warmup", PARAM_NUMBER, "epochs", .value = 0, .min = 0, .max = 100000,
                       .help = "linear warm-up; of one_cycle the rise" },
    [TRAIN_MILESTONES] = { "milestones", PARAM_NUMBERS, "epochs", .min = 0, .max = 100000,
                           .initial = "[0]",
                           .help = "step: at the beginning of these epochs the rate is multiplied "
                                   "by gamma; 0: none" },
    [TRAIN_GAMMA] = { "gamma", PARAM_NUMBER, "", .value = 0.1, .min = 0, .max = 1,
                      .help = "of step, exponential (an epoch) and plateau" },
    [TRAIN_MIN_LR] = { "min_lr", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 1000,
                       .help = "where linear and cosine end" },
    [TRAIN_CYCLE] = { "cycle", PARAM_NUMBER, "epochs", .value = 0, .min = 0, .max = 100000,
                      .help = "cosine_restarts: the first cycle" },
    [TRAIN_CYCLE_TIMES] = { "cycle_times", PARAM_NUMBER, "", .value = 1, .min = 1, .max = 100,
                            .help = "cosine_restarts: each cycle is so many times the one before" },
    [TRAIN_DIV_FACTOR] = { "div_factor", PARAM_NUMBER, "", .value = 25, .min = 1, .max = 1e9,
                           .help = "one_cycle begins at lr over this" },
    [TRAIN_FINAL_DIV_FACTOR] = { "final_div_factor", PARAM_NUMBER, "", .value = 1e4, .min = 1,
                                 .max = 1e12, .help = "one_cycle ends at its beginning over this" },
    [TRAIN_CYCLE_MOMENTUM] = { "cycle_momentum", PARAM_RANGE, "", .min = 0, .max = 1,
                               .initial = "[0, 0]",
                               .help = "one_cycle: the momentum falls from the larger to the "
                                       "smaller while the rate rises, and back; 0: it stays" },
    [TRAIN_PATIENCE] = { "patience", PARAM_INTEGER, "validations", .value = 10, .min = 0,
                         .max = 100000, .help = "plateau: so many without progress are borne" },
    [TRAIN_THRESHOLD] = { "threshold", PARAM_NUMBER, "", .value = 1e-4, .min = 0, .max = 1,
                          .help = "plateau: a smaller share of the loss is no progress" },
    [TRAIN_LOSS] = { "loss", PARAM_CHOICE, "", .value = LOSS_CROSS_ENTROPY, .choices = loss_names,
                     .help = "softmax and cross-entropy, or the multiclass support vector "
                             "machine's hinge" },
    [TRAIN_LABEL_SMOOTHING] = { "label_smoothing", PARAM_NUMBER, "", .value = 0, .min = 0,
                                .max = 0.999,
                                .help = "share of the target spread over all classes" },
    [TRAIN_ACCUMULATE] = { "accumulate", PARAM_INTEGER, "batches", .value = 1, .min = 1,
                           .max = 65536,
                           .help = "a step is taken on the mean gradient of so many" },
    [TRAIN_EMA] = { "ema", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 0.9999999,
                    .help = "decay a step of a moving average of the weights, which then is what "
                            "is validated and what best.safetensors holds; 0: none" },
    [TRAIN_SWA_START] = { "swa_start", PARAM_INTEGER, "epochs", .value = 0, .min = 0, .max = 100000,
                          .help = "the weights at the end of this and each later epoch are "
                                  "averaged, normalized anew and written as swa.safetensors; 0: "
                                  "none" },
    [TRAIN_EARLY_STOP] = { "early_stop", PARAM_INTEGER, "validations", .value = 0, .min = 0,
                           .max = 100000,
                           .help = "end after so many without a new best; 0: never" },
    [TRAIN_INIT_FROM] = { "init_from", PARAM_FILE, "",
                          .help = "weights to begin with (safetensors, the network's names)" },
    [TRAIN_REPLACE] = { "replace", PARAM_NODE, "",
                        .help = "list of patterns (fc.*): of these weights init_from is not used" },
    [TRAIN_FREEZE] = { "freeze", PARAM_NODE, "",
                       .help = "list of patterns: these weights are not trained" },
    [TRAIN_FREEZE_NORM] = { "freeze_norm", PARAM_FLAG, "",
                            .help = "batch normalization takes its running statistics and leaves "
                                    "them alone, as it does anyway where its weights are frozen" },
    [TRAIN_LR_SCALE] = { "lr_scale", PARAM_NODE, "",
                         .help = "map of pattern: number, times the learning rate of the weights "
                                 "that match" },
    [TRAIN_FEATURES] = { "features", PARAM_INTEGER, "MiB", .value = 256, .min = 0, .max = 1 << 20,
                         .help = "memory for what frozen first layers make of images, which are "
                                 "then not run again for the same image; 0: none. The result does "
                                 "not depend on it" },
    [TRAIN_PRUNE] = { "prune", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 0.99,
                      .help = "share of the weights left, the smallest, that each round takes away "
                              "before the rest is put back and trained again (a lottery ticket); "
                              "0: there is one round" },
    [TRAIN_PRUNE_ROUNDS] = { "prune_rounds", PARAM_INTEGER, "rounds", .value = 1, .min = 1,
                             .max = 100, .help = "trainings after the first" },
    [TRAIN_PRUNE_SCOPE] = { "prune_scope", PARAM_CHOICE, "", .value = PRUNE_GLOBAL,
                            .choices = prune_scope_names,
                            .help = "the smallest of all weights, or of each layer's" },
    [TRAIN_REWIND] = { "rewind", PARAM_INTEGER, "epochs", .value = 0, .min = 0, .max = 100000,
                       .help = "the rest is put back to what it was after so many; 0: to the "
                               "initial weights" },
    [TRAIN_CONV] = { "conv", PARAM_CHOICE, "", .value = 1, .choices = convolutions,
                     .help = "fast: 3x3 convolutions in Winograd's tiles of 4x4, which round more "
                             "coarsely; validation is always exact" },
    [TRAIN_SEED] = { "seed", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 9007199254740992.0,
                     .help = "of the initial weights" },
    [TRAIN_THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                        .help = "that compute; 0: as many as this process may use" },
    [TRAIN_VALIDATE_EVERY] = { "validate_every", PARAM_INTEGER, "epochs", .value = 1, .min = 1,
                               .max = 100000,
                               .help = "between validations; the last epoch always has one" },
    [TRAIN_LOG_EVERY] = { "log_every", PARAM_INTEGER, "steps", .value = 50, .min = 1, .max = 1e6,
                          .help = "between lines of log.jsonl" },
    [TRAIN_CHECKPOINT_EVERY] = { "checkpoint_every", PARAM_NUMBER, "s", .value = 300, .min = 0,
                                 .max = 1e9,
                                 .help = "between checkpoints within an epoch; each epoch ends "
                                         "with one; 0: after every step" },
    [TRAIN_OUT] = { "out", PARAM_FILE, "", .help = "folder for everything the run writes" },
    { 0 },
};

const struct param eval_params[EVAL_PARAMS + 1] = {
    [EVAL_VIEWS] = { "views", PARAM_CHOICE, "", .value = VIEWS_1CROP,
                     .choices = view_protocol_names, .help = "test-time views of the validation" },
    [EVAL_RESIZE] = { "resize", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 8192,
                      .help = "short side before the crop; 0: round(256 * size / 224), or size "
                              "where that is at most 32" },
    [EVAL_FILTER] = FILTER_ROW,
    { 0 },
};
