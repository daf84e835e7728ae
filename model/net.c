/*
 * Opening a network goes through the list twice: shapes and tensors are declared first, so that all
 * values, all gradients and all running statistics can each be one block; then the tensors get
 * their places in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/gemm.h"
#include "model/net_private.h"

/* Bounds for descriptions from outside: floats of one layer's output for one image, and of all
 * weights. */
static const size_t OUTPUT_MAX = (size_t)1 << 28, WEIGHTS_MAX = (size_t)1 << 31;

static const char *const spec_keys[] = { "name",       "input",  "classes", "layers", "blocks",
                                         "preprocess", "params", "init",    NULL };

enum { NAME, INPUT, CLASSES };
static const struct param head_params[] = {
    [NAME] = { "name", PARAM_TEXT, "", .help = "the network's name", .initial = "network" },
    [INPUT] = { "input", PARAM_NUMBERS, "", .min = 1, .max = 65535,
                .help = "channels, height, width", .initial = "[3, 224, 224]" },
    [CLASSES] = { "classes", PARAM_INTEGER, "", .value = 1000, .min = 1, .max = 1000000,
                  .help = "length of the output" },
    { 0 },
};

static int read_head(struct net *net, const struct node *spec, struct error *err)
{
    if (!spec || spec->kind != NODE_MAP)
        return node_error(spec, err, "a network is a map with name, input, classes and layers");
    if (node_check_keys(spec, spec_keys, err) < 0)
        return -1;
    union value v[PARAMS(head_params)];
    for (size_t i = 0; i < PARAMS(head_params); i++) {
        struct param one[2] = { head_params[i], { 0 } };
        if (param_read(one, node_get(spec, one[0].name), &v[i], err) < 0)
            return -1;
    }
    if (v[INPUT].list.count != 3)
        return node_error(node_get(spec, "input"), err,
                          "input must be three numbers: [channels, height, width]");
    net->input = (struct shape){ (int)v[INPUT].list.item[0], (int)v[INPUT].list.item[1],
                                 (int)v[INPUT].list.item[2] };
    net->classes = (int)v[CLASSES].integer;
    if (param_read(init_params, node_get(spec, "init"), net->init, err) < 0)
        return -1;
    net->name = memory_text(v[NAME].text, err);
    return net->name ? 0 : -1;
}

static bool fits(struct shape s)
{
    size_t n;
    return size_mul((size_t)s.c, (size_t)s.h, &n) && size_mul(n, (size_t)s.w, &n) && n > 0 &&
           n <= OUTPUT_MAX;
}

/* Read the values of entry j and find its shapes. */
static int make_node(struct net *net, int j, const struct net_entry *entry, struct error *err)
{
    static const struct param nothing[] = { { 0 } };
    struct net_node *node = &net->nodes[j];
    node->layer.kind = entry->kind;
    node->layer.inputs = entry->inputs;
    node->name = memory_text(entry->name, err);
    if (!node->name)
        return -1;
    if (param_read(entry->kind->params ? entry->kind->params : nothing, entry->values,
                   node->layer.v, err) < 0)
        return -1;
    for (int i = 0; i < entry->inputs; i++) {
        node->input[i] = entry->input[i];
        node->in[i] = entry->input[i] == NET_INPUT ? net->input : net->nodes[entry->input[i]].out;
        if (entry->input[i] != NET_INPUT)
            net->nodes[entry->input[i]].consumers++;
    }
    node->layer.built = node->in[0];
    struct error why = { 0 };
    if (entry->kind->shape(&node->layer, node->in, &node->out, &why) < 0)
        return node_error(entry->where, err, "%s (%s): %s", entry->name, entry->kind->name,
                          why.message);
    if (!fits(node->out))
        return node_error(entry->where, err, "%s (%s): the output of %dx%dx%d is too large",
                          entry->name, entry->kind->name, node->out.c, node->out.h, node->out.w);
    return 0;
}

