/*
 * A run folder read as it is: while its training writes it, after a crash, or years later. What
 * cannot be read is passed over and counted; a run is never refused because of a part of it.
 * docs/formats.md, "Run folders", says what the files hold.
 *
 *     struct run_record *run;
 *     if (run_read(&run, "out/a", &err) < 0) ...
 *     draw(run->points.step, run->points.loss, run->points.count);
 *     while (run_follow(run, &changed, &err) == 0) ...      // what was written since
 *     run_close(run);
 *
 * No time of a file is trusted: clocks jump, and those of two machines differ. One thread at a time
 * for each record.
 */
#ifndef TENFOLD_TRAIN_RUN_READ_H
#define TENFOLD_TRAIN_RUN_READ_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "train/run_mark.h"

/* log.jsonl: arrays of `count`, in order of strictly rising steps. What a line does not say is NAN.
 */
struct run_points {
    size_t count, capacity;
    uint64_t *step; /* batches done; owned, as all below */
    double *epoch, *loss, *lr, *images_per_second;
};

/* summary.csv: arrays of `count`, in order of strictly rising epochs. Shares are 0..1; NAN where an
 * epoch was not validated or a column is missing. */
struct run_rows {
    size_t count, capacity;
    int *epoch; /* 1 is the first; owned, as all below */
    double *train_loss, *train_top1, *eval_loss, *eval_top1, *eval_top5, *lr, *seconds,
        *images_per_second;
};

/* Of a training that was killed nobody knows: it is RUN_RUNNING for ever. */
enum run_state { RUN_RUNNING, RUN_DONE, RUN_EARLY, RUN_STOPPED, RUN_DIVERGED, RUN_FAILED };

struct run_log;   /* where in log.jsonl the reading stands */
struct run_table; /* which summary.csv was read last */

struct run_record {
    char *path;     /* owned */
    json_t *config; /* owned; an object, NULL when there is none that can be read */
    json_t *trial;  /* owned; an object, NULL where the run is no trial of a sweep */
    struct run_mark config_seen, trial_seen;
    struct run_points points;
    struct run_rows rows;
    enum run_state state;
    uint64_t steps_per_epoch;        /* 0: not known yet */
    int skipped_lines, skipped_rows; /* that could not be read */
    char reason[256];                /* why it ended, "" where nothing is said */
    struct run_log *log;             /* owned */
    struct run_table *table;         /* owned */
};

/* ERROR_DATA when `path` is no folder, or holds neither a log.jsonl nor a summary.csv nor a
 * config.json. */
int run_read(struct run_record **run, const char *path, struct error *err);

/* Read what was written since, and everything anew when the run was begun again. Files that are
 * gone for a moment (or for ever) leave what was read. A few system calls when nothing has changed.
 * -1 only where there is no memory. */
int run_follow(struct run_record *run, bool *changed, struct error *err);

/* Free the points of a run that is not looked at for now; the next run_follow that finds anything
 * changed reads them again. */
void run_drop_points(struct run_record *run);

/* What was passed over, as an array of texts for people; a new reference, NULL: no memory. */
json_t *run_notes(const struct run_record *run);

void run_close(struct run_record *run); /* NULL is a no-op */

/* "running", "done", "early", "stopped", "diverged", "failed"; and back (-1: none of them). */
const char *run_state_name(enum run_state state);
int run_state_of(const char *name);

#endif
