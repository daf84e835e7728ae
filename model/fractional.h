/*
 * The regions of fractional max pooling (Graham, arXiv:1412.6071) along one axis: increments of one
 * or two pixels that together make up the row, in random order or as evenly as they can lie.
 *
 *     int begin[outputs + 1];
 *     fractional_regions(size, outputs, false, true, &rng, begin);
 *     // region o is [begin[o], begin[o + 1]), overlapping: [begin[o], begin[o + 1]]
 */
#ifndef TENFOLD_MODEL_FRACTIONAL_H
#define TENFOLD_MODEL_FRACTIONAL_H

#include <stdbool.h>

#include "base/rng.h"

/* floor(size / ratio) outputs, as far as increments of one and two reach. 0: none do. */
int fractional_outputs(int size, double ratio, bool overlapping);

/* begin[0] = 0 ... begin[outputs] = size, or size - 1 where regions overlap by one pixel.
 * `pseudo`: ceil(alpha o + u) - 1 for one u in (0, 1], the paper's pseudo-random sequence
 * ceil(alpha (o + u)) begun at 0, with a start that favors no region; else all orders of the ones
 * and twos are equally likely. (The paper's disjoint regions leave the last pixel out; these do
 * not.) */
void fractional_regions(int size, int outputs, bool overlapping, bool pseudo, struct rng *rng,
                        int *begin);

#endif
