#include "model/gradcheck_cases.h"

#include <stdio.h>

static int between(struct rng *rng, int low, int high)
{
    return (int)rng_integer(rng, low, high);
}

static const char *yes_no(struct rng *rng)
{
    return rng_below(rng, 2) ? "yes" : "no";
}

/* One input of c channels, c a multiple of `multiple`, with sides from `least` on. */
static void draw_input(struct rng *rng, int large, int multiple, int least,
                       struct gradcheck_case *c)
{
    int most = large ? 24 : 6;
    *c = (struct gradcheck_case){ .inputs = 1, .b = between(rng, 1, large ? 9 : 3) };
    c->in[0].c = multiple * between(rng, 1, large ? 24 / multiple + 1 : 1 + 2 / multiple);
    c->in[0].h = between(rng, least, least > most ? least : most);
    c->in[0].w = between(rng, least, least > most ? least : most);
}

static void draw_any(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 1, c);
    snprintf(c->values, sizeof(c->values), "{}");
}

/* conv: kernel, stride, dilation and padding such that it fits. */
static void draw_conv(struct rng *rng, int large, int groups, int outputs, const char *mode,
                      struct gradcheck_case *c)
{
    int kernel = between(rng, 1, 4), dilation = between(rng, 1, 2);
    int reach = dilation * (kernel - 1) + 1, same = mode[0] == 's';
    draw_input(rng, large, groups, reach, c);
    int least = c->in[0].h < c->in[0].w ? c->in[0].h : c->in[0].w;
    int padding = same ? 0 : between(rng, 0, least - 1 < 3 ? least - 1 : 3);
    snprintf(c->values, sizeof(c->values),
             "{out: %d, kernel: %d, stride: %d, padding: %d, dilation: %d, groups: %d, bias: %s, "
             "padding_mode: %s}",
             groups * outputs, kernel, between(rng, 1, 3), padding, dilation, groups, yes_no(rng),
             mode);
    c->relu = true;
}

static void draw_dense_conv(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_conv(rng, large, 1, between(rng, 1, large ? 20 : 3), "zeros", c);
}

static void draw_groups(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_conv(rng, large, between(rng, 2, large ? 6 : 2), between(rng, 1, large ? 5 : 2), "zeros",
              c);
    if (c->in[0].c < 4)
        c->in[0].c *= 2; /* two channels a group and more: not depthwise */
}

static void draw_padded(struct rng *rng, int large, struct gradcheck_case *c)
{
    static const char *const modes[] = { "reflect", "replicate", "circular" };
    draw_conv(rng, large, between(rng, 1, 2), between(rng, 1, large ? 8 : 2),
              modes[rng_below(rng, 3)], c);
}

static void draw_same(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_conv(rng, large, 1, between(rng, 1, large ? 8 : 2), "same", c);
}

static void draw_pointwise(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 1, c);
    snprintf(c->values, sizeof(c->values), "{out: %d, kernel: 1, bias: %s}",
             between(rng, 1, large ? 20 : 3), yes_no(rng));
    c->relu = true;
}

static void draw_winograd(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 3, c);
    snprintf(c->values, sizeof(c->values), "{out: %d, kernel: 3, padding: %d, bias: %s}",
             between(rng, 8, large ? 40 : 9), between(rng, 0, 2), yes_no(rng));
    c->relu = true;
}

/* conv in steps, with channels enough to go without columns. */
static void draw_steps(struct rng *rng, int large, struct gradcheck_case *c)
{
    int kernel = between(rng, 1, 4);
    draw_input(rng, large, large ? 8 : 1, kernel, c);
    snprintf(c->values, sizeof(c->values),
             "{out: %d, kernel: %d, stride: %d, padding: %d, bias: %s}",
             between(rng, large ? 8 : 1, large ? 24 : 3), kernel, between(rng, 2, 3),
             between(rng, 0, kernel - 1), yes_no(rng));
    c->relu = true;
}

/* Sixteen channels fill a block of any width; eight do not fill the widest, so that input and
 * output lie differently. Few images, since there are many channels. */
static void fill_blocks(struct rng *rng, struct gradcheck_case *c)
{
    c->in[0].c = 8 * between(rng, 1, 3);
    c->b = c->b % 3 + 1;
}

static void draw_winograd_blocks(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 3, c);
    if (large)
        fill_blocks(rng, c);
    snprintf(c->values, sizeof(c->values), "{out: %d, kernel: 3, padding: %d, bias: %s}",
             8 * between(rng, 1, large ? 3 : 1), between(rng, 0, 2), yes_no(rng));
    c->relu = true;
}

