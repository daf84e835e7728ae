/*
 * What the files of the trainer share: trainer_open.c gets everything ready, trainer_step.c makes a
 * step, trainer_state.c saves and restores, trainer.c is the loop. Others include trainer.h.
 */
#ifndef TENFOLD_TRAIN_TRAINER_PRIVATE_H
#define TENFOLD_TRAIN_TRAINER_PRIVATE_H

#include "loader/pipeline.h"
#include "model/backprop.h"
#include "train/average.h"
#include "train/feed.h"
#include "train/run_folder.h"
#include "train/train_config.h"
#include "train/trainer.h"

/* Sums over the epoch at hand. */
struct tally {
    double loss; /* sum over the samples */
    uint64_t samples, correct;
    double seconds;
};

struct trainer {
    const struct train_request *request; /* borrowed */
    struct train_config config;
    struct pipeline data; /* owned, as all below */
    struct index *val;    /* NULL: none */
    struct net *net;
    struct preprocess preprocess;
    struct schedule schedule;
    struct pool *pool;
    struct backprop *backprop;
    struct optimizer *optimizer;
    struct average *ema, *swa; /* NULL: not wanted */
    struct prune *prune;       /* NULL: there is one round; and so is the next */
    struct average *early;     /* what each round begins with */
    float *accumulated; /* sum of gradients since the last step; NULL: each batch is a step */
    json_t *resolved;   /* the config with all defaults filled in */
    struct run_folder *run;
    struct feed *feed; /* NULL: nothing is left to train on */
    uint64_t steps;    /* of an epoch */
    int epochs;        /* of all rounds */
    bool resumes;      /* there is a run to go on with */

    /* Where the training stands: what a checkpoint holds beside tensors. */
    uint64_t step; /* batches done */
    struct tally tally;
    struct plateau plateau;
    struct train_result result;
    int without_progress; /* validations since the best */
    int snapshots;        /* written */

    double saved; /* clock_seconds() of the last checkpoint */
};

/* Everything that can be refused is refused before the run folder is made or changed. */
int trainer_open(struct trainer *t, struct error *err);
/* The same training for `steps` batches and without a run folder: nothing is written anywhere. */
int trainer_open_apart(struct trainer *t, uint64_t steps, struct error *err);
void trainer_close(struct trainer *t);

/* Epochs of all rounds; the schedule's step that a step of the run is; does a round end with this
 * epoch? */
int trainer_epochs(const struct train_config *config);
uint64_t trainer_position(const struct trainer *t, uint64_t step);
bool trainer_ends_round(const struct trainer *t, int epoch);
/* After each epoch: where a round ends, take weights away and begin the next. */
int trainer_turn(struct trainer *t, const struct run_epoch *row, struct error *err);

/* The learning rate of step `step`. */
double trainer_lr(const struct trainer *t, uint64_t step);
/* One step on `batch`: its loss, with penalties. Where that is not finite nothing has changed. */
double trainer_learn(struct trainer *t, const struct batch *batch);
/* One step on the next batch; a loss that is not finite is an error. */
int trainer_step(struct trainer *t, double *loss, struct error *err);

/* Validation numbers of the net as it is, into the row. */
int trainer_validate(struct trainer *t, struct run_epoch *row, struct error *err);
/* After the last epoch: the averaged weights, with statistics of batch normalization of their own,
 * judged and written. */
int trainer_finish_swa(struct trainer *t, struct error *err);

/* Write the run folder's checkpoint. */
int trainer_save(struct trainer *t, struct error *err);
/* The checkpoint's part of the stream's options; before the stream is opened. */
struct checkpoint;
int trainer_seek(struct trainer *t, const struct checkpoint *checkpoint, struct error *err);
/* Take over all else; after the run folder is open. */
int trainer_restore(struct trainer *t, const struct checkpoint *checkpoint, struct error *err);
/* ERROR_USAGE when the checkpoint's config differs from this run's in what matters, listing it,
 * unless the request allows that. */
int trainer_same_config(const struct trainer *t, const struct checkpoint *checkpoint,
                        struct error *err);

#endif
