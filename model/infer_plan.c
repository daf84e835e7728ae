#include "model/infer_plan.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/conv_form.h"
#include "model/linear_form.h"

/* BLOCK: channels of a block at the widest level; what depends on it must not depend on the level.
 * IMAGE_CHANNELS: planes that a first layer reads as they are, at most. */
enum { BLOCK = 16, IMAGE_CHANNELS = 4 };

struct builder {
    struct infer_plan *plan;
    int *value_of; /* node -> the value that holds its output, INFER_NONE: not made yet */
    bool *made;    /* by value */
    bool *blocked; /* by value */
};

static int other_layout(const struct infer_plan *plan, int value)
{
    int half = plan->net->count + 1;
    return value < half ? value + half : value - half;
}

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

static bool is_linear(const struct net *net, int j)
{
    return is_kind(net, j, "linear");
}

/* Convolutions whose padding is zeros, of all channels or depthwise; linear layers. */
static bool convolves(const struct net *net, int j)
{
    if (is_linear(net, j))
        return true;
    if (!is_kind(net, j, "conv"))
        return false;
    struct conv_form f = conv_form(&net->nodes[j].layer);
    bool depthwise = f.groups == net->nodes[j].in[0].c && f.groups == f.out;
    return (f.groups == 1 || depthwise) && (f.mode == PAD_ZEROS || f.mode == PAD_SAME);
}

static int value_read(const struct builder *b, int node, int i)
{
    int input = b->plan->net->nodes[node].input[i];
    return input == NET_INPUT ? b->plan->net->count : b->value_of[input];
}

static struct infer_step blank_step(enum infer_way way, int node)
{
    return (struct infer_step){ .way = way,
                                .node = node,
                                .value = node,
                                .shape = node,
                                .residual = INFER_NONE,
                                .least = -INFINITY,
                                .most = INFINITY,
                                .norm = INFER_NONE };
}

static void append(struct builder *b, const struct infer_step *step, bool blocked)
{
    b->plan->steps[b->plan->count++] = *step;
    b->made[step->value] = true;
    b->blocked[step->value] = blocked;
}

/* The value in this layout, by a step that makes it so unless it is or there is one already. */
static int in_layout(struct builder *b, int value, bool blocked)
{
    int half = b->plan->net->count + 1;
    if (b->blocked[value] == blocked)
        return value;
    int other = other_layout(b->plan, value);
    if (b->made[other])
        return other;
    int node = value % half == b->plan->net->count ? NET_INPUT : value % half;
    struct infer_step step = blank_step(blocked ? INFER_SPREAD : INFER_COLLECT, node);
    step.input[0] = value;
    step.inputs = 1;
    step.value = other;
    append(b, &step, blocked);
    return other;
}

/* Channels that fill whole blocks, so that joining them is copying. */
static bool whole_blocks(const struct net *net, int j)
{
    for (int i = 0; i + 1 < net->nodes[j].layer.inputs; i++)
        if (net->nodes[j].in[i].c % BLOCK != 0)
            return false;
    return true;
}

/* Are all inputs in blocks already? Then what can stay there does. */
static bool reads_blocks(const struct builder *b, int j)
{
    for (int i = 0; i < b->plan->net->nodes[j].layer.inputs; i++)
        if (!b->blocked[value_read(b, j, i)])
            return false;
    return true;
}

static enum infer_way way_of(const struct builder *b, int j)
{
    const struct net *net = b->plan->net;
    if (convolves(net, j))
        return INFER_CONV;
    if (!reads_blocks(b, j))
        return INFER_LAYER;
    if (is_kind(net, j, "maxpool"))
        return INFER_MAXPOOL;
    if (is_kind(net, j, "global_avgpool"))
        return INFER_AVERAGE;
    if (is_kind(net, j, "add") && net->nodes[j].layer.inputs == 2)
        return INFER_ADD;
    if (is_kind(net, j, "concat") && whole_blocks(net, j))
        return INFER_CONCAT;
    return INFER_LAYER;
}

/* The other input of the addition that is the only one to read node j, if it is there already. */
static int residual_of(const struct builder *b, int j, int add)
{
    const struct net *net = b->plan->net;
    if (!is_kind(net, add, "add") || net->nodes[add].layer.inputs != 2)
        return INFER_NONE;
    int other = net->nodes[add].input[net->nodes[add].input[0] == j ? 1 : 0];
    return other == NET_INPUT ? net->count : b->value_of[other];
}

