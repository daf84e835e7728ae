/*
 * Samples whose label is perhaps wrong, by the predictor's own probabilities, which must not have
 * been trained on these samples. A class counts as claimed by a sample when its probability reaches
 * the mean probability that the samples labeled so give to it; a sample is suspect when the most
 * probable claimed class is not its label (Northcutt et al., "Confident Learning", JAIR 2021: the
 * off-diagonal of the confident joint). Ranked by self-confidence, the label's probability.
 *
 *     if (suspect_find(&source, &answers, pool, list, 100, &count, &found, &err) < 0) ...
 */
#ifndef TENFOLD_EVAL_SUSPECT_H
#define TENFOLD_EVAL_SUSPECT_H

#include "eval/answers.h"

/* The `most` samples of the smallest self-confidence into list (most): `row` is the sample's number
 * among the answers, `id` and `sample` are left 0. *count of them are filled; *found is how many
 * there are in all. The same for any number of threads. */
int suspect_find(const struct row_source *source, const struct answers *a, struct pool *pool,
                 struct score_suspect *list, int most, int *count, uint64_t *found,
                 struct error *err);

#endif
