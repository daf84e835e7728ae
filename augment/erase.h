/*
 * Executes a plan's erasures. Levels are written into the rows before the output stage, values in
 * units of the output stage into the finished output, so that among erasures that overlap the
 * latter stay.
 *
 *     erase_row(plan, y, planes);          // of each row, behind the colors
 *     erase_output(plan, form, out);       // once, when the output is whole
 *
 * Noise is a pure function of an erasure's seed: row j of its area has Philox's draws for the id j,
 * in order of the pixels, R, G, B.
 */
#ifndef TENFOLD_AUGMENT_ERASE_H
#define TENFOLD_AUGMENT_ERASE_H

#include "augment/render.h"
#include "augment/store.h"

/* Three planes of plan->width levels: row y of the output. */
void erase_row(const struct plan *plan, int y, float *planes);

/* The same into row y of an output that `store` has written; `planes` is scratch for a row. */
void erase_store(const struct plan *plan, int y, const struct store *store, float *planes,
                 void *out);

/* 8-bit output, which has no such units, gets the level that the output stage would have taken to
 * the value. */
void erase_output(const struct plan *plan, const struct output_form *form, void *out);

#endif
