/*
 * What the files of the recipe share: tune_run.c is the way through its steps, tune_record.c its
 * verdicts in the folder, tune_search.c the stages of the search. Others include tune.h.
 */
#ifndef TENFOLD_TRAIN_TUNE_PRIVATE_H
#define TENFOLD_TRAIN_TUNE_PRIVATE_H

#include "train/sweep.h"
#include "train/tune.h"

struct tuner {
    const struct tune_options *o; /* borrowed */
    enum tune_step only;          /* TUNE_ALL: everything */
    struct sweep *sweep;          /* owned, as the three below */
    struct space space;           /* of the stage at hand */
    char *steps;                  /* the folder of verdicts */
    json_t *params;               /* of the best setting so far; NULL: none */
    char run[32];                 /* its run, "trials/0007" */
    double best;                  /* its top-1, 0..1 */
    int classes, trials;          /* of the network; settings used so far */
    double deadline;              /* of clock_seconds(); 0: none */
    double low, high;             /* rates of step 3; 0: none */
    bool validates;               /* on data of its own; else on folds */
    bool pass, ends;
    bool fruitless; /* the last search found nothing that learns */
};

/* 1: the verdict is in the folder, and read into v; 0: it is not. */
int tuner_recall(const struct tuner *t, enum tune_step step, int number, struct verdict *v,
                 struct error *err);
/* Into the folder, unless it is there. */
int tuner_record(const struct tuner *t, const struct verdict *v, struct error *err);
/* Tell of it; a FAIL that no search mends ends the recipe where `ends`. */
void tuner_announce(struct tuner *t, const struct verdict *v, bool ends);
void tuner_tell(const struct tuner *t, const char *line);

/* The config's space; rates around those of step 3 and the usual decays where it has none. */
int tuner_space(struct tuner *t, struct error *err);
/* Step 4 or a round of step 5, judged: t->best, and t->space for the next one. */
int tuner_search(struct tuner *t, enum tune_step step, int round, int number, int epochs,
                 struct error *err);
/* Step 4's settings by chance and on a grid. */
int tuner_versus(struct tuner *t, int number, struct error *err);

#endif
