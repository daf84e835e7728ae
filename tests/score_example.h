/*
 * A small result as `score` makes them, filled by hand, for tests of what renders it: 600 samples
 * of 4 classes, 500 of them reported, two networks, a file of votes, an ensemble of the networks
 * with fitted weights, views of the first network. Every list has at least one row.
 *
 *     struct score_result *r = score_example();
 *     score_close(r);
 */
#ifndef TENFOLD_TESTS_SCORE_EXAMPLE_H
#define TENFOLD_TESTS_SCORE_EXAMPLE_H

#include "eval/score.h"

struct score_result *score_example(void);

#endif
