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
 * `frozen`, as its parameter or because its weights are: training, too, uses the running statistics
 * and leaves them alone; mean and var are then constants, and dx = gamma / sqrt(var + eps) dy.
 *
 * Sums: of up to SHORT numbers in a fixed number of real lanes, of those in double, in order.
 */
#include <math.h>

#include "base/simd.h"
#include "model/layer.h"

enum { EPS, MOMENTUM, FROZEN };
enum { GAMMA, BETA, MEAN, VARIANCE };
/* WIDTH: one AVX-512 register, and a multiple of a block's lanes. SHORT: numbers of a part that are
 * summed up in real before double takes over. */
enum { WIDTH = 16, SHORT = 64 * WIDTH };

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

/* A run of numbers that are worked on together: a channel's plane, or a block of channels, whose
 * number j is of channel first + j mod channels. */
struct part {
    int first, channels;
    size_t at, n;
};

static int parts_of(const struct pass *p)
{
    return p->y_blocks ? p->out.c / p->lanes : p->out.c;
}

/* Part number `part` of image i. */
static struct part part_of(const struct pass *p, int i, int part)
{
    int channels = p->y_blocks ? p->lanes : 1;
    size_t n = (size_t)p->out.h * (size_t)p->out.w * (size_t)channels;
    return (struct part){ part * channels, channels,
                          ((size_t)i * (size_t)parts_of(p) + (size_t)part) * n, n };
}

/* Sums of numbers j, j + WIDTH ... of a part, for each j. In real as long as they are short. */
struct sums {
    double first[WIDTH], second[WIDTH];
};

VECTOR_CLONES static void add_sums(struct sums *s, const real *first, const real *second)
{
    for (int j = 0; j < WIDTH; j++) {
        s->first[j] += first[j];
        s->second[j] += second[j];
    }
}

VECTOR_CLONES static void sum_part(const real *x, size_t n, struct sums *s)
{
    for (size_t end; n > 0; x += end, n -= end) {
        real sum[WIDTH] = { 0 }, squares[WIDTH] = { 0 };
        end = n < SHORT ? n : SHORT;
        size_t whole = end - end % WIDTH;
        for (size_t i = 0; i < whole; i += WIDTH)
            for (int j = 0; j < WIDTH; j++) {
                sum[j] += x[i + j];
                squares[j] += x[i + j] * x[i + j];
            }
        for (size_t i = whole; i < end; i++) {
            sum[i - whole] += x[i];
            squares[i - whole] += x[i] * x[i];
        }
        add_sums(s, sum, squares);
    }
}

/* What a part's numbers are multiplied with, by number mod WIDTH. */
struct factors {
    real mean[WIDTH], inverse[WIDTH], scale[WIDTH], beta[WIDTH], dbeta[WIDTH], dgamma[WIDTH];
};

VECTOR_CLONES static void sum_part_backward(const real *x, const real *dy, size_t n,
                                            const struct factors *f, struct sums *s)
{
    for (size_t end; n > 0; x += end, dy += end, n -= end) {
        real sum[WIDTH] = { 0 }, product[WIDTH] = { 0 };
        end = n < SHORT ? n : SHORT;
        size_t whole = end - end % WIDTH;
        for (size_t i = 0; i < whole; i += WIDTH)
            for (int j = 0; j < WIDTH; j++) {
                sum[j] += dy[i + j];
                product[j] += dy[i + j] * ((x[i + j] - f->mean[j]) * f->inverse[j]);
            }
        for (size_t i = whole, j = 0; i < end; i++, j++) {
            sum[j] += dy[i];
            product[j] += dy[i] * ((x[i] - f->mean[j]) * f->inverse[j]);
        }
        add_sums(s, sum, product);
    }
}

