#include "train/optimizer.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/simd.h"

struct optimizer {
    struct optimizer_rule rule;
    size_t n;
    float *w, *g; /* borrowed from the net */
    float *v;     /* owned */
};

int optimizer_open(struct optimizer **result, struct net *net, const struct optimizer_rule *rule,
                   struct error *err)
{
    struct optimizer *o = memory_array(1, sizeof(*o), err);
    if (!o)
        return -1;
    o->rule = *rule;
    o->w = net_values(net, &o->n);
    o->g = net_gradients(net, &o->n);
    o->v = memory_aligned(o->n, sizeof(*o->v), err);
    if (!o->v) {
        free(o);
        return -1;
    }
    *result = o;
    return 0;
}

VECTOR_CLONES static void step(size_t n, float lr, const struct optimizer_rule *rule,
                               const float *gradient, float *v, float *w)
{
    float momentum = rule->momentum, decay = rule->weight_decay;
    float ahead = rule->nesterov ? 1 : 0;
    float behind = rule->nesterov ? momentum : 1;
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] + decay * w[i];
        v[i] = momentum * v[i] + g;
        w[i] -= lr * (ahead * g + behind * v[i]);
    }
}

void optimizer_step(struct optimizer *o, double lr)
{
    step(o->n, (float)lr, &o->rule, o->g, o->v, o->w);
}

void optimizer_close(struct optimizer *o)
{
    if (!o)
        return;
    free(o->v);
    free(o);
}
