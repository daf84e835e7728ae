/*
 * Step 6 of the recipe: what the curves of loss and accuracy of a run show.
 *
 *     struct curves c;
 *     if (curves_read(&c, "out/a", &err) < 0) ...          // any run folder
 *     curves_judge(&c.facts, &verdict);
 *     curves_release(&c);
 *
 * Single losses are noise: they are judged as means of up to CURVES_BLOCKS equal parts of the run.
 */
#ifndef TENFOLD_TRAIN_TUNE_CURVES_H
#define TENFOLD_TRAIN_TUNE_CURVES_H

#include <stddef.h>
#include <stdint.h>

#include "train/run_read.h"
#include "train/tune_verdict.h"

enum { CURVES_BLOCKS = 40 };

/* What a judge takes: arrays are borrowed; NAN stands for what is not known. */
struct curve_facts {
    size_t epochs; /* finished; shares are 0..1 */
    const double *train_loss, *train_top1, *eval_loss, *eval_top1, *epoch_lr;
    size_t points; /* single losses, in order; may be none */
    const double *epoch, *loss, *lr;
    int classes;   /* 0: not known */
    double chance; /* loss of guessing; NAN: not known */
    double decay;  /* share that a step takes from the weights: weight decay times the largest rate,
                      momentum's sum included */
    double steps;  /* of the whole run */
    double warmup; /* epochs */
    bool diverged;
};

/* Means over a part of the run. */
struct curve_block {
    double epoch, loss, lr;
};

/* Fills blocks[CURVES_BLOCKS]; how many there are. */
size_t curves_blocks(const struct curve_facts *facts, struct curve_block *blocks);

void curves_judge(const struct curve_facts *facts, struct verdict *verdict);

/* A run folder's facts. */
struct curves {
    struct run_record *run; /* owned */
    struct curve_facts facts;
};
int curves_read(struct curves *c, const char *path, struct error *err);
void curves_release(struct curves *c);

#endif
