/*
 * The mean under windows that divide a plane of any size into h x w, as PyTorch's
 * AdaptiveAvgPool2d: output o of n over a row of `size` averages [floor(o size / n),
 * ceil((o + 1) size / n)).
 *
 * Where the network runs fully convolutionally on a larger plane, the windows keep the size that
 * they have at the network's declared input and become more; h = w = 1 stays the mean of all.
 */
#include <string.h>

#include "model/layer.h"

enum { HEIGHT, WIDTH };

static const struct param params[] = {
    [HEIGHT] = { "h", PARAM_INTEGER, "px", .value = 1, .min = 1, .max = 4096,
                 "height of the output" },
    [WIDTH] = { "w", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 4096,
                "width of the output; 0: as h" },
    { 0 },
};

static void sizes(const struct layer *l, int *h, int *w)
{
    *h = (int)l->v[HEIGHT].integer;
    *w = l->v[WIDTH].integer ? (int)l->v[WIDTH].integer : *h;
}

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    int h, w;
    sizes(l, &h, &w);
    *out = (struct shape){ in->c, h, w };
    if (shape_same(*in, l->built) || (h == 1 && w == 1))
        return 0;
    if (l->built.h % h != 0 || l->built.w % w != 0)
        return error_set(err, ERROR_USAGE, NULL,
                         "is not fully convolutional: adaptive pooling from %dx%d to %dx%d has "
                         "windows of different sizes",
                         l->built.h, l->built.w, h, w);
    *out = (struct shape){ in->c, in->h / (l->built.h / h), in->w / (l->built.w / w) };
    if (out->h < 1 || out->w < 1)
        return error_set(err, ERROR_USAGE, NULL, "windows of %dx%d do not fit into %dx%d",
                         l->built.h / h, l->built.w / w, in->h, in->w);
    return 0;
}

/* The window of output o, [begin, end). */
struct span {
    int begin, end;
};

/* `n` outputs over `size`; `built` and `declared`: the same at the network's declared input. */
static struct span span_at(int o, int n, int size, int built, int declared)
{
    if (size != built && (declared > 1 || n > 1))
        return (struct span){ o * (built / declared), (o + 1) * (built / declared) };
    return (struct span){ (int)((int64_t)o * size / n),
                          (int)(((int64_t)(o + 1) * size + n - 1) / n) };
}

static struct span rows_of(const struct pass *p, int oh)
{
    int h, w;
    sizes(p->layer, &h, &w);
    return span_at(oh, p->out.h, p->in[0].h, p->layer->built.h, h);
}

static struct span columns_of(const struct pass *p, int ow)
{
    int h, w;
    sizes(p->layer, &h, &w);
    return span_at(ow, p->out.w, p->in[0].w, p->layer->built.w, w);
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t wide = (size_t)p->in[0].w, plane = (size_t)p->in[0].h * wide;
    const real *x = p->x[0] + (size_t)i * shape_count(p->in[0]);
    real *y = p->y + (size_t)i * shape_count(p->out);
    for (int c = 0; c < p->out.c; c++, x += plane)
        for (int oh = 0; oh < p->out.h; oh++)
            for (int ow = 0; ow < p->out.w; ow++) {
                struct span rows = rows_of(p, oh), columns = columns_of(p, ow);
                double sum = 0;
                for (int r = rows.begin; r < rows.end; r++)
                    for (int s = columns.begin; s < columns.end; s++)
                        sum += x[(size_t)r * wide + (size_t)s];
                *y++ = (real)(sum / ((rows.end - rows.begin) * (columns.end - columns.begin)));
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
                struct span rows = rows_of(p, oh), columns = columns_of(p, ow);
                real share = *dy / (real)((rows.end - rows.begin) * (columns.end - columns.begin));
                for (int r = rows.begin; r < rows.end; r++)
                    for (int s = columns.begin; s < columns.end; s++)
                        dx[(size_t)r * wide + (size_t)s] += share;
            }
}

const struct layer_kind LAYER(adaptive_avgpool) = {
    .name = "adaptive_avgpool",
    .summary = "mean under h x w windows, whatever the size (PyTorch's AdaptiveAvgPool2d)",
    .params = params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
