/*
 * Fully connected, x (c,h,w) flattened to (n), w (k,n), y (k): y = w x + bias, as PyTorch's Linear
 * after Flatten. dw = dy x^T, dbias = dy, dx = w^T dy. One image is one matrix-vector product.
 *
 * On a larger plane than the network declares it is the convolution that it was all along: a
 * kernel of the declared plane's size, one product for all places.
 */
#include "base/simd.h"
#include "model/gemm.h"
#include "model/linear_form.h"
#include "model/unfold.h"

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
        y[j] = p->w[LINEAR_BIAS] ? p->w[LINEAR_BIAS][j / positions] : 0;
    gemm(false, false, k, positions, n, p->w[LINEAR_WEIGHT], x, 1, y);
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
        y[j] = p->w[LINEAR_BIAS] ? p->w[LINEAR_BIAS][j] : 0;
    gemv(false, (int)k, (int)n, p->w[LINEAR_WEIGHT], p->x[0] + (size_t)i * n, 1, y);
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
    if (p->w[LINEAR_BIAS])
        add_scaled(lane + k * n, dy, k, 1);
    if (p->dx[0])
        gemv(true, (int)k, (int)n, p->w[LINEAR_WEIGHT], dy, p->add[0] ? 1 : 0,
             p->dx[0] + (size_t)i * n);
}

static uint64_t multiply_adds(const struct pass *p)
{
    return (uint64_t)shape_count(p->layer->built) * shape_count(p->out);
}

const struct layer_kind layer_linear = {
    .name = "linear",
    .summary = "fully connected (PyTorch's Linear)",
    .params = linear_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = linear_shape,
    .weights = linear_weights,
    .scratch = scratch,
    .forward = forward,
    .backward = backward,
    .multiply_adds = multiply_adds,
};
