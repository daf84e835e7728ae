#include "model/residual.h"

#include <string.h>

bool residual_is_matrix(const struct net *net, int node)
{
    const struct net_node *n = &net->nodes[node];
    for (int i = 0; i < n->weights; i++)
        if (net->weights[n->first_weight + i].matrix)
            return true;
    return false;
}

static bool normalizes(const struct net *net, int node)
{
    const char *name = net->nodes[node].layer.kind->name;
    size_t length = strlen(name);
    return length > 4 && strcmp(name + length - 4, "norm") == 0;
}

static struct residual walk(const struct net *net, int node)
{
    struct residual r = { .norm = -1 };
    while (node != NET_INPUT && net->nodes[node].consumers == 1) {
        if (residual_is_matrix(net, node) && r.count < RESIDUAL_MATRICES)
            r.matrix[r.count++] = node;
        else if (r.count == 0 && r.norm < 0 && normalizes(net, node))
            r.norm = node;
        node = net->nodes[node].input[0];
    }
    return r;
}

bool residual_find(const struct net *net, int add, struct residual *r)
{
    const struct net_node *node = &net->nodes[add];
    if (strcmp(node->layer.kind->name, "add") != 0)
        return false;
    r->count = 0;
    for (int i = 0; i < node->layer.inputs; i++) {
        struct residual one = walk(net, node->input[i]);
        if (one.count > r->count)
            *r = one;
    }
    return r->count > 0;
}
