/*
 * What a config says about a training: the sections `train`, `eval` and `model`.
 *
 *     struct train_config c;
 *     if (train_config_read(&c, config, &err) < 0) ...
 *     train_config_net(&net, config, &err);
 */
#ifndef TENFOLD_TRAIN_TRAIN_CONFIG_H
#define TENFOLD_TRAIN_TRAIN_CONFIG_H

#include "augment/recipe.h"
#include "augment/view.h"
#include "base/config.h"
#include "base/param.h"
#include "model/loss.h"
#include "model/net.h"
#include "train/optimizer.h"
#include "train/penalty.h"
#include "train/prune.h"
#include "train/schedule.h"
#include "train/train_params.h"

extern const struct param train_params[TRAIN_PARAMS + 1];
extern const struct param eval_params[EVAL_PARAMS + 1];

struct train_config {
    int epochs, threads, validate_every, log_every;
    uint64_t seed;   /* of the initial weights */
    const char *out; /* borrowed from the config; NULL when absent */
    enum loss_kind loss;
    double label_smoothing;
    struct optimizer_rule rule;
    struct penalty penalty;
    int accumulate, early_stop, swa_start;
    double prune; /* 0: no rounds; this and the three below: trainer_rounds.c */
    int prune_rounds, rewind;
    enum prune_scope prune_scope;
    size_t features; /* bytes: backprop_remember */
    bool fast;       /* net_set_fast */
    double ema, checkpoint_every;
    const struct node *init_from, *replace, *freeze, *lr_scale; /* borrowed; may be NULL */
    int patience; /* this and the two below: of plateau */
    double threshold, gamma;
    enum view_protocol views;
    union value train[TRAIN_PARAMS], eval[EVAL_PARAMS]; /* as read, by row of the tables */
};

int train_config_read(struct train_config *c, const struct config *config, struct error *err);

/* The schedule for epochs of `steps` steps. ERROR_USAGE when warm-up or milestones do not fit. */
int train_config_schedule(const struct train_config *c, uint64_t steps, struct schedule *schedule,
                          struct error *err);

/* ERROR_USAGE when something needs validation data and there is none. */
int train_config_validates(const struct train_config *c, bool validates, struct error *err);

/* Open the network of the `model` section: the path of a network's YAML (relative to the config),
 * or the network itself. */
int train_config_net(struct net **net, const struct config *config, struct error *err);

/* What validation and later evaluation do to an image: the recipe's output size and stage (with its
 * own copy of the recipe's tables: preprocess_release), eval.resize and eval.filter. ERROR_USAGE
 * when the recipe's output does not fit the network. */
int train_config_preprocess(const struct train_config *c, const struct recipe *recipe,
                            const struct net *net, struct preprocess *preprocess,
                            struct error *err);

#endif
