#include "train/prune.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/simd.h"

const char *const prune_scope_names[] = {
    [PRUNE_GLOBAL] = "global",
    [PRUNE_LAYER] = "layer",
    NULL,
};

struct prune {
    struct net *net; /* borrowed */
    enum prune_scope scope;
    float *mask; /* owned, by place in net_values */
    size_t n;
};

int prune_open(struct prune **result, struct net *net, enum prune_scope scope, struct error *err)
{
    struct prune *p = memory_array(1, sizeof(*p), err);
    if (!p)
        return -1;
    p->net = net;
    p->scope = scope;
    net_values(net, &p->n);
    p->mask = memory_aligned(p->n, sizeof(*p->mask), err);
    if (!p->mask) {
        prune_close(p);
        return -1;
    }
    for (size_t i = 0; i < p->n; i++)
        p->mask[i] = 1;
    *result = p;
    return 0;
}

/* The place of a tensor in net_values, and its length; 0: none of it may be taken away. */
static size_t range_of(const struct prune *p, size_t weight, size_t *first)
{
    const struct weight *w = net_weight(p->net, weight);
    size_t n;
    if (!w->trained || w->frozen || !w->matrix)
        return 0;
    *first = (size_t)((const float *)w->value.data - net_values(p->net, &n));
    return tensor_count(&w->value);
}

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Absolute values of what is left in tensors begin <= i < end, put behind each other in `sizes`
 * (NULL: only counted). */
static size_t list(const struct prune *p, size_t begin, size_t end, float *sizes)
{
    size_t count = 0, n;
    const float *w = net_values(p->net, &n);
    for (size_t i = begin; i < end; i++) {
        size_t first = 0, length = range_of(p, i, &first);
        for (size_t j = first; j < first + length; j++)
            if (p->mask[j] > 0) {
                if (sizes)
                    sizes[count] = fabsf(w[j]);
                count++;
            }
    }
    return count;
}

/* Take away the `gone` smallest of tensors begin <= i < end, which are those below `limit` and the
 * first of those that are equal to it. */
static void take(struct prune *p, size_t begin, size_t end, float limit, size_t equal)
{
    size_t n;
    const float *w = net_values(p->net, &n);
    for (size_t i = begin; i < end; i++) {
        size_t first = 0, length = range_of(p, i, &first);
        for (size_t j = first; j < first + length; j++) {
            float size = fabsf(w[j]);
            if (!(p->mask[j] > 0) || size > limit)
                continue;
            if (size < limit || equal > 0)
                p->mask[j] = 0;
            equal -= size == limit && equal > 0;
        }
    }
}

static int cut(struct prune *p, size_t begin, size_t end, double share, struct error *err)
{
    size_t count = list(p, begin, end, NULL), gone = (size_t)((double)count * share), below = 0;
    if (gone == 0)
        return 0;
    float *sizes = memory_array(count, sizeof(*sizes), err);
    if (!sizes)
        return -1;
    list(p, begin, end, sizes);
    qsort(sizes, count, sizeof(*sizes), compare);
    float limit = sizes[gone - 1];
    while (sizes[below] < limit)
        below++;
    take(p, begin, end, limit, gone - below);
    free(sizes);
    return 0;
}

int prune_cut(struct prune *p, double share, struct error *err)
{
    size_t weights = net_weights(p->net);
    if (p->scope == PRUNE_GLOBAL)
        return cut(p, 0, weights, share, err);
    for (size_t i = 0; i < weights; i++)
        if (cut(p, i, i + 1, share, err) < 0)
            return -1;
    return 0;
}

VECTOR_CLONES static void multiply(float *x, const float *mask, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = mask[i] > 0 ? x[i] : 0;
}

void prune_weights(const struct prune *p)
{
    size_t n;
    multiply(net_values(p->net, &n), p->mask, p->n);
}

void prune_gradients(const struct prune *p)
{
    size_t n;
    multiply(net_gradients(p->net, &n), p->mask, p->n);
}

double prune_left(const struct prune *p)
{
    size_t all = 0, first;
    for (size_t i = 0; i < net_weights(p->net); i++)
        all += range_of(p, i, &first);
    return all ? (double)list(p, 0, net_weights(p->net), NULL) / (double)all : 1;
}

float *prune_block(struct prune *p, size_t *n)
{
    *n = p->n;
    return p->mask;
}

void prune_close(struct prune *p)
{
    if (!p)
        return;
    free(p->mask);
    free(p);
}
