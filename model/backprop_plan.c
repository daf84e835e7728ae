/*
 * What is decided when training opens: how images lie, where runs begin, where a node's part of a
 * run's numbers lies, and which gradients share a buffer. Gradients live from their last reader's
 * backward to their node's own. Within a run images are at different nodes at one time, so that a
 * buffer is handed on at once only to a gradient of the same size, whose images lie at the same
 * places; to others when the run is over.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "model/backprop_private.h"
#include "model/winograd.h"

/* RUN_WEIGHTS: what a run's lanes together sum up; more is a run of its own, with fewer lanes.
 * IMAGE_FLOATS: one plane of an image that fills the second-level cache in company with those
 * before and after it (64 KB); of smaller images several go together, at most GROUP. */
enum { RUN_WEIGHTS = 1 << 22, LANES_FLOATS = 1 << 26, IMAGE_FLOATS = 1 << 14, GROUP = 8 };

int backprop_lanes(size_t trained)
{
    int lanes = LANES;
    while (lanes > 1 && trained * (size_t)lanes > LANES_FLOATS)
        lanes /= 2;
    return lanes;
}

size_t backprop_lane_floats(const struct net *net, int j)
{
    const struct net_node *node = &net->nodes[j];
    size_t n = 0;
    for (int i = 0; i < node->weights && !node->layer.kind->settle_backward; i++) {
        const struct weight *w = &net->weights[node->first_weight + i];
        if (w->trained)
            n += tensor_count(&w->value);
    }
    return n;
}

int backprop_group(const struct net *net, int first, int end)
{
    size_t largest = 1;
    for (int j = first; j < end; j++) {
        size_t n = shape_count(net->nodes[j].out);
        largest = n > largest ? n : largest;
    }
    size_t group = IMAGE_FLOATS / largest;
    return group < 1 ? 1 : group > GROUP ? GROUP : (int)group;
}

static bool input_lies(const struct backprop *bp, int j, int i)
{
    int input = bp->net->nodes[j].input[i];
    return input != NET_INPUT && bp->steps[input].blocks;
}

struct pass backprop_pass(const struct backprop *bp, int j, int b)
{
    struct pass p = net_pass(bp->net, j, b);
    p.training = true;
    p.lanes = winograd_lanes();
    p.y_blocks = bp->steps[j].blocks;
    for (int i = 0; i < p.layer->inputs; i++)
        p.x_blocks[i] = input_lies(bp, j, i);
    return p;
}

static bool takes_blocks(const struct backprop *bp, int j)
{
    struct pass p = net_pass(bp->net, j, bp->batch);
    const struct layer_kind *kind = p.layer->kind;
    return kind->blocks != BLOCKS_NEVER && (!kind->takes_blocks || kind->takes_blocks(&p));
}

/* Take blocks away from node j's output and inputs where its kind does not go along. Returns
 * whether anything changed. */
static bool settle_blocks(struct backprop *bp, int j)
{
    const struct net_node *node = &bp->net->nodes[j];
    enum layer_blocks rule = takes_blocks(bp, j) ? node->layer.kind->blocks : BLOCKS_NEVER;
    if (rule == BLOCKS_EITHER && node->absorbed)
        rule = BLOCKS_ALIKE;
    bool all = bp->steps[j].blocks, changed = false;
    for (int i = 0; i < node->layer.inputs; i++)
        all = all && input_lies(bp, j, i);
    if (rule == BLOCKS_EITHER || all)
        return false;
    for (int i = 0; i < node->layer.inputs; i++)
        if (input_lies(bp, j, i)) {
            bp->steps[node->input[i]].blocks = false;
            changed = true;
        }
    changed = changed || bp->steps[j].blocks;
    bp->steps[j].blocks = false;
    return changed;
}

/* Outputs lie in blocks of channels wherever all who touch them take that. */
static void plan_blocks(struct backprop *bp)
{
    const struct net *net = bp->net;
    for (int j = 0; j < net->count - 1; j++) {
        struct shape out = net->nodes[j].out;
        bp->steps[j].blocks =
            takes_blocks(bp, j) && out.c % winograd_lanes() == 0 && out.h * out.w > 1;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int j = 0; j < net->count; j++)
            changed = settle_blocks(bp, j) || changed;
    }
}

