/* The mean under h x w windows that divide a plane of any size (PyTorch's AdaptiveAvgPool2d). */
#include <string.h>

#include "model/adaptive.h"

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t wide = (size_t)p->in[0].w, plane = (size_t)p->in[0].h * wide;
    const real *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    real *y = p->y + (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++, x += plane)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++) {
                struct adaptive_window win = adaptive_window(p->layer, p->in[0], p->out, oh, ow);
                double sum = 0;
                for (int r = win.top; r < win.bottom; r++)
                    for (int s = win.left; s < win.right; s++)
                        sum += x[(size_t)r * wide + (size_t)s];
                *y++ = (real)(sum / ((win.bottom - win.top) * (win.right - win.left)));
            }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t wide = (size_t)p->in[0].w, plane = (size_t)p->in[0].h * wide;
    real *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    const real *dy = p->dy + (size_t)i * shape_count(p->out);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    for (int c = 0; c < p->out.c; c++, dx += plane)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++, dy++) {
                struct adaptive_window win = adaptive_window(p->layer, p->in[0], p->out, oh, ow);
                real share = *dy / (real)((win.bottom - win.top) * (win.right - win.left));
                for (int r = win.top; r < win.bottom; r++)
                    for (int s = win.left; s < win.right; s++)
                        dx[(size_t)r * wide + (size_t)s] += share;
            }
}

const struct layer_kind LAYER(adaptive_avgpool) = {
    .name = "adaptive_avgpool",
    .summary = "mean under h x w windows, whatever the size (PyTorch's AdaptiveAvgPool2d)",
    .params = adaptive_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = adaptive_shape,
    .forward = forward,
    .backward = backward,
};
