/*
 * From gradients to new weights, in PyTorch's form (torch.optim; w, gradient g, step t = 1, 2, ...,
 * d = weight_decay, elementwise):
 *
 *     all but adamw   g = g + d w                       unless `decoupled`: w = w - lr d w, first
 *     sgd       v = momentum v + g;  w -= lr (nesterov ? g + momentum v : v)
 *     lars      g = g trust |w| / (|g| + d |w|) for each matrix (net.h); then as sgd
 *     adagrad   s = s + g^2;                   w -= lr g / (sqrt(s) + eps)
 *     rmsprop   s = alpha s + (1 - alpha) g^2; v = momentum v + g / (sqrt(s) + eps);  w -= lr v
 *     adam      v = b1 v + (1 - b1) g;  s = b2 s + (1 - b2) g^2;
 *               w -= lr / (1 - b1^t) v / (sqrt(s) / sqrt(1 - b2^t) + eps)
 *     adamw     adam, decoupled
 *
 * Sutskever et al., ICML 2013 (sgd); You et al., arXiv:1708.03888 (lars; the ratio before the
 * momentum, as timm); Duchi et al., JMLR 2011; Hinton, Coursera lecture 6e; Kingma and Ba,
 * arXiv:1412.6980; Loshchilov and Hutter, arXiv:1711.05101.
 *
 *     struct optimizer *o;
 *     if (optimizer_open(&o, net, &rule, &err) < 0) ...
 *     optimizer_step(o, lr);                           // after the gradients are there
 */
#ifndef TENFOLD_TRAIN_OPTIMIZER_H
#define TENFOLD_TRAIN_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include "model/net.h"

enum optimizer_kind {
    OPTIMIZER_SGD,
    OPTIMIZER_LARS,
    OPTIMIZER_ADAGRAD,
    OPTIMIZER_RMSPROP,
    OPTIMIZER_ADAM,
    OPTIMIZER_ADAMW
};
extern const char *const optimizer_names[]; /* by kind; ends with NULL */

struct optimizer_rule {
    enum optimizer_kind kind;
    double momentum, alpha, beta1, beta2, eps, trust; /* those that the kind's formulas name */
    bool nesterov;
    double weight_decay;
    bool decoupled;
    bool spare_vectors; /* no decay of biases and of the scales and shifts of norms */
    double clip_norm;   /* the gradient as one vector is no longer than this; 0: any length */
    double clip_value;  /* each of its values is at most this, before that; 0: any */
};

/* What torch.optim takes when it is told nothing; momentum 0.9 for sgd and lars. */
struct optimizer_rule optimizer_defaults(enum optimizer_kind kind);

struct optimizer;

/* Borrows the net, whose values it will change, but for those that are frozen: they have no part in
 * anything, decay and clipping included. v and s begin at 0. */
int optimizer_open(struct optimizer **optimizer, struct net *net, const struct optimizer_rule *rule,
                   struct error *err);

/* The tensors whose names match `pattern` (fnmatch: "layer4.*", "*.bias") learn `times` as fast
 * from now on. */
void optimizer_scale(struct optimizer *optimizer, const char *pattern, double times);

/* Another momentum (or beta1) than the rule's, from the next step on. */
void optimizer_momentum(struct optimizer *optimizer, double momentum);

/* One step of all trained values with the net's present gradients, which it clips. Returns the
 * gradient's length before clip_norm (computed only where that is set, else 0). */
double optimizer_step(struct optimizer *optimizer, double lr);

/* As if no step had been done. */
void optimizer_restart(struct optimizer *optimizer);

/* What a checkpoint keeps beside the weights: the steps done, and blocks as long as the net's
 * values. */
struct optimizer_state {
    uint64_t steps;
    size_t n;
    int blocks;
    const char *name[2];
    float *block[2]; /* borrowed; may be written to */
};
struct optimizer_state optimizer_state(struct optimizer *optimizer);
void optimizer_set_steps(struct optimizer *optimizer, uint64_t steps);

void optimizer_close(struct optimizer *optimizer); /* NULL is a no-op */

#endif
