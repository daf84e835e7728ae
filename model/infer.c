/*
 * A network for inference is a list of steps over numbered values: a batch normalization after a
 * convolution has become part of its weights, a relu part of the layer before it, so that several
 * nodes may share one value. Images go through one by one: activations stay in the cache, and what
 * an image gives depends on no other image. Buffers are reused as soon as their last reader is
 * done.
 */
#include "model/infer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/simd.h"
#include "model/gemm.h"
#include "model/net_private.h"

struct step {
    int node;         /* whose layer runs */
    int value;        /* the node whose output this is (the last of those folded into it) */
    float *folded[2]; /* owned: weight and bias with the batch normalization in them; NULL: the
                         net's own */
    bool relu;
    float *prepared; /* owned: from the weights, at the present input size; NULL: nothing */
};

struct infer {
    const struct net *net; /* borrowed */
    int group;
    struct infer_chance chance;
    struct step *steps; /* owned */
    int count;
    int *value_of; /* owned: node -> the node whose buffer holds its output */
    /* For the present input size. */
    int h, w;
    struct shape *shapes; /* owned: by node */
    size_t *offset;       /* owned: by value, in `memory` */
    float *memory;        /* owned: all values, then scratch */
    size_t capacity, scratch_at;
};

/* The only node that reads j's output, if there is only one; else -1. */
static int only_reader(const struct net *net, int j)
{
    if (net->nodes[j].consumers != 1)
        return -1;
    for (int r = j + 1; r < net->count; r++)
        for (int i = 0; i < net->nodes[r].layer.inputs; i++)
            if (net->nodes[r].input[i] == j)
                return r;
    return -1;
}

static bool is_kind(const struct net *net, int j, const char *name)
{
    return j >= 0 && strcmp(net->nodes[j].layer.kind->name, name) == 0;
}

/* y = gamma (w x + bias - mean) / sqrt(var + eps) + beta = (s w) x + (beta + s (bias - mean)), in
 * double. */
static int fold(const struct net *net, int conv, int norm, struct step *step, struct error *err)
{
    const struct net_node *c = &net->nodes[conv], *n = &net->nodes[norm];
    const struct weight *w = &net->weights[c->first_weight];
    const float *bias = c->weights > 1 ? w[1].value.data : NULL;
    struct pass p = net_pass(net, norm, 1);
    double eps = n->layer.v[0].number;
    size_t k = (size_t)w->value.shape[0], taps = tensor_count(&w->value) / k;
    step->folded[0] = memory_aligned(k * taps, sizeof(float), err);
    step->folded[1] = step->folded[0] ? memory_aligned(k, sizeof(float), err) : NULL;
    if (!step->folded[1])
        return -1;
    for (size_t i = 0; i < k; i++) {
        double scale = p.w[0][i] / sqrt(p.w[3][i] + eps);
        for (size_t t = 0; t < taps; t++)
            step->folded[0][i * taps + t] =
                (float)(scale * ((const float *)w->value.data)[i * taps + t]);
        step->folded[1][i] = (float)(p.w[1][i] + scale * ((bias ? bias[i] : 0) - p.w[2][i]));
    }
    return 0;
}

static int make_steps(struct infer *f, struct error *err)
{
    const struct net *net = f->net;
    for (int j = 0; j < net->count; j++)
        f->value_of[j] = -1;
    for (int j = 0; j < net->count; j++) {
        if (f->value_of[j] >= 0)
            continue; /* folded into an earlier step */
        struct step *step = &f->steps[f->count++];
        *step = (struct step){ .node = j, .value = j };
        int reader = only_reader(net, j);
        if (is_kind(net, j, "conv") && is_kind(net, reader, "batchnorm")) {
            if (fold(net, j, reader, step, err) < 0)
                return -1;
            step->value = reader;
            reader = only_reader(net, reader);
        }
        if (is_kind(net, reader, "relu") && net->nodes[j].layer.kind->fuses_relu) {
            step->relu = true;
            step->value = reader;
        }
        /* All nodes of the chain from j to value share the buffer. */
        for (int v = j;; v = only_reader(net, v)) {
            f->value_of[v] = step->value;
            if (v == step->value)
                break;
        }
    }
    return 0;
}

