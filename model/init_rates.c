/*
 * Krähenbühl et al., arXiv:1511.06856, algorithm 2: layers whose weights w and gradients g have
 * other ratios C = |g| / |w| learn at other speeds. Where activations are homogeneous, r times
 * larger weights of one layer and 1 / r times larger ones of the others leave what the network
 * computes alone, and make C r^2 times smaller; r = (C / C')^(1/2), with C' the geometric mean over
 * the layers, makes all C the same, and the product of all r is 1. Biases grow as their layer's
 * input and weights together. Elsewhere it is repeated, damped.
 *
 * The loss is softmax cross-entropy of labels in turn, as in init_report.h.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "model/init_private.h"
#include "model/residual.h"

enum { ROUNDS = 10 };
static const double DAMPING = 0.8, TOLERANCE = 0.01; /* of the logarithm of C / C' */

/* The mean absolute value of what node j takes. */
static double input_size(const struct net *net, const struct backprop *bp, const float *x, int b,
                         int j)
{
    int from = net->nodes[j].input[0];
    const float *values = from == NET_INPUT ? x : backprop_output(bp, from);
    size_t n = (size_t)b * shape_count(net->nodes[j].in[0]);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)values[i]);
    return sum / (double)n;
}

static double squares(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static void scale(struct weight *w, double times)
{
    size_t n = tensor_count(&w->value);
    for (size_t i = 0; i < n; i++)
        ((float *)w->value.data)[i] = (float)(((float *)w->value.data)[i] * times);
}

/* log C of every node with a matrix, and the largest distance from their mean. */
static int measure(const struct net *net, double *rate, double *mean, double *worst,
                   struct error *err)
{
    int count = 0;
    *mean = *worst = 0;
    for (int j = 0; j < net->count; j++) {
        const struct weight *w = &net->weights[net->nodes[j].first_weight];
        if (!residual_is_matrix(net, j))
            continue;
        size_t n = tensor_count(&w->value);
        rate[j] = log(squares(w->gradient, n) / squares(w->value.data, n)) / 2;
        if (!isfinite(rate[j]))
            return error_set(err, ERROR_FAILED, net->name,
                             "no gradient comes back to %s, so that its rate of change cannot be "
                             "made that of the others; take another init scheme",
                             net->nodes[j].name);
        *mean += rate[j];
        count++;
    }
    *mean /= count > 0 ? count : 1;
    for (int j = 0; j < net->count; j++)
        if (residual_is_matrix(net, j))
            *worst = fmax(*worst, fabs(rate[j] - *mean));
    return 0;
}

int init_equalize_rates(struct net *net, struct backprop *bp, const float *x, int b,
                        struct error *err)
{
    size_t count = (size_t)net->count;
    double *rate = memory_array(count, sizeof(*rate), err), mean = 0, worst = INFINITY;
    double *size = rate ? memory_array(count, sizeof(*size), err) : NULL;
    int64_t *label = size ? memory_array((size_t)b, sizeof(*label), err) : NULL;
    int rc = label ? 0 : -1;
    for (int i = 0; rc == 0 && i < b; i++)
        label[i] = i % net->classes;
    for (int j = 0; rc == 0 && j < net->count; j++)
        size[j] = input_size(net, bp, x, b, j);
    for (int round = 0; rc == 0 && round < ROUNDS; round++) {
        backprop_run(bp, x, b, &(struct targets){ .label = label }, NULL);
        rc = measure(net, rate, &mean, &worst, err);
        if (rc < 0 || worst < TOLERANCE)
            break;
        for (int j = 0; j < net->count; j++) {
            struct weight *w = &net->weights[net->nodes[j].first_weight];
            if (residual_is_matrix(net, j)) {
                double now = input_size(net, bp, x, b, j), r = exp(DAMPING * (rate[j] - mean) / 2);
                scale(w, r);
                if (net->nodes[j].weights > 1)
                    scale(w + 1, r * now / size[j]);
                size[j] = now;
            }
            backprop_forward(bp, x, b, j, j + 1);
        }
    }
    free(label);
    free(size);
    free(rate);
    return rc;
}
