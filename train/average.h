/*
 * A second set of weights: a mean of those that the training went through, running statistics
 * included. Either moving (EMA; Polyak and Juditsky, 1992) or over chosen moments (SWA; Izmailov et
 * al., arXiv:1803.05407, which needs the statistics of batch normalization estimated again).
 *
 *     struct average *ema;
 *     if (average_open(&ema, net, &err) < 0) ...          // begins as the net
 *     average_follow(ema, 0.999);                          // after each step
 *     average_swap(ema); ... validate, save ... average_swap(ema);
 */
#ifndef TENFOLD_TRAIN_AVERAGE_H
#define TENFOLD_TRAIN_AVERAGE_H

#include <stdint.h>

#include "model/net.h"

struct average;

/* Borrows the net. */
int average_open(struct average **average, struct net *net, struct error *err);
/* a += (1 - d) (w - a), with d = min(decay, (1 + t) / (10 + t)) at the t-th call, so that the
 * beginning is forgotten soon. */
void average_follow(struct average *average, double decay);
/* a += (w - a) / t at the t-th call: the plain mean. */
void average_include(struct average *average);
/* The net's weights become the average's, and the reverse. */
void average_swap(struct average *average);
/* The average begins again as the net is now. */
void average_restart(struct average *average);
/* The net's weights become the average's, which stays. */
void average_recall(struct average *average);

/* What a checkpoint keeps; the block may be written to. */
float *average_block(struct average *average, size_t *n);
uint64_t average_calls(const struct average *average);
void average_set_calls(struct average *average, uint64_t calls);

void average_close(struct average *average); /* NULL is a no-op */

#endif
