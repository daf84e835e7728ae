/*
 * All runs as one table for a spreadsheet: a row an epoch, columns run, state, group, seed, the
 * keys whose values differ between runs, then the columns of summary.csv, shares in percent.
 * (log.jsonl is a table as it is: pandas.read_json("log.jsonl", lines=True).)
 *
 *     if (export_csv(board, "runs.csv", &err) < 0) ...
 */
#ifndef TENFOLD_TRAIN_EXPORT_CSV_H
#define TENFOLD_TRAIN_EXPORT_CSV_H

#include "train/board_data.h"

/* A run without epochs has a row without their columns. RFC 4180. */
int export_csv(const struct board *board, const char *path, struct error *err);

#endif
