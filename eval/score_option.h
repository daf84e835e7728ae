/*
 * Command-line texts of `score` and `compare` as values.
 *
 *     struct score_wish wish;
 *     if (score_wish_parse("prob:greedy", files, weights, &wish, &err) < 0) ...
 */
#ifndef TENFOLD_EVAL_SCORE_OPTION_H
#define TENFOLD_EVAL_SCORE_OPTION_H

#include "eval/score_make.h"

/* RULE, RULE:WEIGHTING or RULE:W1,W2,... (one weight for each of `files`, kept in weight (files)).
 */
int score_wish_parse(const char *text, int files, double *weight, struct score_wish *wish,
                     struct error *err);
/* "I/N" */
int score_fold_parse(const char *text, int *fold, int *folds, struct error *err);

/* Rows of the options that several commands have. */
#define SCORE_ROW_LABELS                                                                           \
    {                                                                                              \
        "labels", PARAM_FILE, "",                                                                  \
            .help = "labels where the files have none: .npy, .npz, CSV, a number a line, or a "    \
                    "prediction file"                                                              \
    }
#define SCORE_ROW_KIND                                                                             \
    {                                                                                              \
        "kind", PARAM_CHOICE, "",                                                                  \
            .choices = outputs_kind_names,                                                         \
            .help = "what files of other software hold; auto: told by the values, or refused"      \
    }
#define SCORE_ROW_ARRAY                                                                            \
    {                                                                                              \
        "array", PARAM_TEXT, "", .help = "the array of an .npz that holds the outputs"             \
    }
#define SCORE_ROW_CLASSES                                                                          \
    {                                                                                              \
        "classes", PARAM_FILE, "",                                                                 \
            .help = "names of the classes: one a line, or a CSV with a column `name`"              \
    }
#define SCORE_ROW_TEMPERATURE                                                                      \
    {                                                                                              \
        "temperature", PARAM_FLAG, "", .value = 1,                                                 \
                                       .help = "fit temperatures, and score what they give"        \
    }
#define SCORE_ROW_SEED                                                                             \
    {                                                                                              \
        "seed", PARAM_INTEGER, "", .min = 0, .max = 9e15, .help = "of the bootstrap"               \
    }
#define SCORE_ROW_THREADS                                                                          \
    {                                                                                              \
        "threads", PARAM_INTEGER, "",                                                              \
            .value = 0, .min = 0, .max = 1024,                                                     \
            .help = "0: as many as this process may use; the result does not depend on it"         \
    }

#endif
