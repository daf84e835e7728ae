/*
 * What each test-time view is worth, and each scale: its accuracy alone, and what it adds to all
 * the others. A mean over views can gain on the whole and yet turn right answers wrong (Shanmugam
 * et al., "Better Aggregation in Test-Time Augmentation", ICCV 2021), so both are counted.
 *
 *     struct ablation a;
 *     if (ablation_make(&file, NULL, NULL, pool, &a, &err) < 0) ...
 *     printf("%s %+.2f\n", a.row[0].name,
 *            100.0 * ((double)a.correct - (double)a.row[0].without) / (double)a.labeled);
 *     ablation_release(&a);
 */
#ifndef TENFOLD_EVAL_ABLATION_H
#define TENFOLD_EVAL_ABLATION_H

#include "augment/view.h"
#include "base/thread.h"
#include "eval/prediction.h"

struct ablation_row {
    char name[VIEW_TEXT]; /* "256 center, mirrored"; of a scale "scale 256" */
    bool is_scale;
    int views; /* of the policy, that it stands for */
    uint64_t correct;
    double nll;                    /* both of it alone */
    uint64_t without;              /* correct answers of all the others; of a row that is all: 0 */
    uint64_t corrected, corrupted; /* samples, by adding it to the others */
    double weight;                 /* share of the mean */
};

struct ablation {
    int views; /* rows of views; those of scales are behind them where there are several */
    int rows;
    struct ablation_row *row; /* owned */
    uint64_t n, labeled;      /* samples looked at, and those of them with a label */
    uint64_t correct;         /* of all views together, by their weights */
    double nll;
};

/* Which samples count: NULL all. */
struct ablation_split {
    int fold, folds; /* those with id mod folds == fold ... */
    bool others;     /* ... or all but those */
};

/* `weight` (v) replaces the file's weights where not NULL. ERROR_USAGE: the file keeps no views. */
int ablation_make(const struct prediction_file *file, const double *weight,
                  const struct ablation_split *split, struct pool *pool, struct ablation *ablation,
                  struct error *err);

void ablation_release(struct ablation *ablation);

/* Probability that each view gives to each labeled sample's class, p (v, *n), fresh (free()): what
 * fitting weights needs. ERROR_USAGE: the file keeps no views, or holds logits. */
float *ablation_likelihoods(const struct prediction_file *file, const struct ablation_split *split,
                            uint64_t *n, struct error *err);

#endif
