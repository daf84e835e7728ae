/*
 * Schemes that look at a batch go through the network once: a layer's output depends on the layers
 * before it alone, which are settled by then. Outputs are those of the layers themselves, so
 * activations that layers would do in passing are done apart meanwhile.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/backprop.h"
#include "model/init_private.h"
#include "model/residual.h"
#include "model/whitening.h"

/* LSUV's tolerance and limit of tries (arXiv:1511.06422, algorithm 1). */
static const double VARIANCE_TOLERANCE = 0.01;
enum { TRIES = 10 };

struct moments {
    double mean, variance;
};

/* Of channel c of y (b,c,h,w); c = -1: of everything. */
static struct moments moments_of(const float *y, int b, struct shape s, int c)
{
    size_t plane = (size_t)s.h * (size_t)s.w, n = 0;
    double sum = 0, squares = 0;
    for (int i = 0; i < b; i++)
        for (int k = 0; k < s.c; k++) {
            if (c >= 0 && k != c)
                continue;
            const float *from = y + ((size_t)i * (size_t)s.c + (size_t)k) * plane;
            for (size_t j = 0; j < plane; j++) {
                sum += from[j];
                squares += (double)from[j] * from[j];
            }
            n += plane;
        }
    double mean = sum / (double)n, variance = squares / (double)n - mean * mean;
    return (struct moments){ mean, variance > 0 ? variance : 0 };
}

/* The node's matrix, and its bias or NULL. */
struct affine {
    float *w, *bias;
    size_t rows, columns;
};

static struct affine affine_of(const struct net *net, int j)
{
    const struct weight *w = &net->weights[net->nodes[j].first_weight];
    size_t rows = (size_t)w->value.shape[0];
    return (struct affine){ w->value.data, net->nodes[j].weights > 1 ? w[1].value.data : NULL, rows,
                            tensor_count(&w->value) / rows };
}

static int no_variance(const struct net *net, int j, struct error *err)
{
    return error_set(err, ERROR_FAILED, net->name,
                     "the output of %s does not vary over the batch, so that its weights cannot be "
                     "scaled by it; take another init scheme, or more images",
                     net->nodes[j].name);
}

static int settle_lsuv(struct net *net, struct backprop *bp, const float *x, int b, int j,
                       struct error *err)
{
    struct affine a = affine_of(net, j);
    for (int t = 0; t < TRIES; t++) {
        struct moments m = moments_of(backprop_output(bp, j), b, net->nodes[j].out, -1);
        if (fabs(m.variance - 1) < VARIANCE_TOLERANCE)
            break;
        if (!(m.variance > 0) || !isfinite(m.variance))
            return no_variance(net, j, err);
        for (size_t i = 0; i < a.rows * a.columns; i++)
            a.w[i] = (float)(a.w[i] / sqrt(m.variance));
        backprop_forward(bp, x, b, j, j + 1);
    }
    return 0;
}

static int settle_channels(struct net *net, struct backprop *bp, const float *x, int b, int j,
                           struct error *err)
{
    struct affine a = affine_of(net, j);
    for (size_t c = 0; c < a.rows; c++) {
        struct moments m = moments_of(backprop_output(bp, j), b, net->nodes[j].out, (int)c);
        if (!(m.variance > 0) || !isfinite(m.variance))
            return no_variance(net, j, err);
        double deviation = sqrt(m.variance);
        for (size_t i = 0; i < a.columns; i++)
            a.w[c * a.columns + i] = (float)(a.w[c * a.columns + i] / deviation);
        if (a.bias)
            a.bias[c] = (float)(-m.mean / deviation);
    }
    backprop_forward(bp, x, b, j, j + 1);
    return 0;
}

static int settle_all(struct net *net, struct backprop *bp, const float *x, int b,
                      struct error *err)
{
    for (int j = 0; j < net->count; j++) {
        backprop_forward(bp, x, b, j, j + 1);
        if (!residual_is_matrix(net, j))
            continue;
        int rc = init_scheme_of(net) == SCHEME_LSUV ? settle_lsuv(net, bp, x, b, j, err)
                                                    : settle_channels(net, bp, x, b, j, err);
        if (rc < 0)
            return -1;
    }
    return 0;
}

int net_init_data(struct net *net, const float *x, int b, struct pool *pool, struct error *err)
{
    struct backprop *bp = NULL;
    if (init_whitens(net) && whitening_init(net, x, b, err) < 0)
        return -1;
    if (!init_settles(net))
        return 0;
    float *fixed = memory_array(net->fixed_size, sizeof(*fixed), err);
    if (!fixed)
        return -1;
    memcpy(fixed, net->fixed, net->fixed_size * sizeof(*fixed));
    net_fuse(net, false);
    int rc = backprop_open(&bp, net, b, pool, err);
    if (rc == 0)
        rc = settle_all(net, bp, x, b, err);
    if (rc == 0 && init_equalizes(net))
        rc = init_equalize_rates(net, bp, x, b, err);
    backprop_close(bp);
    net_fuse(net, true);
    memcpy(net->fixed, fixed, net->fixed_size * sizeof(*fixed));
    free(fixed);
    return rc;
}
