/* Random cases for every way that every kind of layer computes, for gradcheck.c. */
#ifndef TENFOLD_MODEL_GRADCHECK_CASES_H
#define TENFOLD_MODEL_GRADCHECK_CASES_H

#include "base/rng.h"
#include "model/layer.h"

struct gradcheck_case {
    char values[200]; /* YAML map of the layer's parameters */
    struct shape in[LAYER_INPUTS];
    int inputs, b;
    bool relu; /* may be asked to end in max(y, 0), as conv does */
};

/* As in networks that are set fast (net_set_fast); images in blocks of channels. */
enum { GRADCHECK_FAST = 1, GRADCHECK_BLOCKS = 2 };

struct gradcheck_way {
    const char *kind, *way;
    /* `large` 0: for central differences, a few hundred numbers; 1: anything up to ten thousands,
     * odd sizes and single images included. */
    void (*draw)(struct rng *rng, int large, struct gradcheck_case *c);
    const char *kernel; /* every compared case takes this one of the kind's; NULL: any */
    int how;            /* GRADCHECK_FAST, GRADCHECK_BLOCKS or both */
};

extern const struct gradcheck_way gradcheck_ways[]; /* ends with a NULL kind */

#endif
