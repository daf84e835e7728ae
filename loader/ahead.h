/*
 * Reading ahead. The order is known, so somebody goes before the threads that decode and asks the
 * kernel to bring the samples to come into the page cache. It asks first whether a sample is there
 * already, and once all of the last of them were, it looks at every sixteenth unit only: data that
 * fits the page cache costs next to nothing.
 *
 *     struct ahead ahead = { 0 };
 *     ahead_go(&ahead, &maker, taken, taken + 128);     // units since the beginning of epoch 0
 */
#ifndef TENFOLD_LOADER_AHEAD_H
#define TENFOLD_LOADER_AHEAD_H

#include "loader/maker.h"

struct ahead {
    uint64_t at; /* the next unit */
    int warm;    /* units in a row that were there */
};

/* Units (pairs of places) of a batch of this maker. */
uint32_t ahead_units(const struct maker *maker);
/* How far ahead the maker's options want it, in units; 0: not at all. */
uint64_t ahead_far(const struct maker *maker);
/* From where it is, at least `from`, up to `to`. */
void ahead_go(struct ahead *ahead, const struct maker *maker, uint64_t from, uint64_t to);

#endif
