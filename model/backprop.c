/*
 * Layer by layer, all images of the batch at once: batch normalization needs the whole batch before
 * it can go on. Within a layer every image is independent and the pool's threads share the images
 * out. Weight gradients are sums over images: image i adds to lane i mod LANES, each lane in order
 * of i, and the lanes are added pairwise; so the sum has one order, however many threads there are.
 *
 * Outputs are kept from forward to backward, one buffer a node (a relu that its input does shares
 * that node's). Their gradients live shorter, from the last reader's backward to the node's own,
 * and share buffers accordingly.
 */
#include "model/backprop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/simd.h"
#include "model/features.h"
#include "model/net_private.h"

struct backprop {
    struct net *net;   /* borrowed */
    struct pool *pool; /* borrowed */
    int batch;
    uint64_t seed, position;            /* of the layers' draws */
    const struct backprop_watch *watch; /* borrowed; NULL: nobody */
    float **output;   /* owned list; buffers owned, but for a done relu's, which is its input's */
    void **state;     /* owned list and buffers: kept from forward to backward */
    int *gradient_of; /* owned: node -> number of its gradient's buffer */
    float **buffers;  /* owned list and buffers: gradients */
    size_t *sizes;    /* owned: floats of each */
    int buffer_count;
    bool *touched;  /* owned: does the node's gradient hold something yet */
    float *scratch; /* owned: a part for each worker */
    size_t scratch_size;
    float *lanes;              /* owned: LANES parts of the largest layer's trained size */
    float *prepared;           /* owned: of the layer at hand */
    struct features *features; /* owned; NULL: nothing is remembered */
};

/* A layer of many weights has fewer lanes, so that they do not outgrow the weights of the whole
 * network: 16 up to 2^22 weights (ResNet-152's largest layer), one from 2^25 on. */
static int lanes_of(size_t trained)
{
    int lanes = LANES;
    while (lanes > 1 && trained * (size_t)lanes > (size_t)1 << 26)
        lanes /= 2;
    return lanes;
}

static size_t trained_floats(const struct net *net, const struct net_node *node)
{
    size_t n = 0;
    for (int i = 0; i < node->weights; i++) {
        const struct weight *w = &net->weights[node->first_weight + i];
        if (w->trained)
            n += tensor_count(&w->value);
    }
    return n;
}

/* The node whose output buffer j's output lies in. */
static int root_of(const struct net *net, int j)
{
    return net->nodes[j].absorbed ? net->nodes[j].input[0] : j;
}

/* Walk backwards as backward will and hand out gradient buffers: one is free again after its node's
 * own turn. */
static int plan_gradients(struct backprop *bp, struct error *err)
{
    const struct net *net = bp->net;
    size_t count = (size_t)net->count;
    int last = root_of(net, net->count - 1); /* the loss always has a gradient */
    bool *busy = memory_array(count, sizeof(*busy), err);
    if (!busy)
        return -1;
    for (int j = 0; j < net->count; j++)
        bp->gradient_of[j] = -1;
    for (int j = net->count - 1; j >= 0; j--) {
        if (net->nodes[j].absorbed)
            continue; /* its gradient is its input's */
        if (!net->nodes[j].learns && j != last)
            continue; /* nobody asks for it */
        for (int i = -1; i < net->nodes[j].layer.inputs; i++) {
            int node = i < 0 ? j : net->nodes[j].input[i];
            if (node == NET_INPUT || (i >= 0 && !net->nodes[node].learns))
                continue;
            node = root_of(net, node);
            if (bp->gradient_of[node] >= 0)
                continue;
            size_t size = shape_count(net->nodes[node].out);
            int best =
                -1; /* the smallest free buffer that is large enough, else the largest free one */
            for (int b = 0; b < bp->buffer_count; b++) {
                if (busy[b])
                    continue;
                bool fits = bp->sizes[b] >= size, best_fits = best >= 0 && bp->sizes[best] >= size;
                if (best < 0 || (fits && !best_fits) ||
                    (fits == best_fits && (bp->sizes[b] < bp->sizes[best]) == fits))
                    best = b;
            }
            if (best < 0)
                best = bp->buffer_count++;
            bp->sizes[best] = bp->sizes[best] > size ? bp->sizes[best] : size;
            busy[best] = true;
            bp->gradient_of[node] = best;
        }
        busy[bp->gradient_of[j]] = false;
    }
    free(busy);
    for (int b = 0; b < bp->buffer_count; b++) {
        bp->buffers[b] = memory_aligned(bp->sizes[b] * (size_t)bp->batch, sizeof(float), err);
        if (!bp->buffers[b])
            return -1;
    }
    return 0;
}

