/*
 * Batch normalization per channel (Ioffe and Szegedy, arXiv:1502.03167), as PyTorch's BatchNorm2d.
 *
 *     y = gamma (x - mean) / sqrt(var + eps) + beta
 *
 * Training takes mean and biased variance over the batch's m = b h w values and moves the running
 * ones by `momentum` (the variance unbiased, times m / (m - 1)). Backward, with xhat = (x - mean) /
 * sqrt(var + eps):
 *
 *     dbeta = sum dy,  dgamma = sum dy xhat,  dx = gamma / sqrt(var + eps) (dy - dbeta / m - xhat
 * dgamma / m)
 *
 * `frozen`, as its parameter or because its weights are: training, too, uses the running statistics and leaves them alone; mean and var are then
 * constants, and dx = gamma / sqrt(var + eps) dy.
 *
 * Sums: within a plane in a fixed number of real lanes, across planes and images in double, in
 * order.
 */
#include <math.h>

#include "base/simd.h"
#include "model/layer.h"

enum { EPS, MOMENTUM, FROZEN };
enum { GAMMA, BETA, MEAN, VARIANCE };
enum { SUM_LANES = 16 }; /* one AVX-512 register */

static const struct param params[] = {
    [EPS] = { "eps", PARAM_NUMBER, "", .value = 1e-5, .min = 0, .max = 1, "added to the variance" },
    [MOMENTUM] = { "momentum", PARAM_NUMBER, "", .value = 0.1, .min = 0, .max = 1,
                   "share of the batch in the running statistics" },
    [FROZEN] = { "frozen", PARAM_FLAG, "",
                 .help = "training uses the running statistics and does not change them" },
    { 0 },
};

/* What forward leaves for backward: two sums per image and channel, then per channel the batch's
 * mean, 1 / sqrt(var + eps), and backward's two sums over the batch divided by m. */
struct totals {
    double first, second;
};

struct channel {
    real mean, inverse, dbeta, dgamma;
};

static struct totals *totals_of(const struct pass *p)
{
    return p->state;
}

static struct channel *channels_of(const struct pass *p)
{
    return (struct channel *)(totals_of(p) + (size_t)p->b * (size_t)p->out.c);
}

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
    (void)l;
    w[GAMMA] = (struct layer_weight){
        .suffix = "weight", .rank = 1, .shape = { in->c }, .trained = true, .init = INIT_ONE
    };
    w[BETA] = (struct layer_weight){
        .suffix = "bias", .rank = 1, .shape = { in->c }, .trained = true, .init = INIT_ZERO
    };
    w[MEAN] = (struct layer_weight){
        .suffix = "running_mean", .rank = 1, .shape = { in->c }, .init = INIT_ZERO
    };
    w[VARIANCE] = (struct layer_weight){
        .suffix = "running_var", .rank = 1, .shape = { in->c }, .init = INIT_ONE
    };
    return 4;
}

static size_t state(const struct pass *p)
{
    return (size_t)p->out.c * ((size_t)p->b * sizeof(struct totals) + sizeof(struct channel));
}

VECTOR_CLONES static struct totals sum_plane(const real *x, size_t n)
{
    real sum[SUM_LANES] = { 0 }, squares[SUM_LANES] = { 0 };
    size_t whole = n - n % SUM_LANES;
    for (size_t i = 0; i < whole; i += SUM_LANES)
        for (int j = 0; j < SUM_LANES; j++) {
            sum[j] += x[i + j];
            squares[j] += x[i + j] * x[i + j];
        }
    for (size_t i = whole; i < n; i++) {
        sum[i - whole] += x[i];
        squares[i - whole] += x[i] * x[i];
    }
    struct totals t = { 0, 0 };
    for (int j = 0; j < SUM_LANES; j++) {
        t.first += sum[j];
        t.second += squares[j];
    }
    return t;
}

VECTOR_CLONES static struct totals sum_plane_backward(const real *x, const real *dy, size_t n,
                                                      real mean, real inverse)
{
    real sum[SUM_LANES] = { 0 }, product[SUM_LANES] = { 0 };
    size_t whole = n - n % SUM_LANES;
    for (size_t i = 0; i < whole; i += SUM_LANES)
        for (int j = 0; j < SUM_LANES; j++) {
            sum[j] += dy[i + j];
            product[j] += dy[i + j] * ((x[i + j] - mean) * inverse);
        }
    for (size_t i = whole; i < n; i++) {
        sum[i - whole] += dy[i];
        product[i - whole] += dy[i] * ((x[i] - mean) * inverse);
    }
    struct totals t = { 0, 0 };
    for (int j = 0; j < SUM_LANES; j++) {
        t.first += sum[j];
        t.second += product[j];
    }
    return t;
}

static bool frozen(const struct pass *p)
{
    return p->layer->v[FROZEN].flag || p->frozen;
}

static real inverse_of(double variance, const struct pass *p)
{
    return (real)(1 / sqrt(variance + p->layer->v[EPS].number));
}

static void measure(const struct pass *p, int i)
{
    if (frozen(p))
        return;
    size_t plane = (size_t)p->out.h * (size_t)p->out.w;
    for (int c = 0; c < p->out.c; c++) {
        size_t at = (size_t)i * (size_t)p->out.c + (size_t)c;
        totals_of(p)[at] = sum_plane(p->x[0] + at * plane, plane);
    }
}

