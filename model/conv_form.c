#include "model/conv_form.h"

enum { OUT, KERNEL, STRIDE, PADDING, BIAS, DILATION, GROUPS, MODE };

const struct param conv_params[] = {
    [OUT] = { "out", PARAM_INTEGER, "channels", .value = 16, .min = 1, .max = 65536,
              "channels of the output", .required = true },
    [KERNEL] = { "kernel", PARAM_INTEGER, "px", .value = 3, .min = 1, .max = 63,
                 "side of the kernel" },
    [STRIDE] = { "stride", PARAM_INTEGER, "px", .value = 1, .min = 1, .max = 63, "step" },
    [PADDING] = { "padding", PARAM_INTEGER, "px", .value = 0, .min = 0, .max = 63,
                  "added at each border" },
    [BIAS] = { "bias", PARAM_FLAG, "", .value = 0, .help = "add a learned constant per channel" },
    [DILATION] = { "dilation", PARAM_INTEGER, "px", .value = 1, .min = 1, .max = 63,
                   "from one tap of the kernel to the next" },
    [GROUPS] = { "groups", PARAM_INTEGER, "", .value = 1, .min = 1, .max = 65536,
                 "of channels that do not see each other; as many as channels: depthwise" },
    [MODE] = { "padding_mode", PARAM_CHOICE, "", .value = PAD_ZEROS, .choices = pad_names,
               .help = "what is added; same: TensorFlow's SAME, as many zeros as give ceil(size / "
                       "stride) outputs, the odd one behind, in place of padding" },
    { 0 },
};

struct conv_form conv_form(const struct layer *l)
{
    enum pad_mode mode = (enum pad_mode)l->v[MODE].integer;
    return (struct conv_form){ .out = (int)l->v[OUT].integer,
                               .groups = (int)l->v[GROUPS].integer,
                               .window = { .kernel = (int)l->v[KERNEL].integer,
                                           .stride = (int)l->v[STRIDE].integer,
                                           .padding = (int)l->v[PADDING].integer,
                                           .dilation = (int)l->v[DILATION].integer,
                                           .same = mode == PAD_SAME },
                               .mode = mode,
                               .bias = l->v[BIAS].flag };
}

int conv_shape(const struct layer *l, const struct shape *in, struct shape *out, struct error *err)
{
    struct conv_form f = conv_form(l);
    const struct window *win = &f.window;
    if (in->c % f.groups != 0 || f.out % f.groups != 0)
        return error_set(err, ERROR_USAGE, NULL,
                         "groups is %d; it must divide the input's %d channels and out, %d",
                         f.groups, in->c, f.out);
    if (win->same && win->padding > 0)
        return error_set(err, ERROR_USAGE, NULL,
                         "padding is %d; padding_mode: same says itself how much there is",
                         win->padding);
    int smaller = in->h < in->w ? in->h : in->w;
    if (win->padding > pad_limit(f.mode, smaller))
        return error_set(err, ERROR_USAGE, NULL,
                         "padding is %d; padding_mode: %s takes at most %d at an input of %dx%d",
                         win->padding, pad_names[f.mode], pad_limit(f.mode, smaller), in->h, in->w);
    *out = (struct shape){ f.out, window_output(win, in->h), window_output(win, in->w) };
    if (out->h < 1 || out->w < 1)
        return error_set(err, ERROR_USAGE, NULL,
                         "a kernel of %d with padding %d and dilation %d does not fit into %dx%d",
                         win->kernel, win->padding, win->dilation, in->h, in->w);
    return 0;
}

int conv_weights(const struct layer *l, const struct shape *in, struct layer_weight *w)
{
    struct conv_form f = conv_form(l);
    int64_t r = f.window.kernel, c = in->c / f.groups;
    w[CONV_WEIGHT] = (struct layer_weight){ .suffix = "weight",
                                            .rank = 4,
                                            .shape = { f.out, c, r, r },
                                            .trained = true,
                                            .init = INIT_KAIMING,
                                            .fan_in = c * r * r,
                                            .fan_out = f.out / f.groups * r * r };
    if (!f.bias)
        return 1;
    w[CONV_BIAS] = (struct layer_weight){ .suffix = "bias",
                                          .rank = 1,
                                          .shape = { f.out },
                                          .trained = true,
                                          .init = INIT_ZERO,
                                          .fan_in = c * r * r,
                                          .fan_out = f.out };
    return 2;
}
