/*
 * Histograms of all layers share one range, so that a signal that dies out is seen to; the range is
 * known when all moments are, so the batch goes through the network twice.
 */
#include "model/init_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "model/backprop.h"
#include "model/init.h"
#include "model/net_private.h"

/* What watches the network: which layer of the report a node is, and whether ranges are known. */
struct watcher {
    struct init_report *report;
    const int *layer_of; /* by node; -1: none */
    bool bins;
};

static void take(struct init_report_numbers *to, const float *x, size_t n, double range, bool bins)
{
    double sum = 0, squares = 0, zeros = 0, largest = 0;
    if (bins) {
        for (size_t i = 0; i < n; i++) {
            double at = (x[i] / range + 1) / 2 * INIT_REPORT_BINS;
            int bin = (int)fmin(at, INIT_REPORT_BINS - 1); /* 1 belongs to the last */
            if (x[i] != 0 && at >= 0 && at <= INIT_REPORT_BINS)
                to->bins[bin]++;
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        zeros += x[i] == 0;
        largest = fmax(largest, fabs(x[i]));
    }
    to->mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - to->mean) * (x[i] - to->mean);
    to->deviation = sqrt(squares / (double)n);
    to->zeros = zeros / (double)n;
    to->largest = largest;
}

static void see_activation(void *context, int node, const float *y, size_t n)
{
    const struct watcher *w = context;
    if (w->layer_of[node] >= 0)
        take(&w->report->layers[w->layer_of[node]].activation, y, n, w->report->range, w->bins);
}

static void see_gradient(void *context, int node, const float *dy, size_t n)
{
    const struct watcher *w = context;
    if (w->layer_of[node] >= 0)
        take(&w->report->layers[w->layer_of[node]].gradient, dy, n, w->report->gradient_range,
             w->bins);
}

static double reach(const struct init_report_numbers *n)
{
    return fmin(fabs(n->mean) + 3 * n->deviation, n->largest);
}

static void find_ranges(struct init_report *r)
{
    for (int l = 0; l < r->count; l++) {
        r->range = fmax(r->range, reach(&r->layers[l].activation));
        r->gradient_range = fmax(r->gradient_range, reach(&r->layers[l].gradient));
    }
    if (!(r->gradient_range > 0) || !isfinite(r->gradient_range))
        r->gradient_range = 1;
    if (!(r->range > 0) || !isfinite(r->range))
        r->range = 1;
}

/* Every activation is a layer of the report; in a network without, every matrix. */
static int name_layers(struct init_report *r, const struct net *net, int *layer_of,
                       struct error *err)
{
    int activations = 0;
    for (int j = 0; j < net->count; j++)
        activations += net->nodes[j].layer.kind->gain != NULL;
    for (int j = 0; j < net->count; j++) {
        const struct layer_kind *kind = net->nodes[j].layer.kind;
        bool listed = activations > 0 ? kind->gain != NULL : kind->weights != NULL;
        layer_of[j] = listed ? r->count : -1;
        if (listed && !(r->layers[r->count++].name = memory_text(net->nodes[j].name, err)))
            return -1;
    }
    return 0;
}

static int name_scheme(struct init_report *r, const struct net *net, struct error *err)
{
    char text[128];
    json_t *all = param_json(init_params, net->init, err);
    if (!all)
        return -1;
    const char *scheme = json_string_value(json_object_get(all, "scheme"));
    double std = json_number_value(json_object_get(all, "std"));
    double value = json_number_value(json_object_get(all, "value"));
    if (strcmp(scheme, "gaussian") == 0)
        snprintf(text, sizeof(text), "gaussian %g", std);
    else if (strcmp(scheme, "constant") == 0)
        snprintf(text, sizeof(text), "constant %g", value);
    else
        snprintf(text, sizeof(text), "%s", scheme);
    json_decref(all);
    r->scheme = memory_text(text, err);
    return r->scheme ? 0 : -1;
}

static int run(struct init_report *r, struct net *net, const int *layer_of, uint64_t seed,
               struct error *err)
{
    struct shape in = net_input(net);
    size_t n = INIT_REPORT_BATCH * shape_count(in);
    struct pool *pool = NULL;
    struct backprop *bp = NULL;
    float *x = memory_aligned(n, sizeof(*x), err);
    int64_t label[INIT_REPORT_BATCH];
    struct rng rng = rng_start(rng_derive(seed, "init", "the report's batch", 0), 0, 0);
    for (size_t i = 0; x && i < n; i++)
        x[i] = (float)rng_normal(&rng);
    for (int i = 0; i < INIT_REPORT_BATCH; i++)
        label[i] = i % net_classes(net);
    int rc = x ? pool_open(&pool, 0, err) : -1;
    net_init(net, seed);
    if (rc == 0 && net_init_needs_data(net))
        rc = net_init_data(net, x, INIT_REPORT_BATCH, pool, err);
    net_fuse(net, false);
    if (rc == 0)
        rc = backprop_open(&bp, net, INIT_REPORT_BATCH, pool, err);
    struct watcher w = { r, layer_of, false };
    struct backprop_watch watch = { &w, see_activation, see_gradient };
    for (int trip = 0; rc == 0 && trip < 2; trip++) {
        w.bins = trip == 1;
        backprop_watch(bp, &watch);
        backprop_run(bp, x, INIT_REPORT_BATCH, &(struct targets){ .label = label }, NULL);
        if (trip == 0)
            find_ranges(r);
    }
    backprop_close(bp);
    pool_close(pool);
    free(x);
    return rc;
}

int init_report_open(struct init_report **result, struct net *net, uint64_t seed, struct error *err)
{
    struct init_report *r = memory_array(1, sizeof(*r), err);
    if (!r)
        return -1;
    r->network = memory_text(net_name(net), err);
    r->layers = memory_array((size_t)net->count, sizeof(*r->layers), err);
    int *layer_of = memory_array((size_t)net->count, sizeof(*layer_of), err);
    int rc = r->network && r->layers && layer_of ? 0 : -1;
    if (rc == 0)
        rc = name_layers(r, net, layer_of, err);
    if (rc == 0)
        rc = name_scheme(r, net, err);
    if (rc == 0)
        rc = run(r, net, layer_of, seed, err);
    free(layer_of);
    net_fuse(net, true);
    if (rc < 0) {
        init_report_close(r);
        return -1;
    }
    *result = r;
    return 0;
}

int init_report_print(const struct init_report *r, struct buffer *out, struct error *err)
{
    if (buffer_print(out, err, "%s, init %s\n%-28s %12s %12s %8s %14s %14s\n", r->network,
                     r->scheme, "layer", "mean", "deviation", "zeros", "gradient mean",
                     "deviation") < 0)
        return -1;
    for (int l = 0; l < r->count; l++) {
        const struct init_report_numbers *a = &r->layers[l].activation, *g = &r->layers[l].gradient;
        if (buffer_print(out, err, "%-28s %12.4g %12.4g %7.1f%% %14.4g %14.4g\n", r->layers[l].name,
                         a->mean, a->deviation, 100 * a->zeros, g->mean, g->deviation) < 0)
            return -1;
    }
    return 0;
}

void init_report_close(struct init_report *r)
{
    if (!r)
        return;
    for (int l = 0; l < r->count; l++)
        free((char *)r->layers[l].name);
    free(r->layers);
    free(r->network);
    free(r->scheme);
    free(r);
}
