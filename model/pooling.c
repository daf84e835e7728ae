#include "model/pooling.h"

enum { KERNEL, STRIDE, PADDING, CEIL_MODE };

const struct param pooling_params[] = {
    [KERNEL] = { "kernel", PARAM_INTEGER, "px", .value = 2, .min = 1, .max = 63,
                 "side of the window" },
    [STRIDE] = { "stride", PARAM_INTEGER, "px", .value = 2, .min = 1, .max = 63, "step" },
    [PADDING] = { "padding", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 31,
                  "added at each border (of maxpool it is never the largest, of avgpool it counts "
                  "as zeros); at most half the kernel" },
    [CEIL_MODE] = { "ceil_mode", PARAM_FLAG, "",
                    .help = "a last window that only begins inside counts, too" },
    { 0 },
};

struct window pooling_window(const struct layer *l)
{
    return (struct window){ .kernel = (int)l->v[KERNEL].integer,
                            .stride = (int)l->v[STRIDE].integer,
                            .padding = (int)l->v[PADDING].integer,
                            .dilation = 1,
                            .ceil = l->v[CEIL_MODE].flag };
}

int pooling_shape(const struct layer *l, const struct shape *in, struct shape *out,
                  struct error *err)
{
    struct window win = pooling_window(l);
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
