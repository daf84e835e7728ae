/*
 * The twin of a network is a chain of trials in double, one a node: forward in order, each taking
 * what those before it gave; then backward, each run again with the gradient that those behind it
 * left. The loss's gradient is taken from production: loss.h is checked elsewhere.
 *
 * Where the input of a rectifier is so near its corner that float may see the other side, the
 * numbers are drawn again.
 */
#include "model/gradcheck_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/memory.h"
#include "model/backprop.h"
#include "model/gradcheck_net_cases.h"
#include "model/net_private.h"

enum { THREADS = 3, TRIES = 200 };
static const double CORNER = 2e-6; /* of a rectifier's largest input */

static int between(struct rng *rng, int low, int high)
{
    return (int)rng_integer(rng, low, high);
}

/* A network with its twin. */
struct pair {
    struct net *net;
    struct trial *trials; /* one a node */
    int opened, b;
    float *x;
    double **before; /* running statistics, by weight; NULL for trained ones */
    double *dlogits; /* the loss's gradient, from production */
    int last;
};

static void pair_close(struct pair *p)
{
    for (int j = 0; j < p->opened; j++)
        trial_close(&p->trials[j]);
    for (int i = 0; p->net && p->before && i < p->net->weight_count; i++)
        free(p->before[i]);
    free(p->before);
    free(p->dlogits);
    free(p->x);
    free(p->trials);
    net_close(p->net);
}

static int open_net(struct pair *p, int number, struct rng *rng, struct error *err)
{
    char layers_text[GRADCHECK_NET_TEXT], text[GRADCHECK_NET_TEXT + 200];
    struct config *config;
    int c = 2 * between(rng, 2, 4) + (number == 0), h = between(rng, 11, 14);
    gradcheck_net_kinds[number].write(rng, c, layers_text);
    int length = snprintf(text, sizeof(text),
                          "{name: checked, input: [%d, %d, %d], classes: 5, layers: [%s]}", c, h,
                          between(rng, 11, 14), layers_text);
    if (config_parse(&config, text, (size_t)length, "gradcheck", err) < 0)
        return -1;
    int rc = net_open(&p->net, config_root(config), err);
    config_close(config);
    return rc;
}

/* Numbers that float holds exactly, so that both see the same. */
static void fill(struct pair *p, struct rng *rng)
{
    size_t n = (size_t)p->b * shape_count(p->net->input);
    net_init(p->net, rng_u64(rng));
    for (size_t i = 0; i < n; i++)
        p->x[i] = (float)rng_normal(rng);
    for (int i = 0; i < p->net->weight_count; i++) {
        struct weight *w = &p->net->weights[i];
        float *value = w->value.data;
        for (size_t k = 0; w->value.rank == 1 && k < tensor_count(&w->value); k++)
            value[k] += w->trained ? 0.3f * (float)rng_normal(rng) : 0;
    }
}

static int pair_open(struct pair *p, int number, struct rng *rng, struct error *err)
{
    /* One in eight has more images than there are lanes. */
    *p = (struct pair){ .b = rng_below(rng, 8) ? between(rng, 1, 4) : LANES + between(rng, 1, 4) };
    if (open_net(p, number, rng, err) < 0)
        return -1;
    net_set_fast(p->net, gradcheck_net_kinds[number].fast);
    p->last = p->net->count - 1;
    p->trials = memory_array((size_t)p->net->count, sizeof(*p->trials), err);
    p->before =
        p->trials ? memory_array((size_t)p->net->weight_count, sizeof(*p->before), err) : NULL;
    p->x = memory_array((size_t)p->b * shape_count(p->net->input), sizeof(*p->x), err);
    p->dlogits = memory_array((size_t)p->b * (size_t)p->net->classes, sizeof(*p->dlogits), err);
    if (!p->before || !p->x || !p->dlogits)
        return -1;
    for (; p->opened < p->net->count; p->opened++) {
        const struct net_node *node = &p->net->nodes[p->opened];
        if (trial_open(&p->trials[p->opened], node->layer.kind->name, node->layer.v, node->in,
                       node->layer.inputs, p->b, err) < 0)
            return -1;
    }
    for (int i = 0; i < p->net->weight_count; i++)
        if (!p->net->weights[i].trained &&
            !(p->before[i] =
                  memory_array(tensor_count(&p->net->weights[i].value), sizeof(double), err)))
            return -1;
    return 0;
}

/* The node's weights as the network has them now. */
static void take_weights(struct pair *p, int j)
{
    const struct net_node *node = &p->net->nodes[j];
    for (int i = 0; i < node->weights; i++) {
        const float *from = p->net->weights[node->first_weight + i].value.data;
        for (size_t k = 0; k < p->trials[j].size[i]; k++)
            p->trials[j].w[i][k] = from[k];
    }
}

/* Is any input so near a corner that float may fall on its other side? */
static bool on_corner(const struct trial *t, double corner)
{
    size_t n = (size_t)t->b * shape_count(t->in[0]);
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(t->x[0][i]));
    for (size_t i = 0; i < n; i++)
        if (fabs(t->x[0][i] - corner) < CORNER * largest)
            return true;
    return false;
}

