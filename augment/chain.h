/*
 * Executes chains: stages one after the other on the finished 8-bit picture, each rounded to 8 bits
 * again. What lies outside the clips is part of the picture here: means and histograms count it, as
 * in the libraries whose steps these are.
 *
 *     struct chain *chain;
 *     chain_open(&chain, &err);                              // one per thread
 *     chain_run(chain, plan, &plan->colors[i], raster, &err);
 */
#ifndef TENFOLD_AUGMENT_CHAIN_H
#define TENFOLD_AUGMENT_CHAIN_H

#include "augment/plan.h"
#include "augment/raster.h"

struct chain;

int chain_open(struct chain **chain, struct error *err);

/* Run `entry`, of kind COLOR_CHAIN, on the raster's picture. With branches the result is their
 * weighted sum, in floats. */
int chain_run(struct chain *chain, const struct plan *plan, const struct plan_color *entry,
              struct raster *raster, struct error *err);

void chain_close(struct chain *chain); /* NULL is a no-op */

#endif