static int allocate(struct backprop *bp, struct error *err)
{
    const struct net *net = bp->net;
    size_t lanes = 0, prepared = 0;
    for (int j = 0; j < net->count; j++) {
        const struct net_node *node = &net->nodes[j];
        if (node->absorbed) {
            bp->output[j] = bp->output[node->input[0]];
            continue;
        }
        struct pass p = net_pass(net, j, bp->batch);
        p.training = true;
        bp->output[j] =
            memory_aligned(shape_count(node->out) * (size_t)bp->batch, sizeof(float), err);
        if (!bp->output[j])
            return -1;
        if (p.layer->kind->state &&
            !(bp->state[j] = memory_aligned(p.layer->kind->state(&p), 1, err)))
            return -1;
        size_t scratch = p.layer->kind->scratch ? p.layer->kind->scratch(&p) : 0;
        bp->scratch_size = scratch > bp->scratch_size ? scratch : bp->scratch_size;
        size_t trained = trained_floats(net, node);
        trained *= (size_t)lanes_of(trained);
        size_t ready = p.layer->kind->prepared ? p.layer->kind->prepared(&p) : 0;
        prepared = ready > prepared ? ready : prepared;
        lanes = trained > lanes ? trained : lanes;
    }
    bp->scratch_size = (bp->scratch_size + 15) & ~(size_t)15; /* workers on separate cache lines */
    bp->scratch =
        memory_aligned(bp->scratch_size * (size_t)pool_threads(bp->pool), sizeof(float), err);
    bp->lanes = bp->scratch ? memory_aligned(lanes, sizeof(float), err) : NULL;
    bp->prepared = bp->lanes ? memory_aligned(prepared, sizeof(float), err) : NULL;
    return bp->prepared ? 0 : -1;
}

int backprop_open(struct backprop **result, struct net *net, int batch, struct pool *pool,
                  struct error *err)
{
    struct backprop *bp = memory_array(1, sizeof(*bp), err);
    if (!bp)
        return -1;
    size_t count = (size_t)net->count;
    bp->net = net;
    bp->pool = pool;
    bp->batch = batch;
    bp->output = memory_array(count, sizeof(*bp->output), err);
    bp->state = memory_array(count, sizeof(*bp->state), err);
    bp->gradient_of = memory_array(count, sizeof(*bp->gradient_of), err);
    bp->buffers = memory_array(count, sizeof(*bp->buffers), err);
    bp->sizes = memory_array(count, sizeof(*bp->sizes), err);
    bp->touched = memory_array(count, sizeof(*bp->touched), err);
    if (!bp->output || !bp->state || !bp->gradient_of || !bp->buffers || !bp->sizes ||
        !bp->touched || allocate(bp, err) < 0 || plan_gradients(bp, err) < 0) {
        backprop_close(bp);
        return -1;
    }
    *result = bp;
    return 0;
}

/* What a turn of the pool needs. */
struct turn {
    struct backprop *bp;
    const struct pass *pass;
    size_t lane_size;
    int lanes;
};

static void turn_measure(void *context, size_t i, int worker)
{
    (void)worker;
    const struct turn *turn = context;
    turn->pass->layer->kind->measure(turn->pass, (int)i);
}

static void turn_forward(void *context, size_t i, int worker)
{
    const struct turn *turn = context;
    float *scratch = turn->bp->scratch + (size_t)worker * turn->bp->scratch_size;
    turn->pass->layer->kind->forward(turn->pass, (int)i, scratch);
}

static void turn_measure_backward(void *context, size_t i, int worker)
{
    (void)worker;
    const struct turn *turn = context;
    turn->pass->layer->kind->measure_backward(turn->pass, (int)i);
}

