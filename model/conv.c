/*
 * Convolution, x (c,h,w), w (k,c,r,r), y (k,oh,ow): y[k] = sum_c w[k,c] * x[c] + bias[k], as
 * PyTorch's Conv2d. One image is one product a group of channels: w (k, c r r) times the image's
 * columns (c r r, oh ow). Backward: dw = dy columns^T, dx = col2im(w^T dy), dbias = sum dy.
 *
 * Kernels of 3x3 go by Winograd's filtering instead (conv_winograd.h), steps of two and more tap by
 * tap (conv_direct.h).
 *
 * Padding that is not zeros is laid around a copy of the image first. Depthwise convolutions, whose
 * products would have one row, go tap by tap.
 */
#include <string.h>

#include "base/simd.h"
#include "model/conv_direct.h"
#include "model/conv_form.h"
#include "model/conv_winograd.h"
#include "model/depthwise.h"
#include "model/gemm.h"

/* One image's convolution once padding that is not zeros lies around it. */
struct job {
    struct window win;
    struct shape in, out;
    int padding;        /* of the copy; 0: there is none */
    enum pad_mode mode; /* of that */
    int groups, taps;   /* taps: of one group, c / groups * r * r */
    size_t positions;   /* of the output */
    bool pointwise;     /* the columns are the image itself */
    bool depthwise;
};

static struct job job_of(const struct pass *p)
{
    struct conv_form f = conv_form(p->layer);
    struct job j = { .win = f.window,
                     .in = p->in[0],
                     .out = p->out,
                     .mode = f.mode,
                     .groups = f.groups,
                     .taps = p->in[0].c / f.groups * f.window.kernel * f.window.kernel,
                     .positions = (size_t)p->out.h * (size_t)p->out.w };
    if (f.mode != PAD_ZEROS && f.mode != PAD_SAME && f.window.padding > 0) {
        j.padding = f.window.padding;
        j.in.h += 2 * j.padding;
        j.in.w += 2 * j.padding;
        j.win.padding = 0;
    }
    j.depthwise = f.groups > 1 && f.groups == p->in[0].c;
    j.pointwise = !j.depthwise && j.win.kernel == 1 && j.win.stride == 1 && j.win.padding == 0;
    return j;
}

/* The padded copy, the columns, then the gradients of both. */
static size_t copy_size(const struct job *j)
{
    return j->padding ? shape_count(j->in) : 0;
}

static size_t columns_size(const struct job *j)
{
    return j->pointwise || j->depthwise ? 0 : (size_t)j->groups * (size_t)j->taps * j->positions;
}

static size_t scratch(const struct pass *p)
{
    struct conv_winograd v;
    struct direct g;
    if (conv_winograd(&v, p))
        return v.scratch;
    if (conv_direct(&g, p))
        return direct_scratch_floats(&g);
    struct job j = job_of(p);
    return 2 * (copy_size(&j) + columns_size(&j));
}

/* Image i with its padding around. */
static const float *image_of(const struct pass *p, const struct job *j, int i, float *scratch_)
{
    const float *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    if (!j->padding)
        return x;
    pad(x, p->in[0], j->padding, j->mode, scratch_);
    return scratch_;
}

