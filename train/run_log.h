/*
 * log.jsonl, read as it grows: whole lines only, each byte once. A log that was begun anew is
 * noticed (it is another file, shorter, or other bytes stand where the reading had come to).
 *
 *     struct run_log *log = run_log_open("out/a", &err);
 *     run_log_follow(log, run, &changed, &err);
 *     run_log_close(log);
 */
#ifndef TENFOLD_TRAIN_RUN_LOG_H
#define TENFOLD_TRAIN_RUN_LOG_H

#include "train/run_read.h"

/* What is read of one log at most: points, bytes of a line, and bytes in all. */
enum { RUN_LOG_POINTS = 2 << 20, RUN_LOG_LINE = 256 << 10, RUN_LOG_BYTES = 512 << 20 };

struct run_log *run_log_open(const char *folder, struct error *err);
/* Into run's points, state, reason and skipped_lines. A log that is not there leaves them; one that
 * was rewound is read when it changes, or when something else of the run has (*changed is set). */
int run_log_follow(struct run_log *log, struct run_record *run, bool *changed, struct error *err);
/* What was read is gone: the next reading begins at the beginning. */
void run_log_rewind(struct run_log *log);
/* There is more than is read. */
bool run_log_full(const struct run_log *log);
void run_log_close(struct run_log *log); /* NULL is a no-op */

#endif
