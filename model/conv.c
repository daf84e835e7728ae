/*
 * Convolution, x (c,h,w), w (k,c,r,r), y (k,oh,ow): y[k] = sum_c w[k,c] * x[c] + bias[k], as
 * PyTorch's Conv2d. One image is one product: w (k, c r r) times the image's columns (c r r, oh
 * ow). Backward: dw = dy columns^T, dx = col2im(w^T dy), dbias = sum dy.
 */
#include <string.h>

#include "base/simd.h"
#include "model/gemm.h"
#include "model/im2col.h"
#include "model/layer.h"

enum { OUT, KERNEL, STRIDE, PADDING, BIAS };
enum { WEIGHT, BIAS_WEIGHT };

static const struct param params[] = {
    [OUT] = { "out", PARAM_INTEGER, "channels", .value = 16, .min = 1, .max = 65536,
              "channels of the output", .required = true },
    [KERNEL] = { "kernel", PARAM_INTEGER, "px", .value = 3, .min = 1, .max = 63,
                 "side of the kernel" },
    [STRIDE] = { "stride", PARAM_INTEGER, "px", .value = 1, .min = 1, .max = 63, "step" },
    [PADDING] = { "padding", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 63,
                  "zeros added at each border" },
    [BIAS] = { "bias", PARAM_FLAG, "", .value = 0, .help = "add a learned constant per channel" },
    { 0 },
};

static struct window window_of(const struct layer *l)
{
    return (struct window){ (int)l->v[KERNEL].integer, (int)l->v[STRIDE].integer,
                            (int)l->v[PADDING].integer };
}

/* A 1x1 kernel's columns are the image itself. */
static bool is_pointwise(const struct window *win)
{
    return win->kernel == 1 && win->stride == 1 && win->padding == 0;
}

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    struct window win = window_of(l);
    *out = (struct shape){ (int)l->v[OUT].integer, window_output(&win, in->h),
                           window_output(&win, in->w) };
    if (out->h < 1 || out->w < 1)
        return error_set(err, ERROR_USAGE, NULL,
                         "a kernel of %d with padding %d does not fit into %dx%d", win.kernel,
                         win.padding, in->h, in->w);
    return 0;
}

static int weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    int64_t k = l->v[OUT].integer, r = l->v[KERNEL].integer;
    w[WEIGHT] = (struct layer_weight){ .suffix = "weight",
                                       .rank = 4,
                                       .shape = { k, in->c, r, r },
                                       .trained = true,
                                       .init = INIT_KAIMING,
                                       .fan_in = in->c * r * r,
                                       .fan_out = k * r * r };
    if (!l->v[BIAS].flag)
        return 1;
    w[BIAS_WEIGHT] = (struct layer_weight){ .suffix = "bias",
                                            .rank = 1,
                                            .shape = { k },
                                            .trained = true,
                                            .init = INIT_ZERO,
                                            .fan_in = in->c * r * r,
                                            .fan_out = k };
    return 2;
}

static size_t columns(const struct pass *p)
{
    struct window win = window_of(p->layer);
    return (size_t)p->in[0].c * (size_t)(win.kernel * win.kernel);
}

/* Columns of the image, then columns of its gradient. */
static size_t scratch(const struct pass *p)
{
    return 2 * columns(p) * (size_t)p->out.h * (size_t)p->out.w;
}

VECTOR_CLONES static void add_bias(float *y, size_t n, float bias, bool relu)
{
    if (relu)
        for (size_t i = 0; i < n; i++) {
            float v = y[i] + bias;
            y[i] = v > 0 ? v : 0;
        }
    else
        for (size_t i = 0; i < n; i++)
            y[i] += bias;
}

static const float *columns_of(const struct pass *p, int i, float *scratch_)
{
    struct window win = window_of(p->layer);
    const float *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    if (is_pointwise(&win))
        return x;
    im2col(x, p->in[0], &win, p->out, scratch_);
    return scratch_;
}

static void forward(const struct pass *p, int i, float *scratch_)
{
    size_t positions = (size_t)p->out.h * (size_t)p->out.w;
    float *y = p->y + (size_t)i * shape_count(p->out);
    gemm(false, false, p->out.c, (int)positions, (int)columns(p), p->w[WEIGHT],
         columns_of(p, i, scratch_), 0, y);
    if (p->w[BIAS_WEIGHT] || p->relu)
        for (int k = 0; k < p->out.c; k++)
            add_bias(y + (size_t)k * positions, positions,
                     p->w[BIAS_WEIGHT] ? p->w[BIAS_WEIGHT][k] : 0, p->relu);
}

static void backward(const struct pass *p, int i, float *scratch_, float *lane)
{
    struct window win = window_of(p->layer);
    int positions = p->out.h * p->out.w, taps = (int)columns(p), k = p->out.c;
    const float *dy = p->dy + (size_t)i * shape_count(p->out);
    gemm(false, true, k, taps, positions, dy, columns_of(p, i, scratch_), 1, lane);
    if (p->w[BIAS_WEIGHT]) {
        float *dbias = lane + (size_t)k * (size_t)taps;
        for (int c = 0; c < k; c++) {
            double sum = 0;
            for (int j = 0; j < positions; j++)
                sum += dy[(size_t)c * (size_t)positions + (size_t)j];
            dbias[c] += (float)sum;
        }
    }
    if (!p->dx[0])
        return;
    float *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    if (is_pointwise(&win)) {
        gemm(true, false, taps, positions, k, p->w[WEIGHT], dy, p->add[0] ? 1 : 0, dx);
        return;
    }
    float *dcolumns = scratch_ + (size_t)taps * (size_t)positions;
    gemm(true, false, taps, positions, k, p->w[WEIGHT], dy, 0, dcolumns);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    col2im(dcolumns, p->in[0], &win, p->out, dx);
}

static uint64_t multiply_adds(const struct pass *p)
{
    return (uint64_t)columns(p) * shape_count(p->out);
}

const struct layer_kind layer_conv = {
    .name = "conv",
    .summary = "convolution (PyTorch's Conv2d)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .fuses_relu = true,
    .shape = shape,
    .weights = weights,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .multiply_adds = multiply_adds,
};
