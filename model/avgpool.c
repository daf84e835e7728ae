/*
 * The mean under a window, as PyTorch's AvgPool2d: padding counts as zeros that are averaged in,
 * what a last window of ceil_mode has beyond the padding does not count.
 */
#include <string.h>

#include "model/pooling.h"

/* The window at output o: what of it lies inside, [begin, end), and its length with padding. */
struct span {
    int begin, end, length;
};

static struct span span_at(const struct window *win, int o, int size)
{
    int begin = o * win->stride - win->padding, end = begin + win->kernel;
    if (end > size + win->padding)
        end = size + win->padding;
    return (struct span){ begin > 0 ? begin : 0, end < size ? end : size, end - begin };
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    struct window win = pooling_window(p->layer);
    int h = p->in[0].h, w = p->in[0].w;
    real *y = p->y + (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++) {
        const real *x =
            p->x[0] + ((size_t)i * (size_t)p->out.c + (size_t)c) * (size_t)h * (size_t)w;
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++) {
                struct span rows = span_at(&win, oh, h), columns = span_at(&win, ow, w);
                real share = 1 / (real)(rows.length * columns.length), sum = 0;
                for (int r = rows.begin; r < rows.end; r++)
                    for (int s = columns.begin; s < columns.end; s++)
                        sum += x[(size_t)r * (size_t)w + (size_t)s];
                *y++ = sum * share;
            }
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    struct window win = pooling_window(p->layer);
    int h = p->in[0].h, w = p->in[0].w;
    real *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    const real *dy = p->dy + (size_t)i * shape_count(p->out);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    for (int c = 0; c < p->out.c; c++, dx += (size_t)h * (size_t)w)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++, dy++) {
                struct span rows = span_at(&win, oh, h), columns = span_at(&win, ow, w);
                real share = 1 / (real)(rows.length * columns.length);
                for (int r = rows.begin; r < rows.end; r++)
                    for (int s = columns.begin; s < columns.end; s++)
                        dx[(size_t)r * (size_t)w + (size_t)s] += *dy * share;
            }
}

const struct layer_kind LAYER(avgpool) = {
    .name = "avgpool",
    .summary = "mean under a window (PyTorch's AvgPool2d)",
    .params = pooling_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = pooling_shape,
    .forward = forward,
    .backward = backward,
};
