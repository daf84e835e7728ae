/*
 * A short name for each model of an evaluation: that of its weights file without extension; where
 * two are equal, folders are put in front ("run1-best", "run2-best"), and when that does not help,
 * a number behind. Names are fit for file names, and none is "ensemble".
 *
 *     char **names = names_make(models, count, &err);
 *     names_free(names, count);
 */
#ifndef TENFOLD_EVAL_NAMES_H
#define TENFOLD_EVAL_NAMES_H

#include "base/error.h"

/* `models` are WEIGHTS or NET.yaml=WEIGHTS. A fresh array of fresh strings; NULL with err filled
 * when there is no memory. */
char **names_make(const char *const *models, int count, struct error *err);
/* NULL is a no-op. */
void names_free(char **names, int count);

#endif
