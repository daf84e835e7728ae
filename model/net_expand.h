/*
 * From a network's description to a flat list of layers: blocks are repeated, "$x" is replaced by a
 * parameter's value, names get their block's prefix, inputs become numbers.
 */
#ifndef TENFOLD_MODEL_NET_EXPAND_H
#define TENFOLD_MODEL_NET_EXPAND_H

#include "base/arena.h"
#include "model/layer.h"

enum { NET_INPUT = -1 }; /* the number of the network's input among the inputs of a layer */

struct net_entry {
    const struct layer_kind *kind;
    const char *name;                /* full, unique */
    const struct node *values;       /* its parameters, without `name` and `in`; NULL: none given */
    const struct node *where;        /* for messages */
    int input[LAYER_INPUTS], inputs; /* numbers of earlier entries, or NET_INPUT */
};

struct net_expansion {
    struct arena arena;        /* owns names and rewritten nodes */
    struct net_entry *entries; /* owned */
    size_t count, capacity;
};

/* Fill `expansion` (zeroed by the caller) from the description; the nodes of `spec` must outlive
 * it. */
int net_expand(struct net_expansion *expansion, const struct node *spec, struct error *err);
void net_expansion_release(struct net_expansion *expansion);

#endif
