#include "model/init.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "model/init_private.h"
#include "model/orthogonal.h"
#include "model/residual.h"

enum { SCHEME, FAN, GAIN, STD, VALUE, ZERO_GAMMA, DIRAC, WHITENING, BETWEEN_LAYERS };
enum { FAN_IN, FAN_OUT };

static const char *const schemes[] = {
    [SCHEME_DEFAULT] = "default",
    [SCHEME_CONSTANT] = "constant",
    [SCHEME_GAUSSIAN] = "gaussian",
    [SCHEME_XAVIER_UNIFORM] = "xavier_uniform",
    [SCHEME_XAVIER_NORMAL] = "xavier_normal",
    [SCHEME_KAIMING_UNIFORM] = "kaiming_uniform",
    [SCHEME_KAIMING_NORMAL] = "kaiming_normal",
    [SCHEME_LECUN_UNIFORM] = "lecun_uniform",
    [SCHEME_LECUN_NORMAL] = "lecun_normal",
    [SCHEME_ORTHOGONAL] = "orthogonal",
    [SCHEME_RANDOM_WALK] = "random_walk",
    [SCHEME_FIXUP] = "fixup",
    [SCHEME_LSUV] = "lsuv",
    [SCHEME_DATA] = "data_dependent",
    NULL,
};
static const char *const fans[] = { [FAN_IN] = "in", [FAN_OUT] = "out", NULL };

const struct param init_params[INIT_PARAMS + 1] = {
    [SCHEME] = { "scheme", PARAM_CHOICE, "", .value = SCHEME_DEFAULT, .choices = schemes,
                 .help = "how convolutions and linear layers begin" },
    [FAN] = { "fan", PARAM_CHOICE, "", .value = FAN_IN, .choices = fans,
              .help = "kaiming: in keeps the size of activations, out that of gradients" },
    [GAIN] = { "gain", PARAM_NUMBER, "", .value = 0, .min = 0, .max = 1000,
               .help = "times this; 0: of kaiming that of the activation behind, of others 1" },
    [STD] = { "std", PARAM_NUMBER, "", .value = 0.01, .min = 0, .max = 1000,
              .help = "standard deviation of gaussian" },
    [VALUE] = { "value", PARAM_NUMBER, "", .value = 0, .min = -1000, .max = 1000,
                .help = "of constant" },
    [ZERO_GAMMA] = { "zero_gamma", PARAM_FLAG, "",
                     .help = "the last normalization of a residual branch begins at 0" },
    [DIRAC] = { "dirac", PARAM_FLAG, "",
                .help = "convolutions with a middle pass their inputs on in their first outputs" },
    [WHITENING] = { "whitening", PARAM_FLAG, "",
                    .help = "the first convolution whitens the patches of the first batch" },
    [BETWEEN_LAYERS] = { "between_layers", PARAM_FLAG, "",
                         .help = "data_dependent: then let all layers' weights change at the same "
                                 "rate" },
    { 0 },
};

enum init_scheme init_scheme_of(const struct net *net)
{
    return (enum init_scheme)net->init[SCHEME].integer;
}

bool init_equalizes(const struct net *net)
{
    return init_scheme_of(net) == SCHEME_DATA && net->init[BETWEEN_LAYERS].flag;
}

bool init_settles(const struct net *net)
{
    return init_scheme_of(net) == SCHEME_LSUV || init_scheme_of(net) == SCHEME_DATA;
}

bool init_whitens(const struct net *net)
{
    return net->init[WHITENING].flag;
}

bool net_init_needs_data(const struct net *net)
{
    return init_settles(net) || init_whitens(net);
}

/* The activation that node j's output meets first, through what changes neither sign nor
 * independence of its numbers; NULL: another matrix, or the output. */
static const struct layer *activation_behind(const struct net *net, int j)
{
    for (int reader = j + 1; reader < net->count; reader++) {
        const struct layer *l = &net->nodes[reader].layer;
        bool reads = false;
        for (int i = 0; i < l->inputs; i++)
            reads = reads || net->nodes[reader].input[i] == j;
        if (!reads)
            continue;
        if (l->kind->gain)
            return l;
        if (residual_is_matrix(net, reader))
            return NULL;
        j = reader;
    }
    return NULL;
}

