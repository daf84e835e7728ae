/*
 * Images go through *runs* of nodes: all of a run's nodes for one image (or the few that fill a
 * cache together), then the next image, so that what a node gives is still near when the next one
 * reads it. A run ends where the whole batch must have come by, in front of a batch normalization:
 * its statistics are measured at the end of the run before, of each image while it is there. The
 * pool's threads share the images out.
 *
 * Weight gradients are sums over images: image i adds to lane i mod LANES, each lane in order of i,
 * and the lanes are added pairwise; so the sum has one order, however many threads there are.
 *
 * Outputs are kept from forward to backward, one buffer a node (but some nodes share one:
 * net_root). Their gradients live shorter and share buffers (backprop_plan.c).
 */
#include <math.h>
#include <string.h>

#include "base/simd.h"
#include "model/backprop_private.h"

enum { SUM_FLOATS = 4096 }; /* of a lane, added up in one turn */

/* Nodes that images pass in one turn of the pool, up (first <= j < end) or down. */
struct run {
    struct backprop *bp;
    int b, first, end;
    int group;    /* images that go together */
    int measured; /* node whose measure follows; -1: none */
    int lanes;
    size_t lane_size;
};

static float *scratch_of(const struct backprop *bp, int worker)
{
    return bp->scratch + (size_t)worker * bp->scratch_size;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static void turn_forward(void *context, size_t i, int worker)
{
    const struct run *run = context;
    float *scratch = scratch_of(run->bp, worker) + run->bp->kept_size;
    int first = (int)i * run->group, end = smaller(first + run->group, run->b);
    for (int j = run->first; j < run->end; j++) {
        const struct pass *p = &run->bp->steps[j].pass;
        const struct layer_kind *kind = p->layer->kind;
        if (run->bp->net->nodes[j].absorbed)
            continue;
        if (kind->forward_images)
            kind->forward_images(p, first, end - first, scratch);
        else
            for (int image = first; image < end; image++)
                kind->forward(p, image, scratch);
    }
    const struct pass *p = run->measured < 0 ? NULL : &run->bp->steps[run->measured].pass;
    for (int image = first; p && image < end; image++)
        p->layer->kind->measure(p, image);
}

/* A layer that does nothing; its output's gradient, which it shares, has not to be masked. */
static bool is_left_out(const struct backprop *bp, int j)
{
    return bp->net->nodes[j].absorbed && bp->net->nodes[j].layer.kind->identity;
}

/* Does node j's output depend on anything that is to change? Only then it is gone back through. */
static bool learns(const struct backprop *bp, int j)
{
    return bp->net->nodes[j].learns;
}

static void set_pass(struct backprop *bp, int j, const float *x, int b)
{
    const struct net_node *node = &bp->net->nodes[j];
    struct pass *p = &bp->steps[j].pass;
    *p = backprop_pass(bp, j, b);
    if (p->layer->kind->draws)
        p->key = rng_derive(bp->seed, "dropout", node->name, 0);
    p->first = bp->position;
    p->state = bp->steps[j].state;
    p->y = bp->output[j];
    for (int i = 0; i < node->layer.inputs; i++)
        p->x[i] = node->input[i] == NET_INPUT ? x : bp->output[node->input[i]];
}

static void prepare(struct backprop *bp, int j, bool backward)
{
    struct step *step = &bp->steps[j];
    const struct layer_kind *kind = step->pass.layer->kind;
    if (!kind->prepared || kind->prepared(&step->pass) == 0 || (backward && !learns(bp, j)))
        return;
    float *prepared = bp->prepared + (backward ? step->prepared_back : step->prepared);
    kind->prepare(&step->pass, backward, prepared);
    step->pass.prepared = prepared;
}

/* Values of node j's shape as planes: themselves, or laid out in bp->planes. */
static const float *planes_of(const struct backprop *bp, int j, const float *values, int b)
{
    struct pass p = backprop_pass(bp, j, b);
    size_t n = shape_count(p.out), plane = (size_t)p.out.h * (size_t)p.out.w;
    if (!p.y_blocks)
        return values;
    for (size_t i = 0; i < (size_t)b; i++)
        for (int c = 0; c < p.out.c; c++)
            for (size_t at = 0; at < plane; at++)
                bp->planes[i * n + (size_t)c * plane + at] =
                    values[i * n + blocks_index(p.out, p.lanes, c, at)];
    return bp->planes;
}

static void see_outputs(struct backprop *bp, int j, int b)
{
    const struct pass *p = &bp->steps[j].pass;
    if (bp->watch && bp->watch->forward && !bp->net->nodes[j].absorbed)
        bp->watch->forward(bp->watch->context, j, planes_of(bp, j, p->y, b),
                           (size_t)b * shape_count(p->out));
}

static void forward(struct backprop *bp, const float *x, int b, int first, int end, double share)
{
    for (int j = first; j < end; j++) {
        set_pass(bp, j, x, b);
        bp->steps[j].pass.share = share;
    }
    struct run run = { .bp = bp, .b = b, .measured = -1 };
    for (int j = first; j < end; j = run.end) {
        const struct pass *p = &bp->steps[j].pass;
        if (p->layer->kind->measure && run.measured != j) {
            run = (struct run){ .bp = bp, .b = b, .measured = j, .group = 1 };
            pool_run(bp->pool, (size_t)b, turn_forward, &run);
        }
        if (p->layer->kind->settle)
            p->layer->kind->settle(p);
        run.first = j;
        for (run.end = j + 1; run.end < end && !bp->watch && !bp->steps[run.end].first;)
            run.end++;
        run.measured = run.end < end && bp->steps[run.end].pass.layer->kind->measure ? run.end : -1;
        run.group = backprop_group(bp->net, run.first, run.end);
        for (int k = run.first; k < run.end; k++)
            prepare(bp, k, false);
        pool_run(bp->pool, (size_t)((b + run.group - 1) / run.group), turn_forward, &run);
        for (int k = run.first; k < run.end; k++)
            see_outputs(bp, k, b);
    }
}

/* Node j's backward of images first, first + step ... of a lane. */
static void back_node(const struct run *run, int j, int first, int count, float *scratch,
                      float *lane)
{
    const struct step *step = &run->bp->steps[j];
    const struct pass *p = &step->pass;
    const struct layer_kind *kind = p->layer->kind;
    float *sums = lane + step->lane, *rest = scratch + run->bp->kept_size;
    if (kind->backward_images)
        kind->backward_images(p, first, run->lanes, count, rest, scratch + step->kept, sums);
    else
        for (int i = 0; i < count; i++)
            kind->backward(p, first + i * run->lanes, rest, sums);
}

/* A lane's images, in order, from node end - 1 down to node first. */
static void turn_lane(void *context, size_t number, int worker)
{
    const struct run *run = context;
    struct backprop *bp = run->bp;
    float *scratch = scratch_of(bp, worker), *lane = bp->lanes + number * run->lane_size;
    memset(lane, 0, run->lane_size * sizeof(*lane));
    for (int j = run->first; j < run->end; j++) {
        const struct pass *p = &bp->steps[j].pass;
        if (p->layer->kind->kept)
            memset(scratch + bp->steps[j].kept, 0, p->layer->kind->kept(p) * sizeof(*scratch));
    }
    const struct pass *measured = run->measured < 0 ? NULL : &bp->steps[run->measured].pass;
    for (int i = (int)number; i < run->b; i += run->group * run->lanes) {
        int count = smaller(run->group, (run->b - i + run->lanes - 1) / run->lanes);
        for (int j = run->end - 1; j >= run->first; j--)
            if (learns(bp, j) && !is_left_out(bp, j))
                back_node(run, j, i, count, scratch, lane);
        for (int k = 0; measured && k < count; k++)
            measured->layer->kind->measure_backward(measured, i + k * run->lanes);
    }
    for (int j = run->first; j < run->end; j++) {
        const struct pass *p = &bp->steps[j].pass;
        if (p->layer->kind->finish_lane && learns(bp, j))
            p->layer->kind->finish_lane(p, scratch + bp->steps[j].kept, lane + bp->steps[j].lane);
    }
}

VECTOR_CLONES static void add_to(float *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

/* Of a part of all lanes: 0+1, 2+3, ...; then those sums pairwise. A run's trained tensors lie in
 * the gradient block as in the lanes: in order of declaration. */
static void turn_sum(void *context, size_t part, int worker)
{
    (void)worker;
    const struct run *run = context;
    size_t at = part * SUM_FLOATS, left = run->lane_size - at;
    size_t n = left < SUM_FLOATS ? left : SUM_FLOATS;
    float *lanes = run->bp->lanes + at;
    for (int step = 1; step < run->lanes; step *= 2)
        for (int lane = 0; lane + step < run->lanes; lane += 2 * step)
            add_to(lanes + (size_t)lane * run->lane_size,
                   lanes + (size_t)(lane + step) * run->lane_size, n);
    for (int j = run->first; j < run->end; j++) {
        size_t begin = run->bp->steps[j].lane, size = backprop_lane_floats(run->bp->net, j);
        size_t from = begin > at ? begin : at, end = begin + size < at + n ? begin + size : at + n;
        if (from < end)
            memcpy(run->bp->steps[j].pass.dw[0] + (from - begin), lanes + (from - at),
                   (end - from) * sizeof(*lanes));
    }
}

/* Node j's gradients: where its output's lies, where its inputs' go. */
static void set_gradients(struct backprop *bp, int j)
{
    const struct net_node *node = &bp->net->nodes[j];
    struct step *steps = bp->steps;
    struct pass *p = &steps[j].pass;
    int own = net_root(bp->net, j);
    if (!learns(bp, j))
        return;
    p->dy = bp->buffers[steps[own].gradient].data;
    if (node->absorbed) { /* dy is masked where it lies; the layer that did the relu takes it from
                             there */
        p->dx[0] = bp->buffers[steps[own].gradient].data;
        return;
    }
    for (int i = 0; i < node->layer.inputs; i++) {
        if (node->input[i] == NET_INPUT || !learns(bp, node->input[i]))
            continue;
        int to = net_root(bp->net, node->input[i]);
        p->dx[i] = bp->buffers[steps[to].gradient].data;
        p->add[i] = steps[to].touched;
        steps[to].touched = true;
    }
}

static void see_gradient(struct backprop *bp, int j, int b)
{
    const struct pass *p = &bp->steps[j].pass;
    if (bp->watch && bp->watch->backward && learns(bp, j))
        bp->watch->backward(bp->watch->context, j, planes_of(bp, j, p->dy, b),
                            (size_t)b * shape_count(p->out));
}

/* Nodes run->end - 1 down to run->first for all images, and what follows from it. */
static void run_back(struct run *run)
{
    const struct backprop *bp = run->bp;
    int top = run->end - 1;
    run->lane_size =
        run->first > top ? 0 : bp->steps[top].lane + backprop_lane_floats(bp->net, top);
    run->lanes = backprop_lanes(run->lane_size);
    pool_run(bp->pool, (size_t)run->lanes, turn_lane, run);
    pool_run(bp->pool, (run->lane_size + SUM_FLOATS - 1) / SUM_FLOATS, turn_sum, run);
}

static bool measures_backward(const struct backprop *bp, int j)
{
    return j >= 0 && learns(bp, j) && bp->steps[j].pass.layer->kind->measure_backward;
}

static void backward(struct backprop *bp, int b)
{
    struct run run = { .bp = bp, .b = b, .group = 1, .measured = -1 };
    for (int j = bp->net->count - 1; j >= 0; j = run.first - 1) {
        const struct layer_kind *kind = bp->steps[j].pass.layer->kind;
        if (run.measured != j)
            set_gradients(bp, j);
        see_gradient(bp, j, b);
        if (run.measured != j && measures_backward(bp, j)) {
            run.first = run.end = j + 1;
            run.measured = j;
            run_back(&run);
        }
        if (kind->settle_backward && learns(bp, j))
            kind->settle_backward(&bp->steps[j].pass);
        run.end = j + 1;
        for (run.first = j; run.first > 0 && !bp->watch && !bp->steps[run.first - 1].last;)
            set_gradients(bp, --run.first);
        for (int k = run.first; k < run.end; k++)
            prepare(bp, k, true);
        run.measured = measures_backward(bp, run.first - 1) ? run.first - 1 : -1;
        if (run.measured >= 0)
            set_gradients(bp, run.measured);
        run.group = backprop_group(bp->net, run.first, run.end);
        run_back(&run);
    }
}

void backprop_forward(struct backprop *bp, const float *x, int b, int first, int end)
{
    forward(bp, x, b, first, end, 0);
}

const float *backprop_output(const struct backprop *bp, int j)
{
    return planes_of(bp, j, bp->output[j], bp->batch);
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
    int last = bp->net->count - 1, root = net_root(bp->net, last);
    forward(bp, x, b, forward_beginning(bp, x, b), bp->net->count, 0);
    double loss = loss_run(bp->output[last], targets, b, bp->net->classes,
                           bp->buffers[bp->steps[root].gradient].data, correct);
    for (int j = 0; j < bp->net->count; j++)
        bp->steps[j].touched = j == root;
    backward(bp, b);
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
