/*
 * x (c,h,w) as one row of channels, y (c h w,1,1), in PyTorch's order. A linear layer does this by
 * itself; others (batch normalization of features) need it. On a larger plane than the network
 * declares there is a row for every place of the window.
 */
#include "model/layer.h"
#include "model/unfold.h"

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    return unfold_shape(&l->built, in, (int)shape_count(l->built), out, err);
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    const struct shape built = p->layer->built, in = p->in[0];
    const real *x = p->x[0] + (size_t)i * shape_count(in);
    real *y = p->y + (size_t)i * shape_count(p->out);
    for (int c = 0; c < built.c; c++)
        for (int r = 0; r < built.h; r++)
            for (int s = 0; s < built.w; s++)
                for (int h = 0; h < p->out.h; h++)
                    for (int w = 0; w < p->out.w; w++)
                        *y++ = x[((size_t)c * (size_t)in.h + (size_t)(h + r)) * (size_t)in.w +
                                 (size_t)(w + s)];
}

/* Training runs at the declared size: the values only change their names. */
static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t n = shape_count(p->out), at = (size_t)i * n;
    for (size_t j = at; j < at + n; j++)
        p->dx[0][j] = p->dy[j] + (p->add[0] ? p->dx[0][j] : 0);
}

const struct layer_kind LAYER(flatten) = {
    .name = "flatten",
    .summary = "all values as one row of channels (PyTorch's Flatten)",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