static double activation_gain(const struct net *net, int j)
{
    const struct layer *l = activation_behind(net, j);
    return l ? l->kind->gain(l) : 1;
}

static double random_walk_gain(const struct net *net, int j, double n)
{
    const struct layer *l = activation_behind(net, j);
    if (l && strcmp(l->kind->name, "relu") == 0)
        return sqrt(2) * exp(1.2 / ((n > 6 ? n : 6) - 2.4));
    return exp(1 / (2 * n));
}

/* What a scheme makes of one matrix. */
struct filling {
    enum { FILL_CONSTANT, FILL_NORMAL, FILL_UNIFORM, FILL_ORTHOGONAL } form;
    double scale; /* the value, the standard deviation, or the factor */
};

static struct filling filling_of(const struct net *net, int node, const struct weight *w)
{
    double in = (double)w->fan_in, out = (double)w->fan_out, gain = net->init[GAIN].number;
    double one = gain > 0 ? gain : 1, fan = net->init[FAN].integer == FAN_IN ? in : out;
    switch (init_scheme_of(net)) {
    case SCHEME_CONSTANT:
        return (struct filling){ FILL_CONSTANT, net->init[VALUE].number };
    case SCHEME_GAUSSIAN:
        return (struct filling){ FILL_NORMAL, net->init[STD].number };
    case SCHEME_XAVIER_UNIFORM:
        return (struct filling){ FILL_UNIFORM, one * sqrt(2 / (in + out)) };
    case SCHEME_XAVIER_NORMAL:
        return (struct filling){ FILL_NORMAL, one * sqrt(2 / (in + out)) };
    case SCHEME_KAIMING_UNIFORM:
    case SCHEME_KAIMING_NORMAL:
        return (struct filling){
            init_scheme_of(net) == SCHEME_KAIMING_UNIFORM ? FILL_UNIFORM : FILL_NORMAL,
            (gain > 0 ? gain : activation_gain(net, node)) / sqrt(fan),
        };
    case SCHEME_LECUN_UNIFORM:
        return (struct filling){ FILL_UNIFORM, one / sqrt(in) };
    case SCHEME_LECUN_NORMAL:
        return (struct filling){ FILL_NORMAL, one / sqrt(in) };
    case SCHEME_RANDOM_WALK:
        return (struct filling){ FILL_NORMAL, random_walk_gain(net, node, in) / sqrt(in) };
    case SCHEME_FIXUP:
        return (struct filling){ FILL_NORMAL, sqrt(2 / in) };
    case SCHEME_DATA:
        return (struct filling){ FILL_NORMAL, 1 };
    case SCHEME_ORTHOGONAL:
    case SCHEME_LSUV:
    case SCHEME_DEFAULT:
        break;
    }
    return (struct filling){ FILL_ORTHOGONAL, one };
}

static void fill(float *x, size_t rows, size_t columns, struct filling f, struct rng *rng)
{
    size_t n = rows * columns;
    double bound = f.scale * sqrt(3); /* U(+-bound) has the standard deviation bound / sqrt(3) */
    switch (f.form) {
    case FILL_CONSTANT:
        for (size_t i = 0; i < n; i++)
            x[i] = (float)f.scale;
        break;
    case FILL_NORMAL:
        for (size_t i = 0; i < n; i++)
            x[i] = (float)(f.scale * rng_normal(rng));
        break;
    case FILL_UNIFORM:
        for (size_t i = 0; i < n; i++)
            x[i] = (float)rng_range(rng, -bound, bound);
        break;
    case FILL_ORTHOGONAL:
        orthogonal_fill(x, rows, columns, f.scale, rng);
        break;
    }
}

/* He et al., arXiv:1502.01852: standard deviation gain / sqrt(fan), gain sqrt(2) for ReLU; fan out
 * keeps the gradients' variance, as the ResNets were trained. */