/* Both sums of channel c over the batch, image by image. */
static struct totals sum_batch(const struct pass *p, int c)
{
    struct totals t = { 0, 0 };
    for (int i = 0; i < p->b; i++) {
        const struct totals *one = &totals_of(p)[(size_t)i * (size_t)p->out.c + (size_t)c];
        t.first += one->first;
        t.second += one->second;
    }
    return t;
}

static void settle_frozen(const struct pass *p)
{
    for (int c = 0; c < p->out.c; c++) {
        channels_of(p)[c].mean = p->w[MEAN][c];
        channels_of(p)[c].inverse = inverse_of(p->w[VARIANCE][c], p);
    }
}

static void settle(const struct pass *p)
{
    double m = (double)p->b * p->out.h * p->out.w;
    double momentum = p->share > 0 ? p->share : p->layer->v[MOMENTUM].number;
    if (frozen(p)) {
        settle_frozen(p);
        return;
    }
    for (int c = 0; c < p->out.c; c++) {
        struct totals t = sum_batch(p, c);
        double mean = t.first / m, variance = t.second / m - mean * mean;
        if (variance < 0)
            variance = 0;
        channels_of(p)[c].mean = (real)mean;
        channels_of(p)[c].inverse = inverse_of(variance, p);
        double unbiased = m > 1 ? variance * m / (m - 1) : variance;
        real *running_mean = &p->running[MEAN][c], *running_variance = &p->running[VARIANCE][c];
        *running_mean = (real)((1 - momentum) * *running_mean + momentum * mean);
        *running_variance = (real)((1 - momentum) * *running_variance + momentum * unbiased);
    }
}

VECTOR_CLONES static void scale_plane(const real *x, real *y, size_t n, real mean, real scale,
                                      real beta, bool relu)
{
    if (relu)
        for (size_t i = 0; i < n; i++) {
            real v = (x[i] - mean) * scale + beta;
            y[i] = v > 0 ? v : 0;
        }
    else
        for (size_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * scale + beta;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t plane = (size_t)p->out.h * (size_t)p->out.w;
    for (int c = 0; c < p->out.c; c++) {
        size_t at = ((size_t)i * (size_t)p->out.c + (size_t)c) * plane;
        real mean, inverse;
        if (p->training) {
            mean = channels_of(p)[c].mean;
            inverse = channels_of(p)[c].inverse;
        } else {
            mean = p->w[MEAN][c];
            inverse = inverse_of(p->w[VARIANCE][c], p);
        }
        scale_plane(p->x[0] + at, p->y + at, plane, mean, inverse * p->w[GAMMA][c], p->w[BETA][c],
                    p->relu);
    }
}

static void measure_backward(const struct pass *p, int i)
{
    size_t plane = (size_t)p->out.h * (size_t)p->out.w;
    for (int c = 0; c < p->out.c; c++) {
        size_t at = (size_t)i * (size_t)p->out.c + (size_t)c;
        const struct channel *channel = &channels_of(p)[c];
        totals_of(p)[at] = sum_plane_backward(p->x[0] + at * plane, p->dy + at * plane, plane,
                                              channel->mean, channel->inverse);
    }
}

static void settle_backward(const struct pass *p)
{
    double m = (double)p->b * p->out.h * p->out.w;
    for (int c = 0; c < p->out.c; c++) {
        struct totals t = sum_batch(p, c);
        p->dw[BETA][c] = (real)t.first;
        p->dw[GAMMA][c] = (real)t.second;
        channels_of(p)[c].dbeta = frozen(p) ? 0 : (real)(t.first / m);
        channels_of(p)[c].dgamma = frozen(p) ? 0 : (real)(t.second / m);
    }
}

VECTOR_CLONES static void back_plane(const real *x, const real *dy, real *dx, size_t n,
                                     struct channel k, real scale, bool add)
{
    if (add)
        for (size_t i = 0; i < n; i++)
            dx[i] += scale * (dy[i] - k.dbeta - (x[i] - k.mean) * k.inverse * k.dgamma);
    else
        for (size_t i = 0; i < n; i++)
            dx[i] = scale * (dy[i] - k.dbeta - (x[i] - k.mean) * k.inverse * k.dgamma);
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t plane = (size_t)p->out.h * (size_t)p->out.w;
    for (int c = 0; c < p->out.c; c++) {
        size_t at = ((size_t)i * (size_t)p->out.c + (size_t)c) * plane;
        struct channel channel = channels_of(p)[c];
        back_plane(p->x[0] + at, p->dy + at, p->dx[0] + at, plane, channel,
                   p->w[GAMMA][c] * channel.inverse, p->add[0]);
    }
}

const struct layer_kind LAYER(batchnorm) = {
    .name = "batchnorm",
    .summary = "batch normalization (PyTorch's BatchNorm2d)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .fuses_relu = true,
    .shape = shape,
    .weights = weights,
    .state = state,
    .measure = measure,
    .settle = settle,
    .forward = forward,
    .measure_backward = measure_backward,
    .settle_backward = settle_backward,
    .backward = backward,
};
