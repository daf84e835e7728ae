/* Inside trial: the run in one type of numbers; trial_run.c is compiled for both. */
#ifndef TENFOLD_MODEL_TRIAL_RUN_H
#define TENFOLD_MODEL_TRIAL_RUN_H

#include "model/layer.h"
#include "model/trial.h"

#ifdef TENFOLD_DOUBLE
#define TRIAL_RUN trial_run_in_double
#else
#define TRIAL_RUN trial_run_in_float
#endif

int trial_run_in_float(struct trial *trial, bool twin, struct error *err);
int trial_run_in_double(struct trial *trial, bool twin, struct error *err);

#endif
