/*
 * Stochastic gradient descent with momentum, in PyTorch's form (torch.optim.SGD, dampening 0;
 * Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML
 * 2013):
 *
 *     g = gradient + weight_decay * w
 *     v = momentum * v + g
 *     w = w - lr * (nesterov ? g + momentum * v : v)
 *
 *     struct optimizer *o;
 *     if (optimizer_open(&o, net, &rule, &err) < 0) ...
 *     optimizer_step(o, lr);                           // after the gradients are there
 */
#ifndef TENFOLD_TRAIN_OPTIMIZER_H
#define TENFOLD_TRAIN_OPTIMIZER_H

#include <stdbool.h>

#include "model/net.h"

struct optimizer_rule {
    float momentum, weight_decay;
    bool nesterov;
};

struct optimizer;

/* Borrows the net, whose values it will change. v begins at 0. */
int optimizer_open(struct optimizer **optimizer, struct net *net, const struct optimizer_rule *rule,
                   struct error *err);
/* One step of all trained values with the net's present gradients. */
void optimizer_step(struct optimizer *optimizer, double lr);
void optimizer_close(struct optimizer *optimizer); /* NULL is a no-op */

#endif