/* A step takes over what only follows it: normalization, addition, activation. */
static void absorb(struct builder *b, struct infer_step *step)
{
    const struct net *net = b->plan->net;
    bool conv = step->way == INFER_CONV;
    int end = step->node, reader = only_reader(net, end);
    if (is_kind(net, step->node, "conv") && is_kind(net, reader, "batchnorm")) {
        step->norm = end = reader;
        reader = only_reader(net, end);
    }
    int residual = conv ? residual_of(b, end, reader) : INFER_NONE;
    if (residual != INFER_NONE) {
        step->residual = residual;
        end = reader;
        reader = only_reader(net, end);
    }
    bool fuses = net->nodes[step->node].layer.kind->fuses_relu || conv;
    if ((is_kind(net, reader, "relu") && fuses) || (is_kind(net, reader, "relu6") && conv)) {
        step->least = 0;
        step->most = is_kind(net, reader, "relu6") ? 6 : INFINITY;
        end = reader;
    }
    /* All nodes of the chain share the value. */
    for (int v = step->node;; v = only_reader(net, v)) {
        b->value_of[v] = end;
        if (v == end)
            break;
    }
    step->value = end;
}

/* A first layer that reads the image's planes as they are. */
static bool reads_image(const struct builder *b, int j)
{
    const struct net *net = b->plan->net;
    return value_read(b, j, 0) == net->count && net->input.c <= IMAGE_CHANNELS &&
           is_kind(net, j, "conv") && conv_form(&net->nodes[j].layer).groups == 1;
}

static void add_node(struct builder *b, int j)
{
    struct infer_step step = blank_step(way_of(b, j), j);
    bool blocked = step.way != INFER_LAYER;
    step.image = step.way == INFER_CONV && reads_image(b, j);
    step.inputs = b->plan->net->nodes[j].layer.inputs;
    for (int i = 0; i < step.inputs; i++)
        step.input[i] = in_layout(b, value_read(b, j, i), blocked && !step.image);
    absorb(b, &step);
    if (step.residual != INFER_NONE)
        step.residual = in_layout(b, step.residual, true);
    append(b, &step, blocked);
}

/* gamma / sqrt(var + eps) of every output, 1 where there is no normalization; and the bias that
 * remains: y = gamma (w x + bias - mean) / sqrt(var + eps) + beta = (s w) x + (beta + s (bias -
 * mean)), in double. */
static void fold(const struct net *net, const struct infer_step *step, int k, double *scale,
                 float *bias)
{
    struct pass c = net_pass(net, step->node, 1);
    const float *own = c.w[CONV_BIAS];
    for (int i = 0; i < k; i++) {
        scale[i] = 1;
        bias[i] = own ? own[i] : 0;
    }
    if (step->norm == INFER_NONE)
        return;
    struct pass p = net_pass(net, step->norm, 1);
    double eps = p.layer->v[0].number;
    for (int i = 0; i < k; i++) {
        scale[i] = p.w[0][i] / sqrt(p.w[3][i] + eps);
        bias[i] = (float)(p.w[1][i] + scale[i] * ((own ? own[i] : 0) - p.w[2][i]));
    }
}

static float *scaled_weights(const struct net *net, const struct infer_step *step,
                             struct error *err)
{
    const struct tensor *t = &net->weights[net->nodes[step->node].first_weight].value;
    size_t k = (size_t)t->shape[0], taps = tensor_count(t) / k;
    double *scale = memory_array(k, sizeof(*scale), err);
    float *bias = scale ? memory_array(k, sizeof(*bias), err) : NULL;
    float *w = bias ? memory_aligned(k * taps, sizeof(*w), err) : NULL;
    if (w) {
        fold(net, step, (int)k, scale, bias);
        const float *from = t->data;
        for (size_t i = 0, at = 0; i < k; i++)
            for (size_t end = at + taps; at < end; at++)
                w[at] = (float)(scale[i] * from[at]);
    }
    free(bias);
    free(scale);
    return w;
}

static int keep_bias(const struct net *net, struct infer_step *step, struct error *err)
{
    if (step->way != INFER_CONV && step->norm == INFER_NONE)
        return 0;
    size_t k = (size_t)net->weights[net->nodes[step->node].first_weight].value.shape[0];
    double *scale = memory_array(k, sizeof(*scale), err);
    step->bias = scale ? memory_aligned(k + BLOCK, sizeof(float), err) : NULL;
    if (step->bias)
        fold(net, step, (int)k, scale, step->bias);
    free(scale);
    if (step->bias && step->way == INFER_LAYER)
        step->folded = scaled_weights(net, step, err);
    return step->bias && (step->way != INFER_LAYER || step->folded) ? 0 : -1;
}