static void draw_steps_blocks(struct rng *rng, int large, struct gradcheck_case *c)
{
    int kernel = between(rng, 1, 3);
    draw_input(rng, large, 1, kernel, c);
    if (large)
        fill_blocks(rng, c);
    snprintf(c->values, sizeof(c->values),
             "{out: %d, kernel: %d, stride: 2, padding: %d, bias: %s}",
             8 * between(rng, 1, large ? 3 : 1), kernel, kernel / 2, yes_no(rng));
    c->relu = true;
}

static void draw_depthwise(struct rng *rng, int large, struct gradcheck_case *c)
{
    int groups = between(rng, 2, large ? 20 : 3);
    draw_conv(rng, large, groups, between(rng, 1, 2), "zeros", c);
    c->in[0].c = groups;
}

static void draw_linear(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 1, c);
    snprintf(c->values, sizeof(c->values), "{out: %d, bias: %s}", between(rng, 1, large ? 40 : 4),
             yes_no(rng));
}

static void draw_dropconnect(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 1, c);
    snprintf(c->values, sizeof(c->values), "{out: %d, p: 0.4, bias: %s}",
             between(rng, 1, large ? 20 : 4), yes_no(rng));
}

/* Statistics of a handful of numbers that happen to lie close together are ill-conditioned in
 * float: no fewer than 32 a channel. */
static void draw_batchnorm(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 4, c);
    c->b += 1;
    snprintf(c->values, sizeof(c->values), "{}");
    c->relu = true;
}

static void draw_frozen(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_batchnorm(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{frozen: yes}");
}

static void draw_batchnorm_blocks(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_batchnorm(rng, large, c);
    if (large)
        fill_blocks(rng, c);
    c->b += 1;
}

static void draw_any_blocks(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    if (large)
        fill_blocks(rng, c);
}

static void draw_pool(struct rng *rng, int large, struct gradcheck_case *c)
{
    int kernel = between(rng, 1, 4);
    draw_input(rng, large, 1, kernel, c);
    snprintf(c->values, sizeof(c->values), "{kernel: %d, stride: %d, padding: %d, ceil_mode: %s}",
             kernel, between(rng, 1, 3), between(rng, 0, kernel / 2), yes_no(rng));
}

static void draw_adaptive(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 1, c);
    snprintf(c->values, sizeof(c->values), "{h: %d, w: %d}", between(rng, 1, c->in[0].h + 2),
             between(rng, 1, c->in[0].w));
}

static void draw_fractional(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 2, c);
    snprintf(c->values, sizeof(c->values), "{ratio: %.3f, regions: %s, overlapping: %s}",
             rng_range(rng, 1, 2), rng_below(rng, 2) ? "random" : "pseudorandom", yes_no(rng));
}

static void draw_shortcut(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 1, c);
    snprintf(c->values, sizeof(c->values), "{out: %d, stride: %d}",
             c->in[0].c + 2 * between(rng, 0, 3), between(rng, 1, 3));
}

static void draw_shortcut_blocks(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_input(rng, large, 1, 1, c);
    if (large)
        fill_blocks(rng, c);
    snprintf(c->values, sizeof(c->values), "{out: %d, stride: %d}",
             c->in[0].c + 8 * between(rng, 0, 2), between(rng, 1, 3));
}

static void draw_add(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    c->inputs = between(rng, 2, 4);
    for (int i = 1; i < c->inputs; i++)
        c->in[i] = c->in[0];
    c->relu = true;
}

static void draw_concat(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    c->inputs = between(rng, 2, 4);
    for (int i = 1; i < c->inputs; i++) {
        c->in[i] = c->in[0];
        c->in[i].c = between(rng, 1, 5);
    }
}

static void draw_multiply(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    c->inputs = 2;
    c->in[1] = rng_below(rng, 3) ? (struct shape){ c->in[0].c, 1, 1 } : c->in[0];
}

static void draw_dropout(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{p: %.2f, form: %s}", rng_range(rng, 0, 0.9),
             rng_below(rng, 2) ? "inverted" : "vanilla");
}

static void draw_stochastic_depth(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{p: %.2f, form: %s, mode: %s}", rng_range(rng, 0, 0.9),
             rng_below(rng, 2) ? "inverted" : "vanilla", rng_below(rng, 2) ? "row" : "batch");
}

static void draw_slope(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{slope: %.3f}", rng_range(rng, -1, 1));
}

static void draw_elu(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{alpha: %.3f}", rng_range(rng, 0.1, 2));
}

static void draw_gelu(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{approximate: none}");
}

static void draw_gelu_tanh(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{approximate: tanh}");
}

static void draw_prelu(struct rng *rng, int large, struct gradcheck_case *c)
{
    draw_any(rng, large, c);
    snprintf(c->values, sizeof(c->values), "{shared: %s}", yes_no(rng));
}

