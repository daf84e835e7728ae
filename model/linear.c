/*
 * Fully connected, x (c,h,w) flattened to (n), w (k,n), y (k): y = w x + bias, as PyTorch's Linear
 * after Flatten. dw = dy x^T, dbias = dy, dx = w^T dy. One image is one matrix-vector product.
 *
 * On a larger plane than the network declares it is the convolution that it was all along: a
 * kernel of the declared plane's size, one product for all places.
 */
#include "base/simd.h"
#include "model/gemm.h"
#include "model/layer.h"
#include "model/unfold.h"

enum { OUT, BIAS };
enum { WEIGHT, BIAS_WEIGHT };

static const struct param params[] = {
    [OUT] = { "out", PARAM_INTEGER, "features", .value = 10, .min = 1, .max = 1000000,
              "length of the output", .required = true },
    [BIAS] = { "bias", PARAM_FLAG, "", .value = 1, .help = "add a learned constant per output" },
    { 0 },
};

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    return unfold_shape(&l->built, in, (int)l->v[OUT].integer, out, err);
}

static int weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    (void)in;
    int64_t k = l->v[OUT].integer, n = (int64_t)shape_count(l->built);
    w[WEIGHT] = (struct layer_weight){ .suffix = "weight",
                                       .rank = 2,
                                       .shape = { k, n },
                                       .trained = true,
                                       .init = INIT_UNIFORM,
                                       .fan_in = n,
                                       .fan_out = k };
    if (!l->v[BIAS].flag)
        return 1;
    w[BIAS_WEIGHT] = (struct layer_weight){ .suffix = "bias",
                                            .rank = 1,
                                            .shape = { k },
                                            .trained = true,
                                            .init = INIT_UNIFORM,
                                            .fan_in = n,
                                            .fan_out = k };
    return 2;
}

/* The columns of a plane of its own: the image itself where the window is one pixel. */
static size_t scratch(const struct pass *p)
{
    size_t positions = (size_t)p->out.h * (size_t)p->out.w;
    const struct shape *built = &p->layer->built;
    return positions == 1 || built->h * built->w == 1 ? 0 : shape_count(*built) * positions;
}

static void forward_window(const struct pass *p, int i, float *columns)
{
    int n = (int)shape_count(p->layer->built), k = p->out.c, positions = p->out.h * p->out.w;
    const float *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    float *y = p->y + (size_t)i * shape_count(p->out);
    if (scratch(p) > 0) {
        unfold(x, p->in[0], p->layer->built, columns);
        x = columns;
    }
    for (int j = 0; j < k * positions; j++)
        y[j] = p->w[BIAS_WEIGHT] ? p->w[BIAS_WEIGHT][j / positions] : 0;
    gemm(false, false, k, positions, n, p->w[WEIGHT], x, 1, y);
}

static void forward(const struct pass *p, int i, float *columns)
{
    if (p->out.h * p->out.w > 1) {
        forward_window(p, i, columns);
        return;
    }
    size_t n = shape_count(p->in[0]), k = (size_t)p->out.c;
    float *y = p->y + (size_t)i * k;
    for (size_t j = 0; j < k; j++)
        y[j] = p->w[BIAS_WEIGHT] ? p->w[BIAS_WEIGHT][j] : 0;
    gemv(false, (int)k, (int)n, p->w[WEIGHT], p->x[0] + (size_t)i * n, 1, y);
}

VECTOR_CLONES static void add_scaled(float *to, const float *from, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++)
        to[i] += scale * from[i];
}

static void backward(const struct pass *p, int i, float *columns, float *lane)
{
    (void)columns;
    size_t n = shape_count(p->in[0]), k = (size_t)p->out.c;
    const float *x = p->x[0] + (size_t)i * n, *dy = p->dy + (size_t)i * k;
    for (size_t j = 0; j < k; j++)
        add_scaled(lane + j * n, x, n, dy[j]);
    if (p->w[BIAS_WEIGHT])
        add_scaled(lane + k * n, dy, k, 1);
    if (p->dx[0])
        gemv(true, (int)k, (int)n, p->w[WEIGHT], dy, p->add[0] ? 1 : 0, p->dx[0] + (size_t)i * n);
}

static uint64_t multiply_adds(const struct pass *p)
{
    return (uint64_t)shape_count(p->layer->built) * shape_count(p->out);
}

const struct layer_kind layer_linear = {
    .name = "linear",
    .summary = "fully connected (PyTorch's Linear)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .weights = weights,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .multiply_adds = multiply_adds,
};