static void plan_runs(struct backprop *bp)
{
    const struct net *net = bp->net;
    size_t weights = 0;
    for (int j = 0; j < net->count; j++) {
        size_t n = backprop_lane_floats(net, j);
        bp->steps[j].first =
            j == 0 || net->nodes[j].layer.kind->settle || weights + n > RUN_WEIGHTS;
        weights = n + (bp->steps[j].first ? 0 : weights);
    }
    for (int j = net->count - 1; j >= 0; j--) {
        size_t n = backprop_lane_floats(net, j);
        bp->steps[j].last = j == net->count - 1 || net->nodes[j].layer.kind->settle_backward ||
                            weights + n > RUN_WEIGHTS;
        weights = n + (bp->steps[j].last ? 0 : weights);
    }
}

/* A buffer for `size` floats: of those that are free, the smallest that is large enough, else the
 * largest; a new one if there is none. held[b]: the size that it holds in this run; 0: none. */
static int take_buffer(struct backprop *bp, const bool *busy, const size_t *held, size_t size)
{
    int best = -1;
    for (int b = 0; b < bp->buffer_count; b++) {
        if (busy[b] || (held[b] > 0 && held[b] != size))
            continue;
        size_t now = bp->buffers[b].size, then = best < 0 ? 0 : bp->buffers[best].size;
        bool fits = now >= size, best_fits = then >= size;
        if (best < 0 || (fits && !best_fits) || (fits == best_fits && (now < then) == fits))
            best = b;
    }
    if (best < 0)
        best = bp->buffer_count++;
    if (bp->buffers[best].size < size)
        bp->buffers[best].size = size;
    return best;
}

/* Walk backwards as backward will and hand out gradient buffers. */
static int plan_gradients(struct backprop *bp, struct error *err)
{
    const struct net *net = bp->net;
    size_t count = (size_t)net->count;
    int last = net_root(net, net->count - 1); /* the loss always has a gradient */
    bool *busy = memory_array(count, sizeof(*busy), err);
    size_t *held = busy ? memory_array(count, sizeof(*held), err) : NULL;
    for (int j = 0; j < net->count; j++)
        bp->steps[j].gradient = -1;
    for (int j = net->count - 1; held && j >= 0; j--) {
        for (size_t b = 0; bp->steps[j].last && b < count; b++)
            held[b] = busy[b] ? held[b] : 0;
        if (net->nodes[j].absorbed)
            continue; /* its gradient is its input's */
        if (!net->nodes[j].learns && j != last)
            continue; /* nobody asks for it */
        for (int i = -1; i < net->nodes[j].layer.inputs; i++) {
            int node = i < 0 ? j : net->nodes[j].input[i];
            if (node == NET_INPUT || (i >= 0 && !net->nodes[node].learns))
                continue;
            node = net_root(net, node);
            if (bp->steps[node].gradient >= 0)
                continue;
            size_t size = shape_count(net->nodes[node].out);
            int b = take_buffer(bp, busy, held, size);
            busy[b] = true;
            held[b] = size;
            bp->steps[node].gradient = b;
        }
        if (net_root(net, j) == j)
            busy[bp->steps[j].gradient] = false;
    }
    bool planned = held;
    free(held);
    free(busy);
    for (int b = 0; planned && b < bp->buffer_count; b++) {
        struct gradient_buffer *buffer = &bp->buffers[b];
        buffer->data = memory_aligned(buffer->size * (size_t)bp->batch, sizeof(float), err);
        planned = buffer->data;
    }
    return planned ? 0 : -1;
}

static int open_outputs(struct backprop *bp, struct error *err)
{
    const struct net *net = bp->net;
    size_t planes = 0;
    for (int j = 0; j < net->count; j++) {
        const struct net_node *node = &net->nodes[j];
        struct step *step = &bp->steps[j];
        struct pass p = backprop_pass(bp, j, bp->batch);
        size_t size = shape_count(node->out) * (size_t)bp->batch;
        int root = net_root(net, j);
        bp->output[j] = root == j ? memory_aligned(size, sizeof(float), err) : bp->output[root];
        if (!bp->output[j])
            return -1;
        if (p.layer->kind->state &&
            !(step->state = memory_aligned(p.layer->kind->state(&p), 1, err)))
            return -1;
        planes = step->blocks && size > planes ? size : planes;
    }
    bp->planes = planes ? memory_array(planes, sizeof(float), err) : NULL;
    return planes && !bp->planes ? -1 : 0;
}