/* Each layer's number among those of its kind. */
static void number_kinds(struct net *net)
{
    for (int k = 0; layers[k]; k++) {
        int of = 0;
        for (int j = 0; j < net->count; j++)
            if (net->nodes[j].layer.kind == layers[k])
                net->nodes[j].layer.nth = ++of;
        for (int j = 0; j < net->count; j++)
            if (net->nodes[j].layer.kind == layers[k])
                net->nodes[j].layer.of = of;
    }
}

static int check_graph(struct net *net, const struct net_expansion *e, struct error *err)
{
    for (int j = 0; j + 1 < net->count; j++)
        if (net->nodes[j].consumers == 0)
            return node_error(e->entries[j].where, err, "the output of %s is used by nobody",
                              net->nodes[j].name);
    const struct net_node *last = &net->nodes[net->count - 1];
    if (shape_count(last->out) != (size_t)net->classes)
        return node_error(e->entries[net->count - 1].where, err,
                          "the last layer, %s, gives %dx%dx%d; classes is %d", last->name,
                          last->out.c, last->out.h, last->out.w, net->classes);
    number_kinds(net);
    net_fuse(net, true);
    return 0;
}

void net_fuse(struct net *net, bool on)
{
    for (int j = 0; j < net->count; j++)
        net->nodes[j].relu = net->nodes[j].absorbed = net->nodes[j].over = false;
    for (int j = 0; on && j < net->count; j++) {
        struct net_node *node = &net->nodes[j];
        const struct layer_kind *kind = node->layer.kind;
        if (node->input[0] == NET_INPUT)
            continue;
        struct net_node *before = &net->nodes[node->input[0]];
        bool alone = before->consumers == 1, relu = strcmp(kind->name, "relu") == 0;
        if (relu && alone && before->layer.kind->fuses_relu)
            node->absorbed = before->relu = true;
        if (kind->identity && kind->identity(&node->layer, node->in, &node->out))
            node->absorbed = true;
        node->over = kind->over_input && alone && !before->absorbed && !before->relu &&
                     !before->layer.kind->reads_output;
    }
}

static int declare_weights(struct net *net, struct error *err)
{
    int total = 0;
    for (int j = 0; j < net->count; j++)
        if (net->nodes[j].layer.kind->weights)
            total += LAYER_WEIGHTS;
    net->weights = memory_array((size_t)total, sizeof(*net->weights), err);
    net->beginnings =
        net->weights ? memory_array((size_t)total, sizeof(*net->beginnings), err) : NULL;
    if (!net->beginnings)
        return -1;
    for (int j = 0; j < net->count; j++) {
        struct net_node *node = &net->nodes[j];
        struct layer_weight declared[LAYER_WEIGHTS];
        node->first_weight = net->weight_count;
        node->weights = node->layer.kind->weights
                            ? node->layer.kind->weights(&node->layer, node->in, declared)
                            : 0;
        for (int i = 0; i < node->weights; i++) {
            struct weight *w = &net->weights[net->weight_count];
            size_t size = strlen(node->name) + strlen(declared[i].suffix) + 2;
            char *name = memory_array(size, 1, err);
            if (!name)
                return -1;
            snprintf(name, size, "%s.%s", node->name, declared[i].suffix);
            *w = (struct weight){ .name = name,
                                  .value = { .dtype = DTYPE_F32, .rank = declared[i].rank },
                                  .trained = declared[i].trained,
                                  .matrix =
                                      declared[i].init == INIT_KAIMING ||
                                      (declared[i].init == INIT_UNIFORM && declared[i].rank > 1),
                                  .fan_in = declared[i].fan_in,
                                  .fan_out = declared[i].fan_out };
            net->beginnings[net->weight_count++] =
                (struct net_beginning){ declared[i].init, declared[i].value };
            size_t count = 1;
            bool fine = true;
            for (int r = 0; r < declared[i].rank; r++) {
                w->value.shape[r] = declared[i].shape[r];
                fine = fine && size_mul(count, (size_t)declared[i].shape[r], &count) &&
                       count <= WEIGHTS_MAX;
            }
            size_t *block = declared[i].trained ? &net->trained_size : &net->fixed_size;
            if (!fine || !size_add(*block, count, block) || *block > WEIGHTS_MAX)
                return error_set(err, ERROR_USAGE, net->name,
                                 "%s makes the network larger than 2^31 numbers", w->name);
        }
    }
    return 0;
}

