/* The largest value under h x w windows that divide a plane of any size (PyTorch's
 * AdaptiveMaxPool2d; h = 1: of the whole plane); the gradient goes to the first of the largest. */
#include <string.h>

#include "model/adaptive.h"

/* Where in the plane x the largest value of the window lies. */
static size_t largest(const real *x, size_t wide, struct adaptive_window win)
{
    size_t best = (size_t)win.top * wide + (size_t)win.left;
    for (int r = win.top; r < win.bottom; r++)
        for (int s = win.left; s < win.right; s++) {
            size_t at = (size_t)r * wide + (size_t)s;
            best = x[at] > x[best] ? at : best;
        }
    return best;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t wide = (size_t)p->in[0].w, plane = (size_t)p->in[0].h * wide;
    const real *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    real *y = p->y + (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++, x += plane)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++)
                *y++ = x[largest(x, wide, adaptive_window(p->layer, p->in[0], p->out, oh, ow))];
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t wide = (size_t)p->in[0].w, plane = (size_t)p->in[0].h * wide;
    size_t at = (size_t)i * shape_count(p->in[0]);
    const real *x = p->x[0] + at, *dy = p->dy + (size_t)i * shape_count(p->out);
    real *dx = p->dx[0] + at;
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    for (int c = 0; c < p->out.c; c++, dx += plane, x += plane)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++)
                dx[largest(x, wide, adaptive_window(p->layer, p->in[0], p->out, oh, ow))] += *dy++;
}

const struct layer_kind LAYER(adaptive_maxpool) = {
    .name = "adaptive_maxpool",
    .summary = "largest value under h x w windows, whatever the size (PyTorch's AdaptiveMaxPool2d)",
    .params = adaptive_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = adaptive_shape,
    .forward = forward,
    .backward = backward,
};