static int make_steps(struct builder *b, struct error *err)
{
    struct infer_plan *plan = b->plan;
    size_t nodes = (size_t)plan->net->count;
    /* A node has one step, an input and a residual that may need another. */
    plan->steps = memory_array((2 * (nodes + 1) + 1), sizeof(*plan->steps), err);
    b->value_of = memory_array(nodes, sizeof(*b->value_of), err);
    b->made = memory_array((size_t)plan->values, sizeof(*b->made), err);
    b->blocked = memory_array((size_t)plan->values, sizeof(*b->blocked), err);
    if (!plan->steps || !b->value_of || !b->made || !b->blocked)
        return -1;
    b->made[nodes] = true; /* the input, in planes */
    for (size_t j = 0; j < nodes; j++)
        b->value_of[j] = INFER_NONE;
    for (int j = 0; j < plan->net->count; j++)
        if (b->value_of[j] == INFER_NONE)
            add_node(b, j);
    plan->last = in_layout(b, b->value_of[nodes - 1], false);
    for (int s = 0; s < plan->count; s++)
        if (keep_bias(plan->net, &plan->steps[s], err) < 0)
            return -1;
    return 0;
}

int infer_plan_open(struct infer_plan **result, const struct net *net, struct error *err)
{
    struct infer_plan *plan = memory_array(1, sizeof(*plan), err);
    if (!plan)
        return -1;
    plan->net = net;
    plan->values = 2 * (net->count + 1);
    plan->users = 1;
    pthread_mutex_init(&plan->lock, NULL);
    struct builder b = { .plan = plan };
    int rc = make_steps(&b, err);
    free(b.value_of);
    free(b.made);
    free(b.blocked);
    if (rc < 0)
        infer_plan_close(plan);
    else
        *result = plan;
    return rc;
}

struct infer_plan *infer_plan_share(struct infer_plan *plan)
{
    pthread_mutex_lock(&plan->lock);
    plan->users++;
    pthread_mutex_unlock(&plan->lock);
    return plan;
}

void infer_plan_close(struct infer_plan *plan)
{
    if (!plan)
        return;
    pthread_mutex_lock(&plan->lock);
    bool others = --plan->users > 0;
    pthread_mutex_unlock(&plan->lock);
    if (others)
        return;
    for (int s = 0; plan->steps && s < plan->count; s++) {
        for (int i = 0; i < INFER_VARIANTS; i++)
            free(plan->steps[s].variant[i].u);
        free(plan->steps[s].bias);
        free(plan->steps[s].folded);
    }
    pthread_mutex_destroy(&plan->lock);
    free(plan->steps);
    free(plan);
}

void infer_plan_conv(const struct infer_plan *plan, int s, struct shape in, struct shape out,
                     struct blocked_conv *conv)
{
    const struct infer_step *step = &plan->steps[s];
    const struct layer *layer = &plan->net->nodes[step->node].layer;
    struct blocked_window win;
    if (is_linear(plan->net, step->node)) {
        win = (struct blocked_window){
            .kernel_h = layer->built.h, .kernel_w = layer->built.w, .stride = 1, .dilation = 1
        };
    } else {
        struct conv_form f = conv_form(layer);
        win = (struct blocked_window){ .kernel_h = f.window.kernel,
                                       .kernel_w = f.window.kernel,
                                       .stride = f.window.stride,
                                       .dilation = f.window.dilation,
                                       .top = window_before(&f.window, in.h),
                                       .left = window_before(&f.window, in.w),
                                       .depthwise = f.groups > 1 };
    }
    blocked_conv_plan(conv, &win, in, out, step->image, plan->net->fast);
}

/* Do the weights lie the same way for both? */
static bool same_weights(const struct blocked_conv *a, const struct blocked_conv *b)
{
    bool winograd = a->way == BLOCKED_WINOGRAD;
    return winograd == (b->way == BLOCKED_WINOGRAD) && a->m == b->m && a->terms == b->terms &&
           a->out.lanes == b->out.lanes;
}

const float *infer_plan_weights(struct infer_plan *plan, int s, const struct blocked_conv *conv,
                                struct error *err)
{
    struct infer_step *step = &plan->steps[s];
    int i = 0;
    float *u = NULL, *w = NULL;
    pthread_mutex_lock(&plan->lock);
    while (step->variant[i].u && !same_weights(&step->variant[i].conv, conv))
        i++;
    assert(i < INFER_VARIANTS);
    u = step->variant[i].u;
    if (!u && (w = scaled_weights(plan->net, step, err)) &&
        (u = memory_aligned(blocked_conv_weight_floats(conv), sizeof(*u), err))) {
        blocked_conv_weights(conv, w, u);
        step->variant[i].conv = *conv;
        step->variant[i].u = u;
    }
    pthread_mutex_unlock(&plan->lock);
    free(w);
    return u;
}
