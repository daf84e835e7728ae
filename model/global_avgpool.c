/* The mean of each plane: x (c,h,w), y (c,1,1). Whatever h and w are, so a network that ends in it
 * and a linear layer is fully convolutional: the mean of the logits over positions is the logits of
 * the mean. */
#include "model/layer.h"

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    (void)l;
    (void)err;
    *out = (struct shape){ in->c, 1, 1 };
    return 0;
}

/* Where channel c of image i begins in x, and how far apart its numbers lie. */
static size_t begin_of(const struct pass *p, int i, int c, size_t *step)
{
    int lanes = p->x_blocks[0] ? p->lanes : 1;
    *step = (size_t)lanes;
    return (size_t)i * shape_count(p->in[0]) + blocks_index(p->in[0], lanes, c, 0);
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w, step;
    for (int c = 0; c < p->out.c; c++) {
        const real *x = p->x[0] + begin_of(p, i, c, &step);
        double sum = 0;
        for (size_t j = 0; j < plane; j++)
            sum += x[j * step];
        p->y[(size_t)i * (size_t)p->out.c + (size_t)c] = (real)(sum / (double)plane);
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w, step;
    for (int c = 0; c < p->out.c; c++) {
        real *dx = p->dx[0] + begin_of(p, i, c, &step);
        real share = (real)(p->dy[(size_t)i * (size_t)p->out.c + (size_t)c] / (double)plane);
        for (size_t j = 0; j < plane; j++)
            dx[j * step] = share + (p->add[0] ? dx[j * step] : 0);
    }
}

const struct layer_kind LAYER(global_avgpool) = {
    .name = "global_avgpool",
    .summary = "mean of each channel's plane",
    .inputs_min = 1,
    .inputs_max = 1,
    .blocks = BLOCKS_EITHER,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