static void turn_backward(void *context, size_t i, int worker)
{
    const struct turn *turn = context;
    float *scratch = turn->bp->scratch + (size_t)worker * turn->bp->scratch_size;
    turn->pass->layer->kind->backward(turn->pass, (int)i, scratch, NULL);
}

/* A lane's images, in order. */
static void turn_lane(void *context, size_t lane, int worker)
{
    const struct turn *turn = context;
    float *scratch = turn->bp->scratch + (size_t)worker * turn->bp->scratch_size;
    float *sums = turn->bp->lanes + lane * turn->lane_size;
    const struct layer_kind *kind = turn->pass->layer->kind;
    memset(sums, 0, turn->lane_size * sizeof(*sums));
    if (kind->backward_lane &&
        kind->backward_lane(turn->pass, (int)lane, turn->lanes, scratch, sums))
        return;
    for (int i = (int)lane; i < turn->pass->b; i += turn->lanes)
        kind->backward(turn->pass, i, scratch, sums);
}

static struct pass whole_pass(struct backprop *bp, int j, const float *x, int b)
{
    const struct net_node *node = &bp->net->nodes[j];
    struct pass p = net_pass(bp->net, j, b);
    p.training = true;
    if (p.layer->kind->draws)
        p.key = rng_derive(bp->seed, "dropout", node->name, 0);
    p.first = bp->position;
    p.state = bp->state[j];
    p.y = bp->output[j];
    for (int i = 0; i < node->layer.inputs; i++)
        p.x[i] = node->input[i] == NET_INPUT ? x : bp->output[node->input[i]];
    return p;
}

static void prepare(struct backprop *bp, struct pass *p, bool backward)
{
    const struct layer_kind *kind = p->layer->kind;
    if (!kind->prepared || kind->prepared(p) == 0)
        return;
    kind->prepare(p, backward, bp->prepared);
    p->prepared = bp->prepared;
}

static void forward(struct backprop *bp, const float *x, int b, int first, int end, double share)
{
    for (int j = first; j < end; j++) {
        if (bp->net->nodes[j].absorbed)
            continue;
        struct pass p = whole_pass(bp, j, x, b);
        p.share = share;
        struct turn turn = { .bp = bp, .pass = &p };
        const struct layer_kind *kind = p.layer->kind;
        if (kind->measure)
            pool_run(bp->pool, (size_t)b, turn_measure, &turn);
        if (kind->settle)
            kind->settle(&p);
        prepare(bp, &p, false);
        pool_run(bp->pool, (size_t)b, turn_forward, &turn);
        if (bp->watch && bp->watch->forward)
            bp->watch->forward(bp->watch->context, j, p.y, (size_t)b * shape_count(p.out));
    }
}

