/*
 * Wu and He, "Group Normalization", arXiv:1803.08494, as PyTorch's GroupNorm: the channels of an
 * image in groups, each normalized over its channels and positions; weights (c).
 */
#include "model/normalize.h"

enum { GROUPS, EPS };

static const struct param params[] = {
    [GROUPS] = { "groups", PARAM_INTEGER, "", .value = 32, .min = 1, .max = 65536,
                 .help = "of channels; 1: the whole image, as many as channels: instance "
                         "normalization" },
    [EPS] = { "eps", PARAM_NUMBER, "", .value = 1e-5, .min = 0, .max = 1,
              .help = "added to the variance" },
    { 0 },
};

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    int groups = (int)l->v[GROUPS].integer;
    if (in->c % groups != 0)
        return error_set(err, ERROR_USAGE, NULL, "groups is %d; it must divide the %d channels",
                         groups, in->c);
    *out = *in;
    return 0;
}

static int weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    (void)l;
    for (int i = 0; i < 2; i++)
        w[i] = (struct layer_weight){ .suffix = i ? "bias" : "weight",
                                      .rank = 1,
                                      .shape = { in->c },
                                      .trained = true,
                                      .init = i ? INIT_ZERO : INIT_ONE };
    return 2;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    int groups = (int)p->layer->v[GROUPS].integer;
    size_t plane = (size_t)p->out.h * (size_t)p->out.w, n = shape_count(p->out) / (size_t)groups;
    for (size_t g = 0; g < (size_t)groups; g++) {
        size_t at = (size_t)i * shape_count(p->out) + g * n;
        const real *x = p->x[0] + at;
        struct moments m = moments_of(x, n, 1, p->layer->v[EPS].number);
        for (size_t j = 0; j < n; j++) {
            size_t c = (g * n + j) / plane;
            p->y[at + j] = (real)((x[j] - m.mean) * m.inverse) * p->w[0][c] + p->w[1][c];
        }
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    int groups = (int)p->layer->v[GROUPS].integer;
    size_t plane = (size_t)p->out.h * (size_t)p->out.w, n = shape_count(p->out) / (size_t)groups;
    for (size_t g = 0; g < (size_t)groups; g++) {
        size_t at = (size_t)i * shape_count(p->out) + g * n;
        const real *x = p->x[0] + at, *dy = p->dy + at;
        struct moments m = moments_of(x, n, 1, p->layer->v[EPS].number);
        double sum = 0, product = 0;
        for (size_t c = g * n / plane, j = 0; j < n; c++) {
            double plane_sum = 0, plane_product = 0;
            for (size_t end = j + plane; j < end; j++) {
                plane_sum += dy[j];
                plane_product += dy[j] * (x[j] - m.mean) * m.inverse;
            }
            lane[c] += (real)plane_product;
            lane[(size_t)p->out.c + c] += (real)plane_sum;
            sum += plane_sum * p->w[0][c] / (double)n;
            product += plane_product * p->w[0][c] / (double)n;
        }
        real *dx = p->dx[0] ? p->dx[0] + at : NULL;
        for (size_t j = 0; dx && j < n; j++) {
            double xhat = (x[j] - m.mean) * m.inverse;
            double d = ((double)dy[j] * p->w[0][(g * n + j) / plane] - sum - xhat * product);
            dx[j] = (real)(d * m.inverse) + (p->add[0] ? dx[j] : 0);
        }
    }
}

const struct layer_kind LAYER(groupnorm) = {
    .name = "groupnorm",
    .summary = "group normalization (PyTorch's GroupNorm)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .weights = weights,
    .forward = forward,
    .backward = backward,
};
