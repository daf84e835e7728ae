#include "model/adaptive.h"

enum { HEIGHT, WIDTH };

const struct param adaptive_params[] = {
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

int adaptive_shape(const struct layer *l, const struct shape *in, struct shape *out,
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

/* [*begin, *end) of output o of n; `built` and `declared`: size and outputs at the network's
 * declared input. */
static void span(int o, int n, int size, int built, int declared, int *begin, int *end)
{
    if (size != built && (declared > 1 || n > 1)) {
        *begin = o * (built / declared);
        *end = *begin + built / declared;
        return;
    }
    *begin = (int)((int64_t)o * size / n);
    *end = (int)(((int64_t)(o + 1) * size + n - 1) / n);
}

struct adaptive_window adaptive_window(const struct layer *l, struct shape in, struct shape out,
                                       int oh, int ow)
{
    struct adaptive_window win;
    int h, w;
    sizes(l, &h, &w);
    span(oh, out.h, in.h, l->built.h, h, &win.top, &win.bottom);
    span(ow, out.w, in.w, l->built.w, w, &win.left, &win.right);
    return win;
}