/* Into the totals of image i's channels. */
static void keep_sums(const struct pass *p, int i, const struct part *part, const struct sums *s)
{
    struct totals *t = totals_of(p) + (size_t)i * (size_t)p->out.c + part->first;
    for (int c = 0; c < part->channels; c++)
        t[c] = (struct totals){ 0, 0 };
    for (int j = 0; j < WIDTH; j++) {
        t[j % part->channels].first += s->first[j];
        t[j % part->channels].second += s->second[j];
    }
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
    for (int k = 0; k < parts_of(p); k++) {
        struct part part = part_of(p, i, k);
        struct sums sums = { 0 };
        sum_part(p->x[0] + part.at, part.n, &sums);
        keep_sums(p, i, &part, &sums);
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

static void fill_factors(const struct pass *p, const struct part *part, struct factors *f)
{
    for (int j = 0; j < WIDTH; j++) {
        int c = part->first + j % part->channels;
        struct channel channel;
        if (p->training)
            channel = channels_of(p)[c];
        else
            channel = (struct channel){ p->w[MEAN][c], inverse_of(p->w[VARIANCE][c], p), 0, 0 };
        f->mean[j] = channel.mean;
        f->inverse[j] = channel.inverse;
        f->scale[j] = channel.inverse * p->w[GAMMA][c];
        f->beta[j] = p->w[BETA][c];
        f->dbeta[j] = channel.dbeta;
        f->dgamma[j] = channel.dgamma;
    }
}

VECTOR_CLONES static void scale_part(const real *x, real *restrict y, size_t n,
                                     const struct factors *f, real least)
{
    size_t whole = n - n % WIDTH;
    for (size_t i = 0; i < whole; i += WIDTH)
        for (int j = 0; j < WIDTH; j++) {
            real v = (x[i + j] - f->mean[j]) * f->scale[j] + f->beta[j];
            y[i + j] = v > least ? v : least;
        }
    for (size_t i = whole, j = 0; i < n; i++, j++) {
        real v = (x[i] - f->mean[j]) * f->scale[j] + f->beta[j];
        y[i] = v > least ? v : least;
    }
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    for (int k = 0; k < parts_of(p); k++) {
        struct part part = part_of(p, i, k);
        struct factors factors;
        fill_factors(p, &part, &factors);
        scale_part(p->x[0] + part.at, p->y + part.at, part.n, &factors,
                   p->relu ? 0 : -(real)INFINITY);
    }
}

static void measure_backward(const struct pass *p, int i)
{
    for (int k = 0; k < parts_of(p); k++) {
        struct part part = part_of(p, i, k);
        struct factors factors;
        struct sums sums = { 0 };
        fill_factors(p, &part, &factors);
        sum_part_backward(p->x[0] + part.at, p->dy + part.at, part.n, &factors, &sums);
        keep_sums(p, i, &part, &sums);
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

static inline real back_one(real x, real dy, const struct factors *f, size_t j)
{
    real xhat = (x - f->mean[j]) * f->inverse[j];
    return f->scale[j] * (dy - f->dbeta[j] - xhat * f->dgamma[j]);
}

VECTOR_CLONES static void back_part(const real *x, const real *dy, real *restrict dx, size_t n,
                                    const struct factors *f, bool add)
{
    size_t whole = n - n % WIDTH;
    if (add)
        for (size_t i = 0; i < whole; i += WIDTH)
            for (size_t j = 0; j < WIDTH; j++)
                dx[i + j] += back_one(x[i + j], dy[i + j], f, j);
    else
        for (size_t i = 0; i < whole; i += WIDTH)
            for (size_t j = 0; j < WIDTH; j++)
                dx[i + j] = back_one(x[i + j], dy[i + j], f, j);
    for (size_t i = whole, j = 0; i < n; i++, j++)
        dx[i] = back_one(x[i], dy[i], f, j) + (add ? dx[i] : 0);
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    for (int k = 0; p->dx[0] && k < parts_of(p); k++) {
        struct part part = part_of(p, i, k);
        struct factors factors;
        fill_factors(p, &part, &factors);
        back_part(p->x[0] + part.at, p->dy + part.at, p->dx[0] + part.at, part.n, &factors,
                  p->add[0]);
    }
}

const struct layer_kind LAYER(batchnorm) = {
    .name = "batchnorm",
    .summary = "batch normalization (PyTorch's BatchNorm2d)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .fuses_relu = true,
    .blocks = BLOCKS_ALIKE,
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