static void fill_kaiming(float *x, size_t n, int64_t fan_out, struct rng *rng)
{
    double sd = sqrt(2.0 / (double)fan_out);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(sd * rng_normal(rng));
}

static void fill_uniform(float *x, size_t n, int64_t fan_in, struct rng *rng)
{
    double bound = 1 / sqrt((double)fan_in);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_range(rng, -bound, bound);
}

static void fill_constant(float *x, size_t n, double value)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)value;
}

static void init_weight(struct net *net, int node, int number, uint64_t seed)
{
    const struct weight *w = &net->weights[number];
    const struct net_beginning *begin = &net->beginnings[number];
    float *x = w->value.data;
    size_t n = tensor_count(&w->value), rows = (size_t)w->value.shape[0];
    struct rng rng = rng_start(rng_derive(seed, "init", w->name, 0), 0, 0);
    bool plain = init_scheme_of(net) == SCHEME_DEFAULT;
    if (!plain && net->weights[number].matrix) {
        fill(x, rows, n / rows, filling_of(net, node, w), &rng);
        return;
    }
    switch (begin->kind) {
    case INIT_KAIMING:
        fill_kaiming(x, n, w->fan_out, &rng);
        break;
    case INIT_UNIFORM:
        if (plain)
            fill_uniform(x, n, w->fan_in, &rng);
        else
            fill_constant(x, n, 0);
        break;
    case INIT_ONE:
        fill_constant(x, n, 1);
        break;
    case INIT_ZERO:
        fill_constant(x, n, 0);
        break;
    case INIT_CONSTANT:
        fill_constant(x, n, begin->value);
        break;
    }
}

static void scale_matrix(struct net *net, int node, double factor)
{
    const struct weight *w = &net->weights[net->nodes[node].first_weight];
    float *x = w->value.data;
    for (size_t i = 0; i < tensor_count(&w->value); i++)
        x[i] = (float)(factor * x[i]);
}

static void init_fixup(struct net *net)
{
    struct residual r;
    int branches = 0, last = -1;
    for (int j = 0; j < net->count; j++) {
        branches += residual_find(net, j, &r);
        if (residual_is_matrix(net, j))
            last = j;
    }
    for (int j = 0; j < net->count; j++) {
        if (!residual_find(net, j, &r))
            continue;
        scale_matrix(net, r.matrix[0], 0);
        for (int i = 1; i < r.count; i++)
            scale_matrix(net, r.matrix[i], pow(branches, -1.0 / (2 * r.count - 2)));
    }
    if (last >= 0)
        scale_matrix(net, last, 0);
}

static void init_zero_gamma(struct net *net)
{
    struct residual r;
    for (int j = 0; j < net->count; j++)
        if (residual_find(net, j, &r) && r.norm >= 0)
            scale_matrix(net, r.norm, 0);
}

/* Filter k is 1 at the middle of channel k, for as many as there are channels (PyTorch's dirac_ on
 * the first of them); the filters behind stay as the scheme filled them. */
static void init_dirac(struct net *net, int node)
{
    if (strcmp(net->nodes[node].layer.kind->name, "conv") != 0)
        return;
    const struct tensor *w = &net->weights[net->nodes[node].first_weight].value;
    size_t k = (size_t)w->shape[0], c = (size_t)w->shape[1], taps = (size_t)w->shape[2];
    taps *= (size_t)w->shape[3];
    if (taps % 2 == 0)
        return;
    float *x = w->data;
    for (size_t i = 0; i < k && i < c; i++) {
        fill_constant(x + i * c * taps, c * taps, 0);
        x[(i * c + i) * taps + taps / 2] = 1;
    }
}

void net_init(struct net *net, uint64_t seed)
{
    for (int j = 0; j < net->count; j++)
        for (int i = 0; i < net->nodes[j].weights; i++)
            init_weight(net, j, net->nodes[j].first_weight + i, seed);
    if (init_scheme_of(net) == SCHEME_FIXUP)
        init_fixup(net);
    if (net->init[ZERO_GAMMA].flag)
        init_zero_gamma(net);
    for (int j = 0; net->init[DIRAC].flag && j < net->count; j++)
        init_dirac(net, j);
}
