/*
 * Sums over batches while the network runs: layers that could end in a ReLU are kept apart from it,
 * so that every node's output is its own.
 */
#include "model/signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/backprop.h"
#include "model/net_private.h"

/* Rows of a gradient that differ by less than this share of its length, or of the weights', are the
 * same: sums of floats in another order differ by about a millionth, and where they cancel each
 * other only that is left. */
static const double ALIKE = 1e-5, CANCELED = 1e-7;

/* What was seen of one activation. */
struct sums {
    int layer; /* among the layers; -1: nobody asks */
    double values, sum, squares, flat, gradients, gradient_squares;
    float *low, *high; /* owned: of each unit */
};

struct signals {
    struct net *net;           /* borrowed */
    struct backprop *backprop; /* owned, as all below */
    struct sums *nodes;        /* (net->count) */
    struct signals_layer *layers;
    int layer_count;
    struct signals_matrix *matrices;
    double *lengths; /* (matrix_count): sums over batches */
    int matrix_count, batches;
};

static bool is_flat(const struct layer_kind *kind, float y)
{
    if (strcmp(kind->name, "tanh") == 0)
        return fabsf(y) > 0.9f; /* the range is -1..1 */
    return strcmp(kind->name, "sigmoid") == 0 && (y < 0.05f || y > 0.95f);
}

static void see_forward(void *context, int j, const float *y, size_t n)
{
    struct signals *s = context;
    struct sums *sums = &s->nodes[j];
    const struct net_node *node = &s->net->nodes[j];
    size_t plane = (size_t)node->out.h * (size_t)node->out.w, c = (size_t)node->out.c;
    if (sums->layer < 0)
        return;
    sums->values += (double)n;
    for (size_t i = 0; i < n; i++) {
        size_t unit = i / plane % c;
        sums->sum += y[i];
        sums->squares += (double)y[i] * y[i];
        sums->flat += is_flat(node->layer.kind, y[i]);
        if (y[i] < sums->low[unit])
            sums->low[unit] = y[i];
        if (y[i] > sums->high[unit])
            sums->high[unit] = y[i];
    }
}

static void see_backward(void *context, int j, const float *dy, size_t n)
{
    struct signals *s = context;
    struct sums *sums = &s->nodes[j];
    if (sums->layer < 0)
        return;
    sums->gradients += (double)n;
    for (size_t i = 0; i < n; i++)
        sums->gradient_squares += (double)dy[i] * dy[i];
}

static double length_of(const float *x, size_t n)
{
    double squares = 0;
    for (size_t i = 0; i < n; i++)
        squares += (double)x[i] * x[i];
    return sqrt(squares);
}

/* Do all rows of x (rows,n) lie within `tolerance` of the first? */
static bool rows_alike(const float *x, size_t rows, size_t n, double tolerance)
{
    for (size_t r = 1; r < rows; r++)
        for (size_t i = 0; i < n; i++)
            if (fabs((double)x[r * n + i] - x[i]) > tolerance)
                return false;
    return true;
}

/* All zeros are alike, too. */
static bool is_alike(const struct weight *w)
{
    size_t all = tensor_count(&w->value), rows = (size_t)w->value.shape[0], n = all / rows;
    double g = length_of(w->gradient, all), length = length_of(w->value.data, all);
    return rows > 1 && rows_alike(w->value.data, rows, n, 0) &&
           rows_alike(w->gradient, rows, n, ALIKE * g + CANCELED * length);
}

void signals_forget(struct signals *s)
{
    for (int j = 0; j < s->net->count; j++) {
        struct sums *sums = &s->nodes[j];
        *sums = (struct sums){ .layer = sums->layer, .low = sums->low, .high = sums->high };
        for (int c = 0; sums->layer >= 0 && c < s->net->nodes[j].out.c; c++) {
            sums->low[c] = INFINITY;
            sums->high[c] = -INFINITY;
        }
    }
    memset(s->lengths, 0, (size_t)s->matrix_count * sizeof(*s->lengths));
    s->batches = 0;
}

