/*
 * What large weights cost, by the lecture's formulas, added to the loss (sums over the weights of
 * convolutions and linear layers that are not frozen: biases and norms are spared):
 *
 *     l2       lambda sum w^2                     its gradient: 2 lambda w
 *     l1       lambda sum |w|                     lambda sign(w), 0 at 0
 *     elastic  lambda sum (beta w^2 + |w|)        Zou and Hastie, JRSS B 2005
 *
 *     struct penalty p = { .l2 = 1e-4 };
 *     loss += penalty_add(&p, net);                    // after the gradients are there
 */
#ifndef TENFOLD_TRAIN_PENALTY_H
#define TENFOLD_TRAIN_PENALTY_H

#include <stdbool.h>

#include "model/net.h"

struct penalty {
    double l2, l1, elastic, beta;
};

/* Is there any? */
bool penalty_counts(const struct penalty *penalty);
/* The sum of all three; their gradients are added to the net's. */
double penalty_add(const struct penalty *penalty, struct net *net);

#endif
