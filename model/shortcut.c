/*
 * The CIFAR ResNet's shortcut without parameters (He et al., arXiv:1512.03385, option A): every
 * `stride`-th row and column, and (out - c) / 2 planes of zeros before and after the channels. With
 * stride 1 and out = c: the identity.
 */
#include <string.h>

#include "model/layer.h"

enum { OUT, STRIDE };

static const struct param params[] = {
    [OUT] = { "out", PARAM_INTEGER, "channels", .value = 16, .min = 1, .max = 65536,
              "channels of the output", .required = true },
    [STRIDE] = { "stride", PARAM_INTEGER, "px", .value = 1, .min = 1, .max = 63, "step" },
    { 0 },
};

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    int k = (int)l->v[OUT].integer, stride = (int)l->v[STRIDE].integer;
    if (k < in->c || (k - in->c) % 2 != 0)
        return error_set(err, ERROR_USAGE, NULL,
                         "out is %d; must be %d (the input's channels) plus an even number", k,
                         in->c);
    *out = (struct shape){ k, (in->h + stride - 1) / stride, (in->w + stride - 1) / stride };
    return 0;
}

/* Nothing to subsample and nothing to add. */
static bool identity(const struct layer *l, const struct shape *in, const struct shape *out)
{
    return l->v[STRIDE].integer == 1 && shape_same(*in, *out);
}

/* Channel c of an input image and the output's channel that it becomes: where each begins, and how
 * far it is to the next number that is taken, along a row and from row to row. */
struct ways {
    size_t x, y, x_step, y_step, x_row, y_row;
};

static struct ways ways_of(const struct pass *p, int c)
{
    int stride = (int)p->layer->v[STRIDE].integer, k = c + (p->out.c - p->in[0].c) / 2;
    int x_lanes = p->x_blocks[0] ? p->lanes : 1, y_lanes = p->y_blocks ? p->lanes : 1;
    return (struct ways){ .x = blocks_index(p->in[0], x_lanes, c, 0),
                          .y = blocks_index(p->out, y_lanes, k, 0),
                          .x_step = (size_t)(stride * x_lanes),
                          .y_step = (size_t)y_lanes,
                          .x_row = (size_t)(stride * p->in[0].w * x_lanes),
                          .y_row = (size_t)(p->out.w * y_lanes) };
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out);
    const real *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    real *y = p->y + (size_t)i * n;
    memset(y, 0, n * sizeof(*y));
    for (int c = 0; c < p->in[0].c; c++) {
        struct ways at = ways_of(p, c);
        for (size_t row = 0; row < (size_t)p->out.h; row++)
            for (size_t col = 0; col < (size_t)p->out.w; col++)
                y[at.y + row * at.y_row + col * at.y_step] =
                    x[at.x + row * at.x_row + col * at.x_step];
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t n = shape_count(p->in[0]);
    real *dx = p->dx[0] + (size_t)i * n;
    const real *dy = p->dy + (size_t)i * shape_count(p->out);
    if (!p->add[0])
        memset(dx, 0, n * sizeof(*dx));
    for (int c = 0; c < p->in[0].c; c++) {
        struct ways at = ways_of(p, c);
        for (size_t row = 0; row < (size_t)p->out.h; row++)
            for (size_t col = 0; col < (size_t)p->out.w; col++)
                dx[at.x + row * at.x_row + col * at.x_step] +=
                    dy[at.y + row * at.y_row + col * at.y_step];
    }
}

const struct layer_kind LAYER(shortcut) = {
    .name = "shortcut",
    .summary = "subsample and zero-pad channels (CIFAR ResNet's option A)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .blocks = BLOCKS_EITHER,
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .identity = identity,
};
