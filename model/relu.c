/* y = max(x, 0); dx = dy where y > 0. May work in place: backward reads y alone. */
#include <math.h>

#include "base/simd.h"
#include "model/layer.h"

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    (void)l;
    (void)err;
    *out = *in;
    return 0;
}

VECTOR_CLONES static void rectify(const real *x, real *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0 ? x[i] : 0;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out);
    rectify(p->x[0] + (size_t)i * n, p->y + (size_t)i * n, n);
}

VECTOR_CLONES static void mask(const real *y, const real *dy, real *dx, size_t n, bool add)
{
    if (add)
        for (size_t i = 0; i < n; i++)
            dx[i] += y[i] > 0 ? dy[i] : 0;
    else
        for (size_t i = 0; i < n; i++)
            dx[i] = y[i] > 0 ? dy[i] : 0;
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    mask(p->y + at, p->dy + at, p->dx[0] + at, n, p->add[0]);
}

static double gain(const struct layer *l)
{
    (void)l;
    return sqrt(2);
}

const struct layer_kind LAYER(relu) = {
    .name = "relu",
    .summary = "max(x, 0)",
    .inputs_min = 1,
    .inputs_max = 1,
    .reads_output = true,
    .blocks = BLOCKS_ALIKE,
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .gain = gain,
};
