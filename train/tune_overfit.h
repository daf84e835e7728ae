/*
 * Step 2 of the recipe: a network that cannot learn a few minibatches by heart learns nothing. The
 * batches are drawn once, so that there is no augmentation, and penalties are off.
 *
 *     struct overfit_facts facts;
 *     if (overfit_measure(&facts, &options, &err) < 0) ...
 *     overfit_judge(&facts, &verdict);
 *     overfit_facts_release(&facts);
 *
 * Where the config's own rate does not get there, others are tried from the same beginning: the
 * best of them tells a bad rate from a bad initialization.
 */
#ifndef TENFOLD_TRAIN_TUNE_OVERFIT_H
#define TENFOLD_TRAIN_TUNE_OVERFIT_H

#include "train/tune.h"
#include "train/tune_verdict.h"

enum { OVERFIT_TRIES = 8 };

struct overfit_try {
    double lr;
    int passes; /* done */
    bool brief; /* ended after a few passes, to compare */
    bool diverged;
    double first, last; /* mean loss of the first and the last pass */
    double top1;        /* of the best pass */
    double *loss;       /* owned: (passes) */
};

struct overfit_facts {
    int images, batches;
    double chance;                         /* loss of guessing */
    struct overfit_try try[OVERFIT_TRIES]; /* the first is the config's own rate */
    int tries;
};

int overfit_measure(struct overfit_facts *facts, const struct tune_options *options,
                    struct error *err);
void overfit_judge(const struct overfit_facts *facts, struct verdict *verdict);
void overfit_facts_release(struct overfit_facts *facts);

#endif
