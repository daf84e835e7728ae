/*
 * x (c,h,w) times s of the same shape, or times one number a channel, s (c,1,1): the last step of
 * squeeze and excitation (Hu et al., arXiv:1709.01507), after global_avgpool, two 1x1 convolutions
 * and a sigmoid. dx = s dy; ds = x dy, summed over the plane where s has one number for it.
 */
#include "model/layer.h"

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    (void)l;
    if (!shape_same(in[0], in[1]) && !(in[1].c == in[0].c && in[1].h == 1 && in[1].w == 1))
        return error_set(err, ERROR_USAGE, NULL,
                         "multiplies %dx%dx%d by %dx%dx%d; must be the same, or %dx1x1", in[0].c,
                         in[0].h, in[0].w, in[1].c, in[1].h, in[1].w, in[0].c);
    *out = in[0];
    return 0;
}

/* How many numbers of x one number of s stands for. */
static size_t share_of(const struct pass *p)
{
    return shape_count(p->in[0]) / shape_count(p->in[1]);
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out), share = share_of(p);
    const real *x = p->x[0] + (size_t)i * n, *s = p->x[1] + (size_t)i * (n / share);
    real *y = p->y + (size_t)i * n;
    for (size_t k = 0; k < n / share; k++)
        for (size_t j = 0; j < share; j++)
            *y++ = *x++ * s[k];
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    size_t n = shape_count(p->out), share = share_of(p), at = (size_t)i * n,
           at_s = (size_t)i * (n / share);
    for (size_t k = 0; k < n / share; k++, at_s++) {
        double sum = 0;
        for (size_t j = 0; j < share; j++, at++) {
            sum += p->x[0][at] * p->dy[at];
            if (p->dx[0])
                p->dx[0][at] = p->x[1][at_s] * p->dy[at] + (p->add[0] ? p->dx[0][at] : 0);
        }
        if (p->dx[1])
            p->dx[1][at_s] = (real)sum + (p->add[1] ? p->dx[1][at_s] : 0);
    }
}

const struct layer_kind LAYER(multiply) = {
    .name = "multiply",
    .summary = "its first input times its second, number by number or channel by channel",
    .inputs_min = 2,
    .inputs_max = 2,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