/* The twin's forward pass. 1: a rectifier is on a corner. */
static int twin_forward(struct pair *p, struct error *err)
{
    for (int j = 0; j < p->net->count; j++) {
        const struct net_node *node = &p->net->nodes[j];
        struct trial *t = &p->trials[j];
        take_weights(p, j);
        memset(t->dy, 0, (size_t)p->b * shape_count(t->out) * sizeof(*t->dy));
        for (int i = 0; i < node->layer.inputs; i++) {
            size_t n = (size_t)p->b * shape_count(t->in[i]);
            int from = node->input[i];
            for (size_t k = 0; k < n; k++)
                t->x[i][k] = from == NET_INPUT ? (double)p->x[k] : p->trials[from].y[k];
        }
        if (strncmp(t->name, "relu", 4) == 0 && (on_corner(t, 0) || on_corner(t, 6)))
            return 1;
        if (trial_run(t, TRIAL_TWIN_DOUBLE, err) < 0)
            return -1;
    }
    return 0;
}

static int twin_backward(struct pair *p, struct error *err)
{
    memcpy(p->trials[p->last].dy, p->dlogits,
           (size_t)p->b * (size_t)p->net->classes * sizeof(*p->dlogits));
    for (int j = p->last; j >= 0; j--) {
        const struct net_node *node = &p->net->nodes[j];
        struct trial *t = &p->trials[j];
        for (int i = 0; i < node->weights; i++) /* the forward pass moved the statistics */
            if (!t->trained[i])
                memcpy(t->w[i], p->before[node->first_weight + i], t->size[i] * sizeof(double));
        if (trial_run(t, TRIAL_TWIN_DOUBLE, err) < 0)
            return -1;
        for (int i = 0; i < node->layer.inputs; i++) {
            size_t n = (size_t)p->b * shape_count(t->in[i]);
            for (size_t k = 0; node->input[i] != NET_INPUT && k < n; k++)
                p->trials[node->input[i]].dy[k] += t->dx[i][k];
        }
    }
    return 0;
}

static void take_gradient(void *context, int node, const float *dy, size_t n)
{
    struct pair *p = context;
    for (size_t i = 0; node == p->last && i < n; i++)
        p->dlogits[i] = dy[i];
}

static int production(struct pair *p, struct pool *pool, float *logits, struct error *err)
{
    struct backprop_watch watch = { .context = p, .backward = take_gradient };
    struct backprop *bp;
    int64_t label[LANES + 4];
    for (int i = 0; i < p->b; i++)
        label[i] = i % p->net->classes;
    for (int i = 0; i < p->net->weight_count; i++) {
        const float *value = p->net->weights[i].value.data;
        for (size_t k = 0; p->before[i] && k < tensor_count(&p->net->weights[i].value); k++)
            p->before[i][k] = value[k];
    }
    if (backprop_open(&bp, p->net, p->b, pool, err) < 0)
        return -1;
    backprop_watch(bp, &watch);
    backprop_run(bp, p->x, p->b, &(struct targets){ .label = label }, NULL);
    memcpy(logits, backprop_output(bp, p->last),
           (size_t)p->b * (size_t)p->net->classes * sizeof(*logits));
    backprop_close(bp);
    return 0;
}

/* The largest difference, in units of the tensor's largest. */
static double deviation(const float *a, const double *b, size_t n)
{
    double largest = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(b[i]));
        worst = fmax(worst, fabs((double)a[i] - b[i]));
        if (isnan(a[i]) != isnan(b[i]))
            return INFINITY;
    }
    return largest > 0 ? worst / largest : worst;
}

static double worst_of(const struct pair *p, const float *logits)
{
    double worst = deviation(logits, p->trials[p->last].y, (size_t)p->b * (size_t)p->net->classes);
    for (int j = 0; j < p->net->count; j++)
        for (int i = 0; i < p->net->nodes[j].weights; i++) {
            const struct weight *w = &p->net->weights[p->net->nodes[j].first_weight + i];
            const struct trial *t = &p->trials[j];
            worst = fmax(worst, deviation(w->trained ? w->gradient : w->value.data,
                                          w->trained ? t->dw[i] : t->w[i], t->size[i]));
        }
    return worst;
}

static int check_case(int number, struct rng *rng, struct pool *pool, double *worst,
                      struct error *err)
{
    struct pair p;
    int rc = pair_open(&p, number, rng, err), tries = 0;
    do {
        if (rc >= 0)
            fill(&p, rng);
        if (rc >= 0)
            rc = twin_forward(&p, err);
    } while (rc == 1 && ++tries < TRIES);
    if (rc == 1)
        rc = error_set(err, ERROR_FAILED, "network", "no numbers that avoid corners were found");
    float *logits =
        rc == 0 ? memory_array((size_t)p.b * (size_t)p.net->classes, sizeof(*logits), err) : NULL;
    rc = logits ? production(&p, pool, logits, err) : -1;
    if (rc == 0)
        rc = twin_backward(&p, err);
    if (rc == 0)
        *worst = fmax(*worst, worst_of(&p, logits));
    free(logits);
    pair_close(&p);
    return rc;
}

int gradcheck_net(int number, int cases, struct gradcheck_line *line, struct error *err)
{
    struct rng rng = rng_start(rng_derive(1, "sample", gradcheck_net_kinds[number].name, 0), 0, 0);
    struct pool *pool;
    *line = (struct gradcheck_line){ .kind = "network",
                                     .way = gradcheck_net_kinds[number].name,
                                     .bound = GRADCHECK_BOUND };
    if (pool_open(&pool, THREADS, err) < 0)
        return -1;
    int rc = 0;
    for (; rc == 0 && line->compared < cases; line->compared++)
        rc = check_case(number, &rng, pool, &line->worst_deviation, err);
    pool_close(pool);
    return rc;
}