int infer_open(struct infer **result, const struct net *net, int group, struct error *err)
{
    struct infer *f = memory_array(1, sizeof(*f), err);
    if (!f)
        return -1;
    size_t count = (size_t)net->count;
    f->net = net;
    f->group = group;
    f->steps = memory_array(count, sizeof(*f->steps), err);
    f->value_of = memory_array(count, sizeof(*f->value_of), err);
    f->shapes = memory_array(count, sizeof(*f->shapes), err);
    f->offset = memory_array(count, sizeof(*f->offset), err);
    if (!f->steps || !f->value_of || !f->shapes || !f->offset || make_steps(f, err) < 0) {
        infer_close(f);
        return -1;
    }
    *result = f;
    return 0;
}

void infer_chance(struct infer *f, const struct infer_chance *chance)
{
    f->chance = *chance;
}

static struct pass step_pass(const struct infer *f, const struct step *step)
{
    const struct net_node *node = &f->net->nodes[step->node];
    struct pass p = net_pass(f->net, step->node, 1);
    for (int i = 0; i < node->layer.inputs; i++)
        p.in[i] = node->input[i] == NET_INPUT ? (struct shape){ f->net->input.c, f->h, f->w }
                                              : f->shapes[node->input[i]];
    p.out = f->shapes[step->node];
    p.relu = step->relu;
    p.prepared = step->prepared;
    if (p.layer->kind->draws)
        p.key = rng_derive(f->chance.seed, "dropout", node->name, 0);
    p.sample = f->chance.sample;
    p.noise = f->chance.noise;
    if (step->folded[0]) {
        p.w[0] = step->folded[0];
        p.w[1] = step->folded[1];
    }
    return p;
}

/* The number of the last step that reads `value`. */
static int last_reader(const struct infer *f, int value)
{
    int last = -1;
    for (int s = 0; s < f->count; s++) {
        const struct net_node *node = &f->net->nodes[f->steps[s].node];
        for (int i = 0; i < node->layer.inputs; i++)
            if (node->input[i] != NET_INPUT && f->value_of[node->input[i]] == value)
                last = s;
    }
    return last;
}

/* Give every value a place: the first gap among those that are alive at the same time. */
static int place_values(struct infer *f, struct error *err)
{
    struct live {
        size_t at, size;
        int until;
    } *live = memory_array((size_t)f->count + 1, sizeof(*live), err);
    if (!live)
        return -1;
    size_t alive = 0, total = 0, scratch = 0;
    for (int s = 0; s < f->count; s++) {
        size_t kept = 0;
        for (size_t i = 0; i < alive; i++)
            if (live[i].until >= s)
                live[kept++] = live[i];
        alive = kept;
        /* Sorted by place: the first gap that is large enough. Rounded up to whole cache lines. */
        size_t size = (shape_count(f->shapes[f->steps[s].node]) + 15) & ~(size_t)15, at = 0,
               slot = 0;
        for (; slot < alive && at + size > live[slot].at; slot++)
            at = live[slot].at + live[slot].size;
        memmove(&live[slot + 1], &live[slot], (alive - slot) * sizeof(*live));
        int until = last_reader(f, f->steps[s].value);
        live[slot] = (struct live){ at, size, until < 0 ? f->count : until };
        alive++;
        f->offset[f->steps[s].value] = at;
        total = at + size > total ? at + size : total;
        struct pass p = step_pass(f, &f->steps[s]);
        size_t need = p.layer->kind->scratch ? p.layer->kind->scratch(&p) : 0;
        scratch = need > scratch ? need : scratch;
    }
    free(live);
    f->scratch_at = total;
    if (total + scratch > f->capacity) {
        free(f->memory);
        f->capacity = 0;
        f->memory = memory_aligned(total + scratch, sizeof(float), err);
        if (!f->memory)
            return -1;
        f->capacity = total + scratch;
    }
    return 0;
}

