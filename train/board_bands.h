/*
 * Mean and standard error over runs that differ in their seeds alone, epoch by epoch.
 *
 *     board_bands(runs, count, &json, &err);       // [{"group":3,"runs":[0,4,7],"epoch":[1,2],
 * ...}]
 */
#ifndef TENFOLD_TRAIN_BOARD_BANDS_H
#define TENFOLD_TRAIN_BOARD_BANDS_H

#include "train/board_run.h"

/* Append the array of all groups of two and more. Of an epoch count the runs that have it. */
int board_bands(struct board_run *const *runs, size_t count, struct buffer *json,
                struct error *err);

#endif
