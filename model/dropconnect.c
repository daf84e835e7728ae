/*
 * Wan et al., "Regularization of Neural Networks using DropConnect", ICML 2013: a linear layer
 * whose every weight is set to zero with probability p, for each image anew:
 *
 *     training    y = (m w) x / (1 - p) + bias,  m (k,n) of zeros and ones
 *     evaluation  y = w x + bias                 (the same expectation)
 *
 * (The paper draws the outputs in evaluation from a normal distribution of training's mean and
 * variance; `noise` in struct pass draws masks as in training instead.) A mask is drawn again in
 * backward, from the same counter.
 */
#include "model/layer.h"

enum { OUT, P, BIAS };
enum { WEIGHT, BIAS_WEIGHT };

static const struct param params[] = {
    [OUT] = { "out", PARAM_INTEGER, "features", .value = 10, .min = 1, .max = 1000000,
              .help = "length of the output", .required = true },
    [P] = { "p", PARAM_NUMBER, "", .value = 0.5, .min = 0, .max = 0.999,
            .help = "probability that a weight is set to zero" },
    [BIAS] = { "bias", PARAM_FLAG, "", .value = 1, .help = "add a learned constant per output" },
    { 0 },
};

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    *out = (struct shape){ (int)l->v[OUT].integer, 1, 1 };
    if (!shape_same(*in, l->built))
        return error_set(err, ERROR_USAGE, NULL, "was made for %dx%dx%d and gets %dx%dx%d",
                         l->built.c, l->built.h, l->built.w, in->c, in->h, in->w);
    return 0;
}

static int weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    int64_t k = l->v[OUT].integer, n = (int64_t)shape_count(*in);
    w[WEIGHT] = (struct layer_weight){ .suffix = "weight",
                                       .rank = 2,
                                       .shape = { k, n },
                                       .trained = true,
                                       .init = INIT_UNIFORM,
                                       .fan_in = n,
                                       .fan_out = k };
    w[BIAS_WEIGHT] = (struct layer_weight){ .suffix = "bias",
                                            .rank = 1,
                                            .shape = { k },
                                            .trained = true,
                                            .init = INIT_UNIFORM,
                                            .fan_in = n,
                                            .fan_out = k };
    return l->v[BIAS].flag ? 2 : 1;
}

/* One row of the mask after the other: how many of 2^32 draws drop, and what is kept is scaled. */
struct mask {
    struct rng rng;
    uint64_t below;
    real scale;
};

static struct mask mask_of(const struct pass *p, int i)
{
    double drop = p->training || p->noise ? p->layer->v[P].number : 0;
    return (struct mask){ pass_rng(p, i), (uint64_t)(drop * 0x1p32), (real)(1 / (1 - drop)) };
}

static bool drops(struct mask *m)
{
    return m->below > 0 && rng_u32(&m->rng) < m->below;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->in[0]), k = (size_t)p->out.c;
    const real *x = p->x[0] + (size_t)i * n, *w = p->w[WEIGHT];
    struct mask m = mask_of(p, i);
    for (size_t j = 0; j < k; j++) {
        double sum = 0;
        for (size_t t = 0; t < n; t++, w++)
            sum += drops(&m) ? 0 : *w * x[t];
        p->y[(size_t)i * k + j] =
            (real)sum * m.scale + (p->w[BIAS_WEIGHT] ? p->w[BIAS_WEIGHT][j] : 0);
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    size_t n = shape_count(p->in[0]), k = (size_t)p->out.c;
    const real *x = p->x[0] + (size_t)i * n, *w = p->w[WEIGHT], *dy = p->dy + (size_t)i * k;
    real *dx = p->dx[0] ? p->dx[0] + (size_t)i * n : NULL, *dw = lane;
    struct mask m = mask_of(p, i);
    for (size_t t = 0; dx && !p->add[0] && t < n; t++)
        dx[t] = 0;
    for (size_t j = 0; j < k; j++)
        for (size_t t = 0; t < n; t++, w++, dw++) {
            if (drops(&m))
                continue;
            *dw += x[t] * dy[j] * m.scale;
            if (dx)
                dx[t] += *w * dy[j] * m.scale;
        }
    for (size_t j = 0; p->w[BIAS_WEIGHT] && j < k; j++)
        *dw++ += dy[j];
}

static uint64_t multiply_adds(const struct pass *p)
{
    return (uint64_t)shape_count(p->in[0]) * (uint64_t)p->out.c;
}

const struct layer_kind LAYER(dropconnect) = {
    .name = "dropconnect",
    .summary = "fully connected, weights set to zero by chance",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .draws = true,
    .shape = shape,
    .weights = weights,
    .forward = forward,
    .backward = backward,
    .multiply_adds = multiply_adds,
};
