/* The mean under a window, as PyTorch's AvgPool2d: padding counts as zeros that are averaged in. */
#include <string.h>

#include "model/pooling.h"

/* Calls nothing: the rows and columns of the window at output o that lie inside. */
static void clip(const struct window *win, int o, int size, int *begin, int *end)
{
    *begin = o * win->stride - win->padding;
    *end = *begin + win->kernel < size ? *begin + win->kernel : size;
    *begin = *begin > 0 ? *begin : 0;
}

static void forward(const struct pass *p, int i, float *scratch)
{
    (void)scratch;
    struct window win = pooling_window(p->layer);
    int h = p->in[0].h, w = p->in[0].w, top, bottom, left, right;
    float share = 1.0f / (float)(win.kernel * win.kernel);
    float *y = p->y + (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++) {
        const float *x =
            p->x[0] + ((size_t)i * (size_t)p->out.c + (size_t)c) * (size_t)h * (size_t)w;
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++) {
                clip(&win, oh, h, &top, &bottom);
                clip(&win, ow, w, &left, &right);
                float sum = 0;
                for (int r = top; r < bottom; r++)
                    for (int s = left; s < right; s++)
                        sum += x[(size_t)r * (size_t)w + (size_t)s];
                *y++ = sum * share;
            }
    }
}

static void backward(const struct pass *p, int i, float *scratch, float *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    struct window win = pooling_window(p->layer);
    int h = p->in[0].h, w = p->in[0].w, top, bottom, left, right;
    float share = 1.0f / (float)(win.kernel * win.kernel);
    float *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    const float *dy = p->dy + (size_t)i * shape_count(p->out);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    for (int c = 0; c < p->out.c; c++, dx += (size_t)h * (size_t)w)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++, dy++) {
                clip(&win, oh, h, &top, &bottom);
                clip(&win, ow, w, &left, &right);
                for (int r = top; r < bottom; r++)
                    for (int s = left; s < right; s++)
                        dx[(size_t)r * (size_t)w + (size_t)s] += *dy * share;
            }
}

const struct layer_kind layer_avgpool = {
    .name = "avgpool",
    .summary = "mean under a window (PyTorch's AvgPool2d)",
    .params = pooling_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = pooling_shape,
    .forward = forward,
    .backward = backward,
};
