/*
 * Goodfellow et al., "Maxout Networks", arXiv:1302.4389: the largest of k neighboring channels,
 * x (k c,h,w), y (c,h,w). What comes before (a convolution or a linear layer with k c outputs)
 * makes the k linear pieces. The gradient goes to the first of the largest.
 */
#include <string.h>

#include "model/layer.h"

static const struct param params[] = {
    { "pieces", PARAM_INTEGER, "", .value = 2, .min = 2, .max = 64,
      .help = "channels that become one" },
    { 0 },
};

static int pieces_of(const struct layer *l)
{
    return (int)l->v[0].integer;
}

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    if (in->c % pieces_of(l) != 0)
        return error_set(err, ERROR_USAGE, NULL, "pieces is %d; it must divide the %d channels",
                         pieces_of(l), in->c);
    *out = (struct shape){ in->c / pieces_of(l), in->h, in->w };
    return 0;
}

/* The largest of the pieces from x on, `plane` apart. */
static int largest(const real *x, int pieces, size_t plane)
{
    int best = 0;
    for (int k = 1; k < pieces; k++)
        best = x[(size_t)k * plane] > x[(size_t)best * plane] ? k : best;
    return best;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    int pieces = pieces_of(p->layer);
    size_t plane = (size_t)p->out.h * (size_t)p->out.w;
    const real *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    real *y = p->y + (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++, x += (size_t)pieces * plane)
        for (size_t j = 0; j < plane; j++)
            *y++ = x[j + (size_t)largest(x + j, pieces, plane) * plane];
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    int pieces = pieces_of(p->layer);
    size_t plane = (size_t)p->out.h * (size_t)p->out.w, at = (size_t)i * shape_count(p->in[0]);
    const real *x = p->x[0] + at, *dy = p->dy + (size_t)i * shape_count(p->out);
    real *dx = p->dx[0] + at;
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    for (int c = 0; c < p->out.c; c++, x += (size_t)pieces * plane, dx += (size_t)pieces * plane)
        for (size_t j = 0; j < plane; j++)
            dx[j + (size_t)largest(x + j, pieces, plane) * plane] += *dy++;
}

const struct layer_kind LAYER(maxout) = {
    .name = "maxout",
    .summary = "the largest of k neighboring channels",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
