/*
 * Run folders as trainings leave them, made without training: for tests and benchmarks of what
 * reads them.
 *
 *     made_runs("sweep", &(struct made_shape){ .runs = 1000, .points = 10000, .epochs = 100 },
 * &err)
 *
 * Runs are sweep/trials/0000 and so on; three in a row differ in their seeds alone, learning rates
 * are log-uniform, weight decay is one of three, and every 17th diverges half way.
 */
#ifndef TENFOLD_TESTS_MADE_RUNS_H
#define TENFOLD_TESTS_MADE_RUNS_H

#include "base/error.h"

struct made_shape {
    int runs, points, epochs; /* a run has `points` lines of log and `epochs` rows of summary */
};

int made_runs(const char *folder, const struct made_shape *shape, struct error *err);

#endif
