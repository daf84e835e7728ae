#include "train/average.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/simd.h"

struct average {
    struct net *net; /* borrowed */
    float *values;   /* owned: all tensors, one after the other */
    size_t n;
    uint64_t calls;
};

/* Calls f for every tensor of the net with its part of the block. */
static void each(struct average *a, void (*f)(float *mean, float *w, size_t n, float share),
                 float share)
{
    float *mean = a->values;
    for (size_t i = 0; i < net_weights(a->net); i++) {
        const struct weight *w = net_weight(a->net, i);
        size_t n = tensor_count(&w->value);
        f(mean, w->value.data, n, share);
        mean += n;
    }
}

static void copy(float *mean, float *w, size_t n, float share)
{
    (void)share;
    memcpy(mean, w, n * sizeof(*w));
}

static void recall(float *mean, float *w, size_t n, float share)
{
    (void)share;
    memcpy(w, mean, n * sizeof(*w));
}

VECTOR_CLONES static void approach(float *mean, float *w, size_t n, float share)
{
    for (size_t i = 0; i < n; i++)
        mean[i] += share * (w[i] - mean[i]);
}

VECTOR_CLONES static void swap(float *mean, float *w, size_t n, float share)
{
    (void)share;
    for (size_t i = 0; i < n; i++) {
        float held = mean[i];
        mean[i] = w[i];
        w[i] = held;
    }
}

int average_open(struct average **result, struct net *net, struct error *err)
{
    struct average *a = memory_array(1, sizeof(*a), err);
    if (!a)
        return -1;
    a->net = net;
    for (size_t i = 0; i < net_weights(net); i++)
        a->n += tensor_count(&net_weight(net, i)->value);
    a->values = memory_aligned(a->n, sizeof(*a->values), err);
    if (!a->values) {
        free(a);
        return -1;
    }
    each(a, copy, 0);
    *result = a;
    return 0;
}

void average_follow(struct average *a, double decay)
{
    double t = (double)++a->calls, soon = (1 + t) / (10 + t);
    each(a, approach, (float)(1 - (decay < soon ? decay : soon)));
}

void average_include(struct average *a)
{
    each(a, approach, (float)(1 / (double)++a->calls));
}

void average_swap(struct average *a)
{
    each(a, swap, 0);
}

void average_restart(struct average *a)
{
    each(a, copy, 0);
    a->calls = 0;
}

void average_recall(struct average *a)
{
    each(a, recall, 0);
}

float *average_block(struct average *a, size_t *n)
{
    *n = a->n;
    return a->values;
}

uint64_t average_calls(const struct average *a)
{
    return a->calls;
}

void average_set_calls(struct average *a, uint64_t calls)
{
    a->calls = calls;
}

void average_close(struct average *a)
{
    if (!a)
        return;
    free(a->values);
    free(a);
}
