/* The largest value under a window, as PyTorch's MaxPool2d (padding counts as minus infinity); the
 * gradient goes to the first of the largest. */
#include <math.h>
#include <string.h>

#include "model/pooling.h"

/* Where in its plane each output's value came from. */
static size_t state(const struct pass *p)
{
    return (size_t)p->b * shape_count(p->out) * sizeof(int32_t);
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    struct window win = pooling_window(p->layer);
    int h = p->in[0].h, w = p->in[0].w;
    size_t out = (size_t)i * shape_count(p->out);
    int32_t *from = p->training ? (int32_t *)p->state + out : NULL;
    for (int c = 0; c < p->out.c; c++) {
        const real *x =
            p->x[0] + ((size_t)i * (size_t)p->out.c + (size_t)c) * (size_t)h * (size_t)w;
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++, out++) {
                real best = -INFINITY;
                int32_t place = -1;
                for (int r = 0; r < win.kernel; r++)
                    for (int s = 0; s < win.kernel; s++) {
                        int y = oh * win.stride + r - win.padding,
                            xx = ow * win.stride + s - win.padding;
                        if (y < 0 || y >= h || xx < 0 || xx >= w)
                            continue;
                        real v = x[(size_t)y * (size_t)w + (size_t)xx];
                        if (v > best || place < 0) {
                            best = v;
                            place = y * w + xx;
                        }
                    }
                p->y[out] = best;
                if (from)
                    *from++ = place;
            }
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w,
           positions = (size_t)p->out.h * (size_t)p->out.w;
    real *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    size_t at = (size_t)i * shape_count(p->out);
    const int32_t *from = (const int32_t *)p->state + at;
    for (int c = 0; c < p->out.c; c++, dx += plane)
        for (size_t o = 0; o < positions; o++)
            dx[*from++] += p->dy[at++];
}

const struct layer_kind LAYER(maxpool) = {
    .name = "maxpool",
    .summary = "largest value under a window (PyTorch's MaxPool2d)",
    .params = pooling_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = pooling_shape,
    .state = state,
    .forward = forward,
    .backward = backward,
};