static const float *columns_of(const struct job *j, const float *x, float *scratch_)
{
    if (j->pointwise)
        return x;
    float *columns = scratch_ + copy_size(j);
    im2col(x, j->in, &j->win, j->out, columns);
    return columns;
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

static size_t prepared(const struct pass *p)
{
    struct conv_winograd v;
    struct direct g;
    if (conv_winograd(&v, p))
        return conv_winograd_prepared(&v);
    return conv_direct(&g, p) ? direct_weight_floats(&g) : 0;
}

static void prepare(const struct pass *p, bool backward, float *prepared_)
{
    struct conv_winograd v;
    struct direct g;
    if (conv_winograd(&v, p))
        conv_winograd_prepare(&v, p, backward, prepared_);
    else if (conv_direct(&g, p))
        conv_direct_prepare(&g, p, backward, prepared_);
}

static void forward(const struct pass *p, int i, float *scratch_)
{
    struct conv_winograd v;
    struct direct g;
    if (conv_winograd(&v, p)) {
        conv_winograd_forward(&v, p, i, 1, scratch_);
        return;
    }
    if (conv_direct(&g, p)) {
        conv_direct_forward(&g, p, i, scratch_);
        return;
    }
    struct job j = job_of(p);
    float *y = p->y + (size_t)i * shape_count(p->out);
    const float *x = image_of(p, &j, i, scratch_), *w = p->w[CONV_WEIGHT];
    int k = j.out.c / j.groups;
    if (j.depthwise)
        depthwise(x, j.in, &j.win, j.out, w, y);
    else {
        const float *columns = columns_of(&j, x, scratch_);
        for (size_t g = 0; g < (size_t)j.groups; g++)
            gemm(false, false, k, (int)j.positions, j.taps, w + g * (size_t)k * (size_t)j.taps,
                 columns + g * (size_t)j.taps * j.positions, 0, y + g * (size_t)k * j.positions);
    }
    if (p->w[CONV_BIAS] || p->relu)
        for (int c = 0; c < p->out.c; c++)
            add_bias(y + (size_t)c * j.positions, j.positions,
                     p->w[CONV_BIAS] ? p->w[CONV_BIAS][c] : 0, p->relu);
}

static void forward_images(const struct pass *p, int first, int count, float *scratch_)
{
    struct conv_winograd v;
    if (conv_winograd(&v, p))
        conv_winograd_forward(&v, p, first, count, scratch_);
    else
        for (int i = 0; i < count; i++)
            forward(p, first + i, scratch_);
}

static void back_bias(const struct pass *p, const float *dy, float *dbias)
{
    size_t lanes = p->y_blocks ? (size_t)p->lanes : 1;
    size_t positions = (size_t)p->out.h * (size_t)p->out.w;
    for (int c = 0; c < p->out.c; c++) {
        const float *from = dy + blocks_index(p->out, (int)lanes, c, 0);
        double sum = 0;
        for (size_t n = 0; n < positions; n++)
            sum += from[n * lanes];
        dbias[c] += (float)sum;
    }
}

/* dw and, unless dx is NULL, dx (+)= for the image x, padded as `j` says. */
static void back(const struct pass *p, const struct job *j, const float *x, const float *dy,
                 float *scratch_, float *dw, float *dx, bool add)
{
    const float *w = p->w[CONV_WEIGHT];
    int k = j->out.c / j->groups, positions = (int)j->positions, taps = j->taps;
    if (dx && !add && !j->pointwise)
        memset(dx, 0, shape_count(j->in) * sizeof(*dx));
    if (j->depthwise) {
        depthwise_back(x, j->in, &j->win, j->out, w, dy, dw, dx);
        return;
    }
    const float *columns = columns_of(j, x, scratch_);
    float *dcolumns = j->pointwise ? dx : scratch_ + 2 * copy_size(j) + columns_size(j);
    for (size_t g = 0; g < (size_t)j->groups; g++) {
        size_t rows = g * (size_t)k, group = g * (size_t)taps;
        gemm(false, true, k, taps, positions, dy + rows * j->positions,
             columns + group * j->positions, 1, dw + rows * (size_t)taps);
        if (dx)
            gemm(true, false, taps, positions, k, w + rows * (size_t)taps, dy + rows * j->positions,
                 j->pointwise && add ? 1 : 0, dcolumns + group * j->positions);
    }
    if (dx && !j->pointwise)
        col2im(dcolumns, j->in, &j->win, j->out, dx);
}

static void backward(const struct pass *p, int i, float *scratch_, float *lane)
{
    struct job j = job_of(p);
    const float *dy = p->dy + (size_t)i * shape_count(p->out);
    const float *x = image_of(p, &j, i, scratch_);
    float *dx = p->dx[0] ? p->dx[0] + (size_t)i * shape_count(p->in[0]) : NULL;
    if (p->w[CONV_BIAS])
        back_bias(p, dy, lane + (size_t)j.out.c * (size_t)j.taps);
    if (!dx || !j.padding) {
        back(p, &j, x, dy, scratch_, lane, dx, p->add[0]);
        return;
    }
    float *dpadded = scratch_ + copy_size(&j) + columns_size(&j);
    back(p, &j, x, dy, scratch_, lane, dpadded, false);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    pad_back(dpadded, p->in[0], j.padding, j.mode, dx);
}

static void backward_images(const struct pass *p, int first, int step, int count, float *scratch_,
                            float *kept_, float *lane)
{
    struct conv_winograd v;
    struct direct g;
    bool winograd = conv_winograd(&v, p), direct = !winograd && conv_direct(&g, p);
    struct job j = job_of(p);
    if (winograd)
        conv_winograd_backward(&v, p, first, step, count, scratch_, kept_);
    for (int i = first; count > 0; i += step, count--) {
        if (direct)
            conv_direct_backward(&g, p, i, scratch_, kept_);
        if (!winograd && !direct)
            backward(p, i, scratch_, lane);
        else if (p->w[CONV_BIAS])
            back_bias(p, p->dy + (size_t)i * shape_count(p->out),
                      lane + (size_t)j.out.c * (size_t)j.taps);
    }
}

static size_t kept(const struct pass *p)
{
    struct conv_winograd v;
    struct direct g;
    if (conv_winograd(&v, p))
        return v.sums;
    return conv_direct(&g, p) ? direct_weight_floats(&g) : 0;
}

static void finish_lane(const struct pass *p, const float *kept_, float *lane)
{
    struct conv_winograd v;
    struct direct g;
    if (conv_winograd(&v, p))
        winograd_settle(&v.forward, kept_, lane);
    else if (conv_direct(&g, p))
        direct_settle(&g, kept_, lane);
}

static bool takes_blocks(const struct pass *p)
{
    struct conv_winograd v;
    struct direct g;
    return conv_winograd(&v, p) || conv_direct(&g, p);
}

enum { COLUMNS, POINTWISE, DEPTHWISE, DIRECT, WINOGRAD_2, WINOGRAD_4 };
static const char *const kernels[] = {
    [COLUMNS] = "columns",
    [POINTWISE] = "pointwise",
    [DEPTHWISE] = "depthwise",
    [DIRECT] = "direct",
    [WINOGRAD_2] = "winograd 2x2",
    [WINOGRAD_4] = "winograd 4x4",
    NULL,
};

static const char *kernel(const struct pass *p)
{
    struct conv_winograd v;
    struct direct g;
    struct job j = job_of(p);
    if (conv_winograd(&v, p))
        return kernels[v.forward.m == 4 ? WINOGRAD_4 : WINOGRAD_2];
    if (conv_direct(&g, p))
        return kernels[DIRECT];
    if (j.depthwise)
        return kernels[DEPTHWISE];
    return kernels[j.pointwise ? POINTWISE : COLUMNS];
}

static uint64_t multiply_adds(const struct pass *p)
{
    return (uint64_t)job_of(p).taps * shape_count(p->out);
}

const struct layer_kind layer_conv = {
    .name = "conv",
    .summary = "convolution (PyTorch's Conv2d)",
    .params = conv_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .fuses_relu = true,
    .blocks = BLOCKS_EITHER,
    .takes_blocks = takes_blocks,
    .shape = conv_shape,
    .weights = conv_weights,
    .scratch = scratch,
    .prepared = prepared,
    .prepare = prepare,
    .forward = forward,
    .forward_images = forward_images,
    .backward = backward,
    .backward_images = backward_images,
    .kept = kept,
    .finish_lane = finish_lane,
    .kernels = kernels,
    .kernel = kernel,
    .multiply_adds = multiply_adds,
};