static int place_weights(struct net *net, struct error *err)
{
    net->values = memory_aligned(net->trained_size, sizeof(float), err);
    /* Not aligned, but not touched either before somebody trains. */
    net->gradients = net->values ? memory_array(net->trained_size, sizeof(float), err) : NULL;
    net->fixed = net->gradients ? memory_aligned(net->fixed_size, sizeof(float), err) : NULL;
    if (!net->fixed)
        return -1;
    size_t trained = 0, fixed = 0;
    for (int i = 0; i < net->weight_count; i++) {
        struct weight *w = &net->weights[i];
        size_t count = tensor_count(&w->value);
        if (w->trained) {
            w->value.data = net->values + trained;
            w->gradient = net->gradients + trained;
            trained += count;
        } else {
            w->value.data = net->fixed + fixed;
            fixed += count;
        }
    }
    return 0;
}

int net_open(struct net **result, const struct node *spec, struct error *err)
{
    struct net_expansion e = { 0 };
    struct net *net = memory_array(1, sizeof(*net), err);
    if (!net)
        return -1;
    if (read_head(net, spec, err) < 0 || net_expand(&e, spec, err) < 0)
        goto fail;
    if (e.count == 0) {
        node_error(node_get(spec, "layers"), err, "the network has no layers");
        goto fail;
    }
    net->nodes = memory_array(e.count, sizeof(*net->nodes), err);
    if (!net->nodes)
        goto fail;
    for (net->count = 0; net->count < (int)e.count;) {
        net->count++; /* first: a half-made node has a name to free */
        if (make_node(net, net->count - 1, &e.entries[net->count - 1], err) < 0)
            goto fail;
    }
    if (check_graph(net, &e, err) < 0 || declare_weights(net, err) < 0 ||
        place_weights(net, err) < 0 || gemm_check(err) < 0)
        goto fail;
    net_expansion_release(&e);
    net_mark_learning(net);
    *result = net;
    return 0;
fail:
    net_expansion_release(&e);
    net_close(net);
    return -1;
}

void net_close(struct net *net)
{
    if (!net)
        return;
    for (int i = 0; i < net->weight_count; i++)
        free((char *)net->weights[i].name);
    for (int j = 0; j < net->count; j++)
        free(net->nodes[j].name);
    free(net->fixed);
    free(net->gradients);
    free(net->values);
    free(net->beginnings);
    free(net->weights);
    free(net->nodes);
    free(net->name);
    free(net);
}

const char *net_name(const struct net *net)
{
    return net->name;
}

struct shape net_input(const struct net *net)
{
    return net->input;
}

int net_classes(const struct net *net)
{
    return net->classes;
}

size_t net_weights(const struct net *net)
{
    return (size_t)net->weight_count;
}

const struct weight *net_weight(const struct net *net, size_t i)
{
    return &net->weights[i];
}

float *net_values(struct net *net, size_t *n)
{
    *n = net->trained_size;
    return net->values;
}

float *net_gradients(struct net *net, size_t *n)
{
    *n = net->trained_size;
    return net->gradients;
}

void net_set_fast(struct net *net, bool fast)
{
    net->fast = fast;
}

bool net_is_fast(const struct net *net)
{
    return net->fast;
}

struct pass net_pass(const struct net *net, int j, int b)
{
    const struct net_node *node = &net->nodes[j];
    struct pass p = { .layer = &node->layer,
                      .b = b,
                      .out = node->out,
                      .relu = node->relu,
                      .frozen = node->frozen || net->frozen_norm,
                      .fast = net->fast };
    memcpy(p.in, node->in, sizeof(p.in));
    for (int i = 0; i < node->weights; i++) {
        const struct weight *w = &net->weights[node->first_weight + i];
        p.w[i] = w->value.data;
        p.dw[i] = w->gradient;
        p.running[i] = w->trained ? NULL : w->value.data;
    }
    return p;
}

