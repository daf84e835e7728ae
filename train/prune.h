/*
 * Weights that are taken away for good, the smallest first: what a lottery ticket is found by
 * (Frankle and Carbin, "The Lottery Ticket Hypothesis", arXiv:1803.03635). Of the weights of
 * convolutions and linear layers that are not frozen: biases and norms stay.
 *
 *     struct prune *p;
 *     if (prune_open(&p, net, PRUNE_LAYER, &err) < 0) ...  // nothing is gone yet
 *     prune_cut(p, 0.2, &err);                             // a fifth of what is left
 *     ... other values, where the net is put back to its beginning ...
 *     prune_weights(p);                                    // what is gone is zero
 *     prune_gradients(p);                                  // before each step: and stays zero
 *
 * A weight of zero without a gradient, without momentum, stays zero under every rule of optimizer.h
 * and every penalty.
 */
#ifndef TENFOLD_TRAIN_PRUNE_H
#define TENFOLD_TRAIN_PRUNE_H

#include "model/net.h"

enum prune_scope {
    PRUNE_GLOBAL, /* the smallest of all */
    PRUNE_LAYER   /* the smallest of each tensor, the same share of each */
};
extern const char *const prune_scope_names[]; /* ends with NULL */

struct prune;

/* Borrows the net. */
int prune_open(struct prune **prune, struct net *net, enum prune_scope scope, struct error *err);
/* Take away `share` (0..1, rounded down to whole weights) of those left, by their present absolute
 * values; of equal ones those that come first. */
int prune_cut(struct prune *prune, double share, struct error *err);
void prune_weights(const struct prune *prune);
void prune_gradients(const struct prune *prune);
/* The share of the weights that may be taken away which is still there. */
double prune_left(const struct prune *prune);

/* What a checkpoint keeps, as long as net_values: 0 where a weight is gone, else 1. May be written
 * to. */
float *prune_block(struct prune *prune, size_t *n);

void prune_close(struct prune *prune); /* NULL is a no-op */

#endif
