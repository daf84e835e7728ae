/* result.json of a trial: made of what a training ended with, written once, read by everybody. */
#ifndef TENFOLD_TRAIN_TRIAL_RECORD_H
#define TENFOLD_TRAIN_TRIAL_RECORD_H

#include "train/trainer.h"
#include "train/trial.h"

/* Fill `r` from the run in `folder` and what train_run gave: `rc`, and then in `err` why it
 * diverged or was refused. */
int trial_record_make(struct sweep_result *r, const char *folder,
                      const struct train_result *trained, int rc, struct error *err);
/* Write it, unless there is one; *won: this call did. */
int trial_record_write(const struct trial *trial, const char *folder, const struct sweep_result *r,
                       bool *won, struct error *err);

#endif