static int prepare_step(struct infer *f, struct step *step, struct error *err)
{
    free(step->prepared);
    step->prepared = NULL;
    struct pass p = step_pass(f, step);
    size_t n = p.layer->kind->prepared ? p.layer->kind->prepared(&p) : 0;
    if (n == 0)
        return 0;
    step->prepared = memory_aligned(n, sizeof(float), err);
    if (!step->prepared)
        return -1;
    p.layer->kind->prepare(&p, false, step->prepared);
    return 0;
}

static int set_size(struct infer *f, int h, int w, struct error *err)
{
    if (f->h == h && f->w == w)
        return 0;
    f->h = f->w = 0; /* not set, should this fail */
    if (net_shapes(f->net, h, w, f->shapes, err) < 0)
        return -1;
    const struct shape *last = &f->shapes[f->net->count - 1];
    if (shape_count(*last) % (size_t)f->net->classes != 0 || last->c != f->net->classes)
        return error_set(err, ERROR_USAGE, f->net->name,
                         "gives %dx%dx%d at an input of %dx%d; %d classes are needed", last->c,
                         last->h, last->w, h, w, f->net->classes);
    f->h = h;
    f->w = w;
    int rc = place_values(f, err);
    for (int s = 0; s < f->count && rc == 0; s++)
        rc = prepare_step(f, &f->steps[s], err);
    if (rc < 0)
        f->h = f->w = 0;
    return rc;
}

int infer_run(struct infer *f, const float *x, int n, int h, int w, float *logits,
              struct error *err)
{
    if (n > f->group)
        return error_set(err, ERROR_FAILED, f->net->name, "%d images in a group of %d", n,
                         f->group);
    if (set_size(f, h, w, err) < 0)
        return -1;
    size_t image = (size_t)f->net->input.c * (size_t)h * (size_t)w, k = (size_t)f->net->classes;
    struct shape last = f->shapes[f->net->count - 1];
    size_t positions = (size_t)last.h * (size_t)last.w;
    for (int i = 0; i < n; i++) {
        for (int s = 0; s < f->count; s++) {
            const struct step *step = &f->steps[s];
            const struct net_node *node = &f->net->nodes[step->node];
            struct pass p = step_pass(f, step);
            for (int j = 0; j < node->layer.inputs; j++)
                p.x[j] = node->input[j] == NET_INPUT
                             ? x + (size_t)i * image
                             : f->memory + f->offset[f->value_of[node->input[j]]];
            p.y = f->memory + f->offset[step->value];
            p.first = f->chance.id ? (uint64_t)f->chance.id[i] : 0;
            p.layer->kind->forward(&p, 0, f->memory + f->scratch_at);
        }
        const float *y = f->memory + f->offset[f->value_of[f->net->count - 1]];
        for (size_t c = 0; c < k; c++) {
            double sum = 0;
            for (size_t j = 0; j < positions; j++)
                sum += y[c * positions + j];
            logits[(size_t)i * k + c] = (float)(sum / (double)positions);
        }
    }
    return 0;
}

void infer_close(struct infer *f)
{
    if (!f)
        return;
    for (int s = 0; f->steps && s < f->count; s++) {
        free(f->steps[s].folded[0]);
        free(f->steps[s].folded[1]);
        free(f->steps[s].prepared);
    }
    free(f->memory);
    free(f->offset);
    free(f->shapes);
    free(f->value_of);
    free(f->steps);
    free(f);
}

const char *infer_kernels(const struct net *net)
{
    static _Thread_local char name[64];
    snprintf(name, sizeof(name), "%s/%s%s", gemm_core(), simd_names[simd_level()],
             net_is_fast(net) ? "/fast" : "");
    return name;
}