static void draw_maxout(struct rng *rng, int large, struct gradcheck_case *c)
{
    int pieces = between(rng, 2, 4);
    draw_input(rng, large, pieces, 1, c);
    snprintf(c->values, sizeof(c->values), "{pieces: %d}", pieces);
}

static void draw_layernorm(struct rng *rng, int large, struct gradcheck_case *c)
{
    bool image = rng_below(rng, 2);
    draw_input(rng, large, image ? 1 : 6, image ? 3 : 1, c);
    snprintf(c->values, sizeof(c->values), "{over: %s}", image ? "image" : "channels");
}

static void draw_groupnorm(struct rng *rng, int large, struct gradcheck_case *c)
{
    int groups = between(rng, 1, large ? 6 : 2);
    draw_input(rng, large, groups, 3, c);
    snprintf(c->values, sizeof(c->values), "{groups: %d}", groups);
}

const struct gradcheck_way gradcheck_ways[] = {
    { "conv", "columns", draw_dense_conv, "columns", 0 },
    { "conv", "winograd 2x2", draw_winograd, "winograd 2x2", 0 },
    { "conv", "winograd 4x4", draw_winograd, "winograd 4x4", GRADCHECK_FAST },
    { "conv", "blocked 2x2", draw_winograd_blocks, "winograd 2x2", GRADCHECK_BLOCKS },
    { "conv", "blocked 4x4", draw_winograd_blocks, "winograd 4x4",
      GRADCHECK_FAST | GRADCHECK_BLOCKS },
    { "conv", "steps", draw_steps, "direct", 0 },
    { "conv", "blocked steps", draw_steps_blocks, "direct", GRADCHECK_BLOCKS },
    { "conv", "groups", draw_groups, "columns", 0 },
    { "conv", "pointwise", draw_pointwise, "pointwise", 0 },
    { "conv", "depthwise", draw_depthwise, "depthwise", 0 },
    { "conv", "padded", draw_padded, NULL, 0 },
    { "conv", "same", draw_same, NULL, 0 },
    { "linear", "", draw_linear, NULL, 0 },
    { "dropconnect", "", draw_dropconnect, NULL, 0 },
    { "batchnorm", "", draw_batchnorm, NULL, 0 },
    { "batchnorm", "frozen", draw_frozen, NULL, 0 },
    { "batchnorm", "blocked", draw_batchnorm_blocks, NULL, GRADCHECK_BLOCKS },
    { "layernorm", "", draw_layernorm, NULL, 0 },
    { "groupnorm", "", draw_groupnorm, NULL, 0 },
    { "maxpool", "", draw_pool, NULL, 0 },
    { "avgpool", "", draw_pool, NULL, 0 },
    { "global_avgpool", "", draw_any, NULL, 0 },
    { "global_avgpool", "blocked", draw_any_blocks, NULL, GRADCHECK_BLOCKS },
    { "adaptive_avgpool", "", draw_adaptive, NULL, 0 },
    { "adaptive_maxpool", "", draw_adaptive, NULL, 0 },
    { "fractional_maxpool", "", draw_fractional, NULL, 0 },
    { "shortcut", "", draw_shortcut, NULL, 0 },
    { "shortcut", "blocked", draw_shortcut_blocks, NULL, GRADCHECK_BLOCKS },
    { "flatten", "", draw_any, NULL, 0 },
    { "add", "", draw_add, NULL, 0 },
    { "concat", "", draw_concat, NULL, 0 },
    { "multiply", "", draw_multiply, NULL, 0 },
    { "scale", "", draw_any, NULL, 0 },
    { "bias", "", draw_any, NULL, 0 },
    { "dropout", "", draw_dropout, NULL, 0 },
    { "stochastic_depth", "", draw_stochastic_depth, NULL, 0 },
    { "relu", "", draw_any, NULL, 0 },
    { "relu6", "", draw_any, NULL, 0 },
    { "leaky_relu", "", draw_slope, NULL, 0 },
    { "prelu", "", draw_prelu, NULL, 0 },
    { "elu", "", draw_elu, NULL, 0 },
    { "selu", "", draw_any, NULL, 0 },
    { "gelu", "exact", draw_gelu, NULL, 0 },
    { "gelu", "tanh", draw_gelu_tanh, NULL, 0 },
    { "silu", "", draw_any, NULL, 0 },
    { "sigmoid", "", draw_any, NULL, 0 },
    { "tanh", "", draw_any, NULL, 0 },
    { "hardswish", "", draw_any, NULL, 0 },
    { "hardsigmoid", "", draw_any, NULL, 0 },
    { "maxout", "", draw_maxout, NULL, 0 },
    { 0 },
};
