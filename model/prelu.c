/*
 * He et al., "Delving Deep into Rectifiers", arXiv:1502.01852: y = x where x > 0, a x elsewhere,
 * with a slope learned for every channel, or one for all. da = sum of x dy over x <= 0.
 */
#include <math.h>

#include "model/layer.h"

enum { INIT, SHARED };

static const struct param params[] = {
    [INIT] = { "init", PARAM_NUMBER, "", .value = 0.25, .min = -10, .max = 10,
               .help = "slope to begin with" },
    [SHARED] = { "shared", PARAM_FLAG, "", .help = "one slope for all channels" },
    { 0 },
};

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    (void)l;
    (void)err;
    *out = *in;
    return 0;
}

static int weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    w[0] = (struct layer_weight){ .suffix = "weight",
                                  .rank = 1,
                                  .shape = { l->v[SHARED].flag ? 1 : in->c },
                                  .trained = true,
                                  .init = INIT_CONSTANT,
                                  .value = l->v[INIT].number };
    return 1;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t plane = (size_t)p->out.h * (size_t)p->out.w, at = (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++) {
        real a = p->w[0][p->layer->v[SHARED].flag ? 0 : c];
        for (size_t j = 0; j < plane; j++, at++)
            p->y[at] = p->x[0][at] > 0 ? p->x[0][at] : a * p->x[0][at];
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    size_t plane = (size_t)p->out.h * (size_t)p->out.w, at = (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++, at += plane) {
        int which = p->layer->v[SHARED].flag ? 0 : c;
        const real *x = p->x[0] + at, *dy = p->dy + at;
        real a = p->w[0][which];
        double sum = 0;
        for (size_t j = 0; j < plane; j++)
            sum += x[j] > 0 ? 0 : x[j] * dy[j];
        lane[which] += (real)sum;
        real *dx = p->dx[0] ? p->dx[0] + at : NULL;
        for (size_t j = 0; dx && j < plane; j++)
            dx[j] = (x[j] > 0 ? dy[j] : a * dy[j]) + (p->add[0] ? dx[j] : 0);
    }
}

static double gain(const struct layer *l)
{
    double a = l->v[INIT].number;
    return sqrt(2 / (1 + a * a));
}

const struct layer_kind LAYER(prelu) = {
    .name = "prelu",
    .summary = "x, or a learned slope times x below 0 (PyTorch's PReLU)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .weights = weights,
    .forward = forward,
    .backward = backward,
    .gain = gain,
};