static size_t rounded(size_t floats)
{
    return (floats + 15) & ~(size_t)15; /* whole cache lines */
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Give every node its parts, and find how long they are at most. */
static int open_parts(struct backprop *bp, struct error *err)
{
    const struct net *net = bp->net;
    size_t scratch = 0, prepared = 0, all_prepared = 0, lane = 0, lanes = 0, kept = 0;
    for (int j = 0; j < net->count; j++) {
        struct pass p = backprop_pass(bp, j, bp->batch);
        const struct layer_kind *kind = p.layer->kind;
        prepared = bp->steps[j].first ? 0 : prepared;
        bp->steps[j].prepared = prepared;
        prepared += rounded(kind->prepared ? kind->prepared(&p) : 0);
        all_prepared = larger(all_prepared, prepared);
        scratch = larger(scratch, kind->scratch ? kind->scratch(&p) : 0);
    }
    for (int j = 0; j < net->count; j++) {
        struct pass p = backprop_pass(bp, j, bp->batch);
        const struct layer_kind *kind = p.layer->kind;
        bool begins = j == 0 || bp->steps[j - 1].last; /* backward's run ends here */
        lane = begins ? 0 : lane;
        kept = begins ? 0 : kept;
        prepared = begins ? 0 : prepared;
        bp->steps[j].lane = lane;
        bp->steps[j].kept = kept;
        bp->steps[j].prepared_back = prepared;
        lane += backprop_lane_floats(net, j);
        kept += rounded(kind->kept ? kind->kept(&p) : 0);
        prepared += rounded(kind->prepared ? kind->prepared(&p) : 0);
        lanes = larger(lanes, lane * (size_t)backprop_lanes(lane));
        bp->kept_size = larger(bp->kept_size, kept);
        all_prepared = larger(all_prepared, prepared);
    }
    bp->scratch_size = bp->kept_size + rounded(scratch);
    bp->scratch =
        memory_aligned(bp->scratch_size * (size_t)pool_threads(bp->pool), sizeof(float), err);
    bp->lanes = bp->scratch ? memory_aligned(lanes, sizeof(float), err) : NULL;
    bp->prepared = bp->lanes ? memory_aligned(all_prepared, sizeof(float), err) : NULL;
    return bp->prepared ? 0 : -1;
}

int backprop_open(struct backprop **result, struct net *net, int batch, struct pool *pool,
                  struct error *err)
{
    struct backprop *bp = memory_array(1, sizeof(*bp), err);
    if (!bp)
        return -1;
    bp->net = net;
    bp->pool = pool;
    bp->batch = batch;
    bp->steps = memory_array((size_t)net->count, sizeof(*bp->steps), err);
    bp->output = bp->steps ? memory_array((size_t)net->count, sizeof(*bp->output), err) : NULL;
    bp->buffers = bp->output ? memory_array((size_t)net->count, sizeof(*bp->buffers), err) : NULL;
    if (bp->buffers) {
        plan_blocks(bp);
        plan_runs(bp);
    }
    if (!bp->buffers || open_outputs(bp, err) < 0 || open_parts(bp, err) < 0 ||
        plan_gradients(bp, err) < 0) {
        backprop_close(bp);
        return -1;
    }
    *result = bp;
    return 0;
}

void backprop_close(struct backprop *bp)
{
    if (!bp)
        return;
    for (int j = 0; bp->output && j < bp->net->count; j++) {
        if (net_root(bp->net, j) == j)
            free(bp->output[j]);
        free(bp->steps[j].state);
    }
    for (int b = 0; b < bp->buffer_count; b++)
        free(bp->buffers[b].data);
    features_close(bp->features);
    free(bp->planes);
    free(bp->prepared);
    free(bp->lanes);
    free(bp->scratch);
    free(bp->buffers);
    free(bp->output);
    free(bp->steps);
    free(bp);
}