/* Every activation; in a network without, every matrix. */
static int list_layers(struct signals *s, struct error *err)
{
    const struct net *net = s->net;
    int activations = 0;
    for (int j = 0; j < net->count; j++)
        activations += net->nodes[j].layer.kind->gain != NULL;
    for (int j = 0; j < net->count; j++) {
        const struct net_node *node = &net->nodes[j];
        const struct layer_kind *kind = node->layer.kind;
        struct sums *sums = &s->nodes[j];
        sums->layer = -1;
        if (activations > 0 ? !kind->gain : !kind->weights)
            continue;
        sums->low = memory_array((size_t)node->out.c, sizeof(*sums->low), err);
        sums->high = memory_array((size_t)node->out.c, sizeof(*sums->high), err);
        if (!sums->low || !sums->high)
            return -1;
        sums->layer = s->layer_count++;
        s->layers[sums->layer] =
            (struct signals_layer){ .name = node->name, .kind = kind->name, .units = node->out.c };
    }
    return 0;
}

static void list_matrices(struct signals *s)
{
    for (int i = 0; i < s->net->weight_count; i++)
        if (s->net->weights[i].matrix && s->net->weights[i].gradient)
            s->matrices[s->matrix_count++].name = s->net->weights[i].name;
}

int signals_open(struct signals **result, struct net *net, int batch, struct pool *pool,
                 struct error *err)
{
    struct signals *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    s->net = net;
    net_fuse(net, false);
    s->nodes = memory_array((size_t)net->count, sizeof(*s->nodes), err);
    s->layers = memory_array((size_t)net->count, sizeof(*s->layers), err);
    s->matrices = memory_array((size_t)net->weight_count, sizeof(*s->matrices), err);
    s->lengths = memory_array((size_t)net->weight_count, sizeof(*s->lengths), err);
    if (!s->nodes || !s->layers || !s->matrices || !s->lengths || list_layers(s, err) < 0 ||
        backprop_open(&s->backprop, net, batch, pool, err) < 0) {
        signals_close(s);
        return -1;
    }
    list_matrices(s);
    signals_forget(s);
    *result = s;
    return 0;
}

double signals_see(struct signals *s, const float *x, int b, const struct targets *targets)
{
    struct backprop_watch watch = { s, see_forward, see_backward };
    int correct, m = 0;
    backprop_watch(s->backprop, &watch);
    double loss = backprop_run(s->backprop, x, b, targets, &correct);
    backprop_watch(s->backprop, NULL);
    s->batches++;
    for (int i = 0; i < s->net->weight_count; i++) {
        const struct weight *w = &s->net->weights[i];
        if (!s->net->weights[i].matrix || !w->gradient)
            continue;
        s->lengths[m] += length_of(w->gradient, tensor_count(&w->value));
        s->matrices[m++].alike = is_alike(w);
    }
    return loss;
}

const struct signals_layer *signals_layers(struct signals *s, int *count)
{
    for (int j = 0; j < s->net->count; j++) {
        const struct sums *sums = &s->nodes[j];
        if (sums->layer < 0 || sums->values == 0)
            continue;
        struct signals_layer *l = &s->layers[sums->layer];
        int constant = 0;
        for (int c = 0; c < l->units; c++)
            constant += sums->low[c] >= sums->high[c];
        l->mean = sums->sum / sums->values;
        l->deviation = sqrt(fmax(sums->squares / sums->values - l->mean * l->mean, 0));
        l->saturated = sums->flat / sums->values;
        l->constant = (double)constant / l->units;
        l->gradient = sums->gradients > 0 ? sqrt(sums->gradient_squares / sums->gradients) : 0;
    }
    *count = s->layer_count;
    return s->layers;
}

const struct signals_matrix *signals_matrices(struct signals *s, int *count)
{
    int m = 0;
    for (int i = 0; i < s->net->weight_count; i++) {
        const struct weight *w = &s->net->weights[i];
        if (!s->net->weights[i].matrix || !w->gradient)
            continue;
        s->matrices[m].weight = length_of(w->value.data, tensor_count(&w->value));
        s->matrices[m].gradient = s->batches ? s->lengths[m] / s->batches : 0;
        m++;
    }
    *count = s->matrix_count;
    return s->matrices;
}

void signals_close(struct signals *s)
{
    if (!s)
        return;
    backprop_close(s->backprop);
    net_fuse(s->net, true);
    for (int j = 0; s->nodes && j < s->net->count; j++) {
        free(s->nodes[j].low);
        free(s->nodes[j].high);
    }
    free(s->lengths);
    free(s->matrices);
    free(s->layers);
    free(s->nodes);
    free(s);
}
