/*
 * What the trials of a stage (steps 4 and 5) say together.
 *
 *     struct sweep_results results;
 *     if (sweep_read(folder, "coarse", 1, &results, &err) < 0) ...
 *     struct stage_facts facts = { .results = &results, .space = &space, .classes = 10 };
 *     if (stage_judge(&facts, &verdict, &err) < 0) ...
 */
#ifndef TENFOLD_TRAIN_TUNE_STAGE_H
#define TENFOLD_TRAIN_TUNE_STAGE_H

#include "train/sweep.h"
#include "train/tune_verdict.h"

struct stage_facts {
    const struct sweep_results *results; /* borrowed, as below */
    const struct space *space;
    int classes;
    double before; /* the best top-1 of earlier stages, 0..1; 0: there is none */
};

int stage_judge(const struct stage_facts *facts, struct verdict *verdict, struct error *err);

/* Of sweep_versus's evidence. */
void versus_judge(const json_t *evidence, struct verdict *verdict);

/* {"train.lr": 0.03, ...} as "train.lr=0.03, ...", cut to `size`. */
void stage_params_text(const json_t *params, char *text, size_t size);

#endif
