/*
 * The folder that a training writes: config.json (the resolved config, usable as a config),
 * summary.csv (a row an epoch, timm's column names), log.jsonl (a line every few steps),
 * ledger.jsonl (bad images), last.safetensors, best.safetensors, ema.safetensors and
 * swa.safetensors (weights), snapshot_<k>.safetensors (one a cycle) and checkpoint.safetensors (to
 * go on from).
 *
 *     struct run_folder *run;
 *     if (run_folder_open(&run, "out/a", RUN_NEW, guard, &err) < 0) ...
 *     run_folder_epoch(run, &row, &err);
 *     run_folder_weights(run, "last", net, &preprocess, &row, &err);
 *     run_folder_close(run);
 */
#ifndef TENFOLD_TRAIN_RUN_FOLDER_H
#define TENFOLD_TRAIN_RUN_FOLDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "model/weights.h"

struct run_epoch {
    int epoch;                     /* 1 is the first */
    double train_loss, train_top1; /* shares are 0..1 */
    bool validated;                /* the three below are there */
    double eval_loss, eval_top1, eval_top5;
    double lr;                         /* of the epoch's last step */
    double seconds, images_per_second; /* of training, validation not included */
};

struct run_folder;

#define RUN_CHECKPOINT "checkpoint.safetensors"

enum run_mode {
    RUN_NEW,
    RUN_RETRY, /* ... over what a run left that ended before it had saved anything */
    RUN_OVERWRITE,
    RUN_RESUME
};

/* Asked before each write: -1 with err filled keeps it from happening. */
struct run_guard {
    int (*may_write)(void *context, struct error *err); /* NULL: always */
    void *context;
};

/* Makes the folder. ERROR_USAGE when it holds a run already, unless that is to be removed or gone
 * on with. */
int run_folder_open(struct run_folder **run, const char *path, enum run_mode mode,
                    struct run_guard guard, struct error *err);
/* For what others write into the folder. */
int run_folder_may_write(struct run_folder *run, struct error *err);
/* The guard has forbidden a write. */
bool run_folder_barred(const struct run_folder *run);
const char *run_folder_path(const struct run_folder *run);
/* The path of ledger.jsonl, borrowed. */
const char *run_folder_ledger(const struct run_folder *run);

const char *run_folder_checkpoint(const struct run_folder *run);
/* summary.csv so far, borrowed; and what it was when the run was left. */
const char *run_folder_table(const struct run_folder *run);
int run_folder_restore(struct run_folder *run, const char *table, struct error *err);

int run_folder_config(struct run_folder *run, const json_t *config, struct error *err);
/* One line of log.jsonl; takes the reference. */
int run_folder_log(struct run_folder *run, json_t *record, struct error *err);
/* One row of summary.csv, which is written whole each time. */
int run_folder_epoch(struct run_folder *run, const struct run_epoch *row, struct error *err);
/* <name>.safetensors; the metadata says which epoch and how good. */
int run_folder_weights(struct run_folder *run, const char *name, const struct net *net,
                       const struct preprocess *preprocess, const struct run_epoch *row,
                       struct error *err);

/* Nothing of what was written is lost by closing late or not at all. NULL is a no-op. */
void run_folder_close(struct run_folder *run);

#endif
