/* The channels of all inputs, one after the other: x_j (c_j,h,w), y (sum of c_j,h,w). */
#include <string.h>

#include "model/layer.h"

enum { CHANNELS_MAX = 1 << 28 };

static int shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err)
{
    int64_t channels = in[0].c;
    for (int j = 1; j < l->inputs; j++) {
        if (in[j].h != in[0].h || in[j].w != in[0].w)
            return error_set(err, ERROR_USAGE, NULL,
                             "joins %dx%dx%d and %dx%dx%d; heights and widths must be the same",
                             in[0].c, in[0].h, in[0].w, in[j].c, in[j].h, in[j].w);
        channels += in[j].c;
    }
    if (channels > CHANNELS_MAX)
        return error_set(err, ERROR_USAGE, NULL, "joins %lld channels; must be at most %d",
                         (long long)channels, CHANNELS_MAX);
    *out = (struct shape){ (int)channels, in[0].h, in[0].w };
    return 0;
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    real *y = p->y + (size_t)i * shape_count(p->out);
    for (int j = 0; j < p->layer->inputs; j++) {
        size_t n = shape_count(p->in[j]);
        memcpy(y, p->x[j] + (size_t)i * n, n * sizeof(*y));
        y += n;
    }
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    (void)lane;
    const real *dy = p->dy + (size_t)i * shape_count(p->out);
    for (int j = 0; j < p->layer->inputs; j++) {
        size_t n = shape_count(p->in[j]), at = (size_t)i * n;
        for (size_t k = 0; p->dx[j] && k < n; k++)
            p->dx[j][at + k] = dy[k] + (p->add[j] ? p->dx[j][at + k] : 0);
        dy += n;
    }
}

const struct layer_kind LAYER(concat) = {
    .name = "concat",
    .summary = "the channels of its inputs, one after the other",
    .inputs_min = 2,
    .inputs_max = LAYER_INPUTS,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
