/*
 * The residual branches of a network, found from its graph: of what an `add` node adds, the input
 * with the most matrices (convolutions, linear layers) before it, back to where another layer reads
 * the same.
 *
 *     struct residual r;
 *     if (residual_find(net, j, &r)) ... r.matrix[0] is the branch's last convolution
 */
#ifndef TENFOLD_MODEL_RESIDUAL_H
#define TENFOLD_MODEL_RESIDUAL_H

#include "model/net_private.h"

enum { RESIDUAL_MATRICES = 16 };

struct residual {
    int matrix[RESIDUAL_MATRICES]; /* nodes with matrices, the last first */
    int count;
    int norm; /* the node that normalizes behind the last of them; -1: none */
};

/* Does a node have a matrix: a weight that schemes fill? */
bool residual_is_matrix(const struct net *net, int node);

/* False where node `add` adds no such branch. */
bool residual_find(const struct net *net, int add, struct residual *r);

#endif
