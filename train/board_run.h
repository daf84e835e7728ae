/*
 * One run of the board: its record, its config made flat, and its curves as JSON text, which is all
 * that is kept of the points of a training that is over.
 *
 *     struct board_run run = { .path = path, .name = name };
 *     if (board_run_update(&run, &err) < 0) ...
 *     if (run.changed)
 *         use(run.curves.data);
 *     board_run_release(&run);
 */
#ifndef TENFOLD_TRAIN_BOARD_RUN_H
#define TENFOLD_TRAIN_BOARD_RUN_H

#include "base/buffer.h"
#include "train/run_read.h"

struct board_run {
    char *path, *name;         /* owned */
    struct run_record *record; /* owned; NULL: gone before it was read */
    json_t *flat;              /* owned: the config by dotted keys; NULL: there is none */
    json_t *trial;             /* owned: that of the record when `flat` was made */
    json_t *files;             /* owned: names of the pages and pictures in the folder */
    struct run_mark folder;    /* when they were listed last */
    struct buffer curves;      /* owned: members of a JSON object, from "epochs" on */
    uint64_t setting;          /* hash of all values that are no seeds and have influence */
    uint64_t epochs;           /* hash of the table */
    bool changed;              /* by the last update ... */
    bool new_setting;          /* ... config or trial */
    bool new_epochs;           /* ... the table */
    size_t id;
    int group;           /* runs of one setting have the same */
    uint64_t generation; /* in which it changed last */
};

/* Read what is new, or all at first. Runs are independent of each other: any thread. */
int board_run_update(struct board_run *run, struct error *err);
/* The seed of training or data; NULL: it has none. Borrowed. */
const json_t *board_run_seed(const struct board_run *run);
/* The greatest validated top-1 and its epoch; NAN and 0 where there is none. */
double board_run_best(const struct run_rows *rows, int *epoch);
/* Frees what the run owns. */
void board_run_release(struct board_run *run);

#endif
