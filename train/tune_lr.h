/*
 * Step 3 of the recipe: which learning rates cut the loss clearly within about a hundred steps on
 * all data, with a small weight decay? Each rate starts from the same weights and sees the same
 * batches; nothing of a run is touched.
 *
 *     struct lr_facts facts;
 *     if (lr_measure(&facts, &options, &err) < 0) ...
 *     lr_judge(&facts, &verdict);
 *     bool any = lr_range(&facts, &low, &high);        // for the search that follows
 *     lr_facts_release(&facts);
 *
 * Where they fit into the first epoch every batch is new when its loss is taken, so that nothing
 * can be learned by heart: labels that do not belong to the images show as a loss that no rate
 * brings below guessing. Where no rate does, all are given three times the steps.
 */
#ifndef TENFOLD_TRAIN_TUNE_LR_H
#define TENFOLD_TRAIN_TUNE_LR_H

#include "train/tune.h"
#include "train/tune_verdict.h"

enum { LR_TRIES = 8 };

/* The learning rates of a range test rise from the first to the second. */
#define LR_TEST_LOW 1e-6
#define LR_TEST_HIGH 10.0

struct lr_try {
    double lr;
    bool own; /* the config's rate */
    bool diverged;
    int steps;     /* with a loss */
    double passes; /* over the images, 1 or more */
    double *loss;  /* owned: (steps), each before its step */
};

struct lr_facts {
    double chance;               /* loss of guessing */
    struct lr_try try[LR_TRIES]; /* the first is the config's own */
    int tries;
    bool longer; /* they went beyond the first epoch, or the usual steps, which told nothing */
    struct lr_try test;    /* the range test: rates are lr_test_rate's */
    double decay;          /* the config's weight decay (with 2 l2), where that was tried */
    struct lr_try decayed; /* ... at the best rate; steps 0: it was not */
};

int lr_measure(struct lr_facts *facts, const struct tune_options *options, struct error *err);
void lr_judge(const struct lr_facts *facts, struct verdict *verdict);
void lr_facts_release(struct lr_facts *facts);

/* The rate of step i of the range test's n. */
double lr_test_rate(int i, int n);
/* The mean loss of the last quarter of a try; not finite where it diverged. */
double lr_try_end(const struct lr_try *t);
/* Is that clearly below guessing? Images that were seen before are half known by heart: more is
 * asked the more passes there were. */
bool lr_try_works(const struct lr_try *t, double chance);
/* Do all of them diverge? */
bool lr_explodes(const struct lr_facts *facts);
/* The try whose end is lowest among those that work, or NULL. */
const struct lr_try *lr_best(const struct lr_facts *facts);
/* Where the range test's loss falls fastest; 0: nowhere. */
double lr_test_best(const struct lr_facts *facts);

/* Rates that cut the loss by at least half as much as the best does, with a factor of 3 around
 * them. False when none works. */
bool lr_range(const struct lr_facts *facts, double *low, double *high);

#endif
