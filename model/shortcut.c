/*
 * The CIFAR ResNet's shortcut without parameters (He et al., arXiv:1512.03385, option A): every
 * `stride`-th row and column, and (out - c) / 2 planes of zeros before and after the channels. With
 * stride 1 and out = c: the identity.
 */
#include <string.h>

#include "base/simd.h"
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

/* Nothing to subsample and nothing to add: the output is the input. */
static bool is_identity(const struct pass *p)
{
    return shape_same(p->in[0], p->out);
}

VECTOR_CLONES static void add_to(real *to, const real *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out);
    if (is_identity(p)) {
        memcpy(p->y + (size_t)i * n, p->x[0] + (size_t)i * n, n * sizeof(real));
        return;
    }
    int stride = (int)p->layer->v[STRIDE].integer, before = (p->out.c - p->in[0].c) / 2;
    const real *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    real *y = p->y + (size_t)i * shape_count(p->out);
    memset(y, 0, shape_count(p->out) * sizeof(*y));
    y += (size_t)before * (size_t)p->out.h * (size_t)p->out.w;
    for (int c = 0; c < p->in[0].c; c++, x += (size_t)p->in[0].h * (size_t)p->in[0].w)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++)
                *y++ = x[(size_t)(oh * stride) * (size_t)p->in[0].w + (size_t)(ow * stride)];
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    int stride = (int)p->layer->v[STRIDE].integer, before = (p->out.c - p->in[0].c) / 2;
    real *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    const real *dy = p->dy + (size_t)i * shape_count(p->out);
    if (is_identity(p) && p->add[0]) {
        add_to(dx, dy, shape_count(p->out));
        return;
    }
    if (is_identity(p)) {
        memcpy(dx, dy, shape_count(p->out) * sizeof(*dx));
        return;
    }
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    dy += (size_t)before * (size_t)p->out.h * (size_t)p->out.w;
    for (int c = 0; c < p->in[0].c; c++, dx += (size_t)p->in[0].h * (size_t)p->in[0].w)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++)
                dx[(size_t)(oh * stride) * (size_t)p->in[0].w + (size_t)(ow * stride)] += *dy++;
}

const struct layer_kind LAYER(shortcut) = {
    .name = "shortcut",
    .summary = "subsample and zero-pad channels (CIFAR ResNet's option A)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
