#include "model/conv_direct.h"

#include "model/conv_form.h"

enum { CHANNELS_MIN = 8 }; /* fewer fill no vector */

bool conv_direct(struct direct *g, const struct pass *p)
{
    struct conv_form f = conv_form(p->layer);
    const struct window *win = &f.window;
    struct shape in = p->in[0], out = p->out;
    if (win->stride < 2 || win->dilation != 1 || f.groups != 1 || f.mode != PAD_ZEROS ||
        in.c < CHANNELS_MIN || out.c < CHANNELS_MIN)
        return false;
    *g = direct_plan(in.c, in.h, in.w, out.c, win->kernel, win->stride, win->padding);
    g->x_blocks = p->x_blocks[0];
    g->y_blocks = p->y_blocks;
    return true;
}

void conv_direct_prepare(const struct direct *g, const struct pass *p, bool backward,
                         float *prepared)
{
    if (backward)
        direct_weights_turned(g, p->w[CONV_WEIGHT], prepared);
    else
        direct_weights(g, p->w[CONV_WEIGHT], prepared);
}

void conv_direct_forward(const struct direct *g, const struct pass *p, int i, float *scratch)
{
    direct_forward(g, p->x[0] + (size_t)i * shape_count(p->in[0]), p->prepared, p->w[CONV_BIAS],
                   p->relu, p->y + (size_t)i * shape_count(p->out), scratch);
}

void conv_direct_backward(const struct direct *g, const struct pass *p, int i, float *scratch,
                          float *sums)
{
    size_t pixels = (size_t)i * shape_count(p->in[0]), outputs = (size_t)i * shape_count(p->out);
    direct_backward(g, p->x[0] + pixels, p->dy + outputs, p->prepared, sums,
                    p->dx[0] ? p->dx[0] + pixels : NULL, p->add[0], scratch);
}