int net_shapes(const struct net *net, int h, int w, struct shape *out, struct error *err)
{
    struct shape input = { net->input.c, h, w };
    for (int j = 0; j < net->count; j++) {
        const struct net_node *node = &net->nodes[j];
        struct shape in[LAYER_INPUTS];
        struct error why = { 0 };
        for (int i = 0; i < node->layer.inputs; i++)
            in[i] = node->input[i] == NET_INPUT ? input : out[node->input[i]];
        if (node->layer.kind->shape(&node->layer, in, &out[j], &why) < 0)
            return error_set(err, ERROR_USAGE, net->name, "%s at an input of %dx%d: %s", node->name,
                             h, w, why.message);
        if (!fits(out[j]))
            return error_set(err, ERROR_USAGE, net->name,
                             "%s at an input of %dx%d: the output is too large", node->name, h, w);
        for (int i = 0; i < node->weights; i++) {
            struct layer_weight declared[LAYER_WEIGHTS];
            node->layer.kind->weights(&node->layer, in, declared);
            if (memcmp(declared[i].shape, net->weights[node->first_weight + i].value.shape,
                       (size_t)declared[i].rank * sizeof(int64_t)) != 0)
                return error_set(
                    err, ERROR_USAGE, net->name,
                    "is not fully convolutional: %s (%s) takes %dx%dx%d and gets %dx%dx%d at an "
                    "input of %dx%d",
                    node->name, node->layer.kind->name, node->in[0].c, node->in[0].h, node->in[0].w,
                    in[0].c, in[0].h, in[0].w, h, w);
        }
    }
    return 0;
}

bool net_draws(const struct net *net)
{
    for (int j = 0; j < net->count; j++)
        if (net->nodes[j].layer.kind->draws)
            return true;
    return false;
}

uint64_t net_multiply_adds(const struct net *net)
{
    uint64_t total = 0;
    for (int j = 0; j < net->count; j++) {
        struct pass p = net_pass(net, j, 1);
        if (p.layer->kind->multiply_adds)
            total += p.layer->kind->multiply_adds(&p);
    }
    return total;
}

static json_t *node_description(const struct net *net, const struct net_node *node,
                                struct error *err)
{
    static const struct param nothing[] = { { 0 } };
    const struct layer_kind *kind = node->layer.kind;
    json_t *values = param_json(kind->params ? kind->params : nothing, node->layer.v, err);
    json_t *in = json_array();
    int rc = !values || !in ? -1 : 0;
    for (int i = 0; rc == 0 && i < node->layer.inputs; i++)
        rc = json_array_append_new(
            in,
            json_string(node->input[i] == NET_INPUT ? "input" : net->nodes[node->input[i]].name));
    if (rc == 0)
        rc = json_object_set_new(values, "name", json_string(node->name));
    if (rc == 0)
        rc = json_object_set(values, "in", in);
    json_decref(in);
    json_t *item = rc == 0 ? json_pack("{s:O}", kind->name, values) : NULL;
    json_decref(values);
    if (!item)
        error_set(err, ERROR_FAILED, net->name, "no memory for the description");
    return item;
}

json_t *net_json(const struct net *net, struct error *err)
{
    json_t *list = json_array();
    for (int j = 0; list && j < net->count; j++) {
        json_t *item = node_description(net, &net->nodes[j], err);
        if (!item || json_array_append_new(list, item) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    json_t *result =
        json_pack("{s:s, s:[i,i,i], s:i, s:o}", "name", net->name, "input", net->input.c,
                  net->input.h, net->input.w, "classes", net->classes, "layers", list);
    /* Evaluation has no use for it: only where it says something. */
    if (result && net->init[0].integer != SCHEME_DEFAULT) {
        json_t *init = param_json(init_params, net->init, err);
        if (!init || json_object_set_new(result, "init", init) < 0) {
            json_decref(result);
            return NULL;
        }
    }
    if (!result)
        error_set(err, ERROR_FAILED, net->name, "no memory for the description");
    return result;
}
