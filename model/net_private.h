/* What a network is made of, for the files of this folder. */
#ifndef TENFOLD_MODEL_NET_PRIVATE_H
#define TENFOLD_MODEL_NET_PRIVATE_H

#include "model/init.h"
#include "model/layer.h"
#include "model/net.h"
#include "model/net_expand.h"

struct net_node {
    struct layer layer;
    char *name;              /* owned */
    int input[LAYER_INPUTS]; /* earlier nodes, or NET_INPUT */
    struct shape in[LAYER_INPUTS], out;
    int first_weight, weights; /* in net->weights */
    int consumers;             /* nodes that read its output */
    /* A relu that follows a layer which can end in one, and is its only reader, is done by that
     * layer: the relu's output is the layer's. */
    bool relu;     /* this layer ends in max(y, 0) */
    bool absorbed; /* this relu is done by its input; or there is nothing to do: its output is its
                      input, and so is its gradient */
    bool over;     /* its output lies where its first input's did, which nobody else reads, and the
                      gradients alike */
    bool frozen;   /* it has trained tensors, and none of them is to change */
    bool learns;   /* its output depends on a tensor that is to change */
};

/* How a tensor begins by itself. */
struct net_beginning {
    enum init_kind kind;
    double value;
};

struct net {
    char *name; /* owned */
    struct shape input;
    int classes;
    bool fast, frozen_norm;
    struct net_node *nodes; /* owned */
    int count;
    struct weight *weights;           /* owned; names too */
    struct net_beginning *beginnings; /* owned, one a weight */
    int weight_count;
    union value init[INIT_PARAMS]; /* the initialization: init.h */
    float *values, *gradients,
        *fixed; /* owned blocks: trained, their gradients, running statistics */
    size_t trained_size, fixed_size; /* floats */
};

/* The node whose output's place, and whose gradient's, node j shares. */
static inline int net_root(const struct net *net, int j)
{
    while (net->nodes[j].absorbed || net->nodes[j].over)
        j = net->nodes[j].input[0];
    return j;
}

/* A pass through node j with b images, shapes and weights filled in; the pointers to images are the
 * caller's. */
struct pass net_pass(const struct net *net, int j, int b);

/* Let layers do the relu behind them and outputs share places, as net_open does, or not: then every
 * node's output is its own. Not while anything else uses the net. */
void net_fuse(struct net *net, bool on);

/* Settle `frozen` and `learns` of every node. */
void net_mark_learning(struct net *net);

/* Output shapes for an input of h x w: out[j] by node. Fails where a layer does not fit. */
int net_shapes(const struct net *net, int h, int w, struct shape *out, struct error *err);

#endif