VECTOR_CLONES static void add_to(float *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* Lanes 0+1, 2+3, ...; then those sums pairwise; the result in lane 0. */
static void sum_lanes(float *lanes, size_t size, int count)
{
    for (int step = 1; step < count; step *= 2)
        for (int lane = 0; lane + step < count; lane += 2 * step)
            add_to(lanes + (size_t)lane * size, lanes + (size_t)(lane + step) * size, size);
}

static void backward_node(struct backprop *bp, int j, const float *x, int b)
{
    const struct net_node *node = &bp->net->nodes[j];
    struct pass p = whole_pass(bp, j, x, b);
    const struct layer_kind *kind = p.layer->kind;
    struct turn turn = { .bp = bp, .pass = &p };
    int own = root_of(bp->net, j);
    p.dy = bp->buffers[bp->gradient_of[own]];
    if (bp->watch && bp->watch->backward)
        bp->watch->backward(bp->watch->context, j, p.dy, (size_t)b * shape_count(p.out));
    if (node->absorbed) { /* dy is masked where it lies; the layer that did the relu takes it from
                             there */
        p.dx[0] = bp->buffers[bp->gradient_of[own]];
        pool_run(bp->pool, (size_t)b, turn_backward, &turn);
        return;
    }
    for (int i = 0; i < node->layer.inputs; i++) {
        if (node->input[i] == NET_INPUT || !bp->net->nodes[node->input[i]].learns)
            continue;
        int to = root_of(bp->net, node->input[i]);
        p.dx[i] = bp->buffers[bp->gradient_of[to]];
        p.add[i] = bp->touched[to];
        bp->touched[to] = true;
    }
    if (kind->measure_backward)
        pool_run(bp->pool, (size_t)b, turn_measure_backward, &turn);
    if (kind->settle_backward)
        kind->settle_backward(&p);
    prepare(bp, &p, true);
    size_t trained = trained_floats(bp->net, node);
    if (trained == 0 || kind->settle_backward) {
        pool_run(bp->pool, (size_t)b, turn_backward, &turn);
        return;
    }
    turn.lane_size = trained;
    turn.lanes = lanes_of(trained);
    pool_run(bp->pool, (size_t)turn.lanes, turn_lane, &turn);
    sum_lanes(bp->lanes, trained, turn.lanes);
    /* A layer's trained tensors lie in the gradient block in order of declaration. */
    memcpy(p.dw[0], bp->lanes, trained * sizeof(float));
}

void backprop_forward(struct backprop *bp, const float *x, int b, int first, int end)
{
    forward(bp, x, b, first, end, 0);
}

const float *backprop_output(const struct backprop *bp, int j)
{
    return bp->output[j];
}

void backprop_reestimate(struct backprop *bp, const float *x, int b, int nth)
{
    forward(bp, x, b, 0, bp->net->count, 1.0 / nth);
}

void backprop_watch(struct backprop *bp, const struct backprop_watch *watch)
{
    bp->watch = watch;
}

void backprop_chance(struct backprop *bp, uint64_t seed, uint64_t position)
{
    bp->seed = seed;
    bp->position = position;
}

int backprop_remember(struct backprop *bp, size_t bytes, struct error *err)
{
    features_close(bp->features);
    return features_open(&bp->features, bp->net, bp->batch, bytes, err);
}

/* The frozen beginning, for those images that it was not yet run for; how many nodes that is. */
static int forward_beginning(struct backprop *bp, const float *x, int b)
{
    if (!bp->features)
        return 0;
    const float *fresh;
    int unknown = features_look(bp->features, x, b, &fresh), nodes = features_nodes(bp->features);
    if (unknown > 0)
        forward(bp, fresh, unknown, 0, nodes, 0);
    features_place(bp->features, bp->output, b);
    return nodes;
}

double backprop_run(struct backprop *bp, const float *x, int b, const struct targets *targets,
                    int *correct)
{
    int last = bp->net->count - 1, root = root_of(bp->net, last);
    forward(bp, x, b, forward_beginning(bp, x, b), bp->net->count, 0);
    double loss = loss_run(bp->output[last], targets, b, bp->net->classes,
                           bp->buffers[bp->gradient_of[root]], correct);
    memset(bp->touched, 0, (size_t)bp->net->count * sizeof(*bp->touched));
    bp->touched[root] = true;
    for (int j = last; j >= 0; j--)
        if (bp->net->nodes[j].learns)
            backward_node(bp, j, x, b);
    return loss;
}

const char *backprop_not_finite(const struct backprop *bp, int b)
{
    for (int j = 0; j < bp->net->count; j++) {
        size_t n = shape_count(bp->net->nodes[j].out) * (size_t)b;
        for (size_t i = 0; i < n; i++)
            if (!isfinite(bp->output[j][i]))
                return bp->net->nodes[j].name;
    }
    return NULL;
}

void backprop_close(struct backprop *bp)
{
    if (!bp)
        return;
    for (int j = 0; j < bp->net->count; j++) {
        if (bp->output && !bp->net->nodes[j].absorbed)
            free(bp->output[j]);
        if (bp->state)
            free(bp->state[j]);
        if (bp->buffers)
            free(bp->buffers[j]);
    }
    features_close(bp->features);
    free(bp->prepared);
    free(bp->lanes);
    free(bp->scratch);
    free(bp->touched);
    free(bp->sizes);
    free(bp->buffers);
    free(bp->gradient_of);
    free(bp->state);
    free(bp->output);
    free(bp);
}
