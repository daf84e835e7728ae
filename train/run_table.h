/*
 * summary.csv, which a training writes whole after each epoch: columns by name, in any order, some
 * of them missing in older runs.
 *
 *     struct run_table *table = run_table_open("out/a", &err);
 *     run_table_follow(table, run, &changed, &err);
 *     run_table_close(table);
 */
#ifndef TENFOLD_TRAIN_RUN_TABLE_H
#define TENFOLD_TRAIN_RUN_TABLE_H

#include "train/run_read.h"

/* What is read of one at most. */
enum { RUN_TABLE_BYTES = 16 << 20, RUN_TABLE_ROWS = 20000 };

struct run_table *run_table_open(const char *folder, struct error *err);
/* Into run's rows and skipped_rows. A table that is not there leaves them. */
int run_table_follow(struct run_table *table, struct run_record *run, bool *changed,
                     struct error *err);
void run_table_close(struct run_table *table); /* NULL is a no-op */

/* The rows in `text` (ended by a NUL), which is cut up; replaces those in `rows`. */
int run_table_parse(struct run_rows *rows, char *text, int *skipped, struct error *err);
void run_rows_release(struct run_rows *rows);

#endif
