/*
 * Runs as TensorBoard's event files: a stream of TFRecords, each a protocol buffer of
 * tensorflow.Event. No library is needed for the few fields of scalars.
 *
 *     if (export_tensorboard(board, "tb", &err) < 0) ...            // tensorboard --logdir tb
 *
 * Scalars train/loss and train/lr by step, and epoch/train_loss, epoch/train_top1, epoch/eval_loss,
 * epoch/eval_top1, epoch/eval_top5 by the step at which the epoch ended; shares are 0..1. Wall
 * times are seconds of training, from 0.
 */
#ifndef TENFOLD_TRAIN_EXPORT_TENSORBOARD_H
#define TENFOLD_TRAIN_EXPORT_TENSORBOARD_H

#include "train/board_data.h"

/* A file below `folder`/<name> for each run. The runs are read anew: points are not kept. */
int export_tensorboard(const struct board *board, const char *folder, struct error *err);

/* One run, as one file. */
int export_events(const struct run_record *run, const char *path, struct error *err);

#endif
