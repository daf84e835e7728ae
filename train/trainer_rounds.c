/*
 * A search for a lottery ticket is a training of several rounds. The first is the whole training;
 * each later one begins with the weights of an early epoch, or of the beginning, but for the
 * smallest of those that the round before ended with, and goes the rest of the way: same schedule,
 * other epochs of the data. Optimizers begin each round anew.
 */
#include <stdio.h>
#include <string.h>

#include "train/trainer_private.h"

/* Epochs of every round but the first. */
static int shorter(const struct train_config *c)
{
    return c->epochs - c->rewind;
}

int trainer_epochs(const struct train_config *c)
{
    return c->epochs + (c->prune > 0 ? c->prune_rounds * shorter(c) : 0);
}

uint64_t trainer_position(const struct trainer *t, uint64_t step)
{
    uint64_t whole = (uint64_t)t->config.epochs * t->steps;
    uint64_t begin = (uint64_t)t->config.rewind * t->steps;
    return step < whole ? step : begin + (step - whole) % (whole - begin);
}

bool trainer_ends_round(const struct trainer *t, int epoch)
{
    const struct train_config *c = &t->config;
    return epoch >= c->epochs && (epoch - c->epochs) % shorter(c) == 0;
}

static int tell_round(const struct trainer *t, int round, struct error *err)
{
    char line[96];
    double left = prune_left(t->prune);
    snprintf(line, sizeof(line), "round %d: %.2f %% of the weights are left", round, 100 * left);
    if (t->request->epoch)
        t->request->epoch(t->request->context, line);
    return run_folder_log(
        t->run,
        json_pack("{s:I, s:i, s:f}", "step", (json_int_t)t->step, "round", round, "left", left),
        err);
}

int trainer_turn(struct trainer *t, const struct run_epoch *row, struct error *err)
{
    const struct train_config *c = &t->config;
    char name[32];
    if (!t->prune)
        return 0;
    if (row->epoch == c->rewind)
        average_restart(t->early);
    if (!trainer_ends_round(t, row->epoch))
        return 0;
    int round = (row->epoch - c->epochs) / shorter(c);
    snprintf(name, sizeof(name), "round_%d", round);
    if (run_folder_weights(t->run, name, t->net, &t->preprocess, row, err) < 0)
        return -1;
    if (round == c->prune_rounds)
        return 0;
    if (prune_cut(t->prune, c->prune, err) < 0)
        return -1;
    average_recall(t->early);
    prune_weights(t->prune);
    optimizer_restart(t->optimizer);
    if (t->accumulated)
        memset(t->accumulated, 0, optimizer_state(t->optimizer).n * sizeof(*t->accumulated));
    return tell_round(t, round + 1, err);
}
