/* The largest value under a window, as PyTorch's MaxPool2d (padding counts as minus infinity); the
 * gradient goes to the first of the largest. */
#include <math.h>
#include <string.h>

#include "model/im2col.h"
#include "model/layer.h"

enum { KERNEL, STRIDE, PADDING };

static const struct param params[] = {
    [KERNEL] = { "kernel", PARAM_INTEGER, "px", .value = 2, .min = 1, .max = 63,
                 "side of the window" },
    [STRIDE] = { "stride", PARAM_INTEGER, "px", .value = 2, .min = 1, .max = 63, "step" },
    [PADDING] = { "padding", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 31,
                  "border that is never the largest; at most half the kernel" },
    { 0 },
};

static struct window window_of(const struct layer *l)
{
    return (struct window){ (int)l->v[KERNEL].integer, (int)l->v[STRIDE].integer,
                            (int)l->v[PADDING].integer };
}

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    struct window win = window_of(l);
    if (2 * win.padding > win.kernel)
        return error_set(err, ERROR_USAGE, NULL,
                         "padding is %d; must be at most half the kernel of %d", win.padding,
                         win.kernel);
    *out = (struct shape){ in->c, window_output(&win, in->h), window_output(&win, in->w) };
    if (out->h < 1 || out->w < 1)
        return error_set(err, ERROR_USAGE, NULL, "a window of %d does not fit into %dx%d",
                         win.kernel, in->h, in->w);
    return 0;
}

/* Where in its plane each output's value came from. */
static size_t state(const struct pass *p)
{
    return (size_t)p->b * shape_count(p->out) * sizeof(int32_t);
}

static void forward(const struct pass *p, int i, float *scratch)
{
    (void)scratch;
    struct window win = window_of(p->layer);
    int h = p->in[0].h, w = p->in[0].w;
    size_t out = (size_t)i * shape_count(p->out);
    int32_t *from = p->training ? (int32_t *)p->state + out : NULL;
    for (int c = 0; c < p->out.c; c++) {
        const float *x =
            p->x[0] + ((size_t)i * (size_t)p->out.c + (size_t)c) * (size_t)h * (size_t)w;
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++, out++) {
                float best = -INFINITY;
                int32_t place = -1;
                for (int r = 0; r < win.kernel; r++)
                    for (int s = 0; s < win.kernel; s++) {
                        int y = oh * win.stride + r - win.padding,
                            xx = ow * win.stride + s - win.padding;
                        if (y < 0 || y >= h || xx < 0 || xx >= w)
                            continue;
                        float v = x[(size_t)y * (size_t)w + (size_t)xx];
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

static void backward(const struct pass *p, int i, float *scratch, float *lane)
{
    (void)scratch;
    (void)lane;
    if (!p->dx[0])
        return;
    size_t plane = (size_t)p->in[0].h * (size_t)p->in[0].w,
           positions = (size_t)p->out.h * (size_t)p->out.w;
    float *dx = p->dx[0] + (size_t)i * shape_count(p->in[0]);
    if (!p->add[0])
        memset(dx, 0, shape_count(p->in[0]) * sizeof(*dx));
    size_t at = (size_t)i * shape_count(p->out);
    const int32_t *from = (const int32_t *)p->state + at;
    for (int c = 0; c < p->out.c; c++, dx += plane)
        for (size_t o = 0; o < positions; o++)
            dx[*from++] += p->dy[at++];
}

const struct layer_kind layer_maxpool = {
    .name = "maxpool",
    .summary = "largest value under a window (PyTorch's MaxPool2d)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .state = state,
    .forward = forward,
    .backward = backward,
};
