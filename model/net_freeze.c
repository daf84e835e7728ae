#include <fnmatch.h>

#include "model/net_private.h"

void net_mark_learning(struct net *net)
{
    for (int j = 0; j < net->count; j++) {
        struct net_node *node = &net->nodes[j];
        int trained = 0, frozen = 0;
        for (int i = 0; i < node->weights; i++) {
            const struct weight *w = &net->weights[node->first_weight + i];
            trained += w->trained;
            frozen += w->trained && w->frozen;
        }
        node->frozen = trained > 0 && frozen == trained;
        node->learns = frozen < trained;
        for (int i = 0; i < node->layer.inputs; i++)
            if (node->input[i] != NET_INPUT && net->nodes[node->input[i]].learns)
                node->learns = true;
    }
}

size_t net_freeze(struct net *net, const char *pattern, bool on)
{
    size_t matches = 0;
    for (int i = 0; i < net->weight_count; i++)
        if (fnmatch(pattern, net->weights[i].name, 0) == 0) {
            net->weights[i].frozen = on;
            matches++;
        }
    net_mark_learning(net);
    return matches;
}

void net_freeze_norm(struct net *net, bool on)
{
    net->frozen_norm = on;
}
