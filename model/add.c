/* The sum of two or more inputs of one shape; each gets dy. May work in place: y where x[0] lies,
 * and dx[0] where dy does. */
#include <string.h>

#include "base/simd.h"
#include "model/layer.h"

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    for (int j = 1; j < l->inputs; j++)
        if (in[j].c != in[0].c || in[j].h != in[0].h || in[j].w != in[0].w)
            return error_set(err, ERROR_USAGE, NULL, "adds %dx%dx%d and %dx%dx%d; must be the same",
                             in[0].c, in[0].h, in[0].w, in[j].c, in[j].h, in[j].w);
    *out = in[0];
    return 0;
}

VECTOR_CLONES static void sum(const real *a, const real *b, real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

VECTOR_CLONES static void rectify(real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] > 0 ? y[i] : 0;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    sum(p->x[0] + at, p->x[1] + at, p->y + at, n);
    for (int j = 2; j < p->layer->inputs; j++)
        sum(p->y + at, p->x[j] + at, p->y + at, n);
    if (p->relu)
        rectify(p->y + at, n);
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    for (int j = 0; j < p->layer->inputs; j++) {
        if (!p->dx[j] || p->dx[j] == p->dy)
            continue;
        if (p->add[j])
            sum(p->dx[j] + at, p->dy + at, p->dx[j] + at, n);
        else
            memcpy(p->dx[j] + at, p->dy + at, n * sizeof(real));
    }
}

const struct layer_kind LAYER(add) = {
    .name = "add",
    .summary = "sum of its inputs",
    .inputs_min = 2,
    .inputs_max = LAYER_INPUTS,
    .fuses_relu = true,
    .over_input = true,
    .blocks = BLOCKS_ALIKE,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
