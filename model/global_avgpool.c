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

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w, c = (size_t)p->out.c;
    for (size_t at = (size_t)i * c; at < ((size_t)i + 1) * c; at++) {
        double sum = 0;
        for (size_t j = 0; j < plane; j++)
            sum += p->x[0][at * plane + j];
        p->y[at] = (real)(sum / (double)plane);
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w, c = (size_t)p->out.c;
    for (size_t at = (size_t)i * c; at < ((size_t)i + 1) * c; at++) {
        real share = (real)(p->dy[at] / (double)plane);
        for (size_t j = 0; j < plane; j++)
            p->dx[0][at * plane + j] = share + (p->add[0] ? p->dx[0][at * plane + j] : 0);
    }
}

const struct layer_kind LAYER(global_avgpool) = {
    .name = "global_avgpool",
    .summary = "mean of each channel's plane",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
