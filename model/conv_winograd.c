#include "model/conv_winograd.h"

#include <string.h>

#include "model/conv_form.h"

/* Fewer outputs than these fill no vector. WEIGHTS: transformed ones that stay in the second-level
 * cache; beyond, the small tiles of small planes are worth it only if there are many of them. */
enum { CHANNELS_MIN = 8, WEIGHTS = 1 << 18, TILES_MIN = 36 };

static struct winograd plan(const struct pass *p, int c, int h, int w, int k, int padding)
{
    struct winograd g = winograd_plan(p->fast ? 4 : 2, c, h, w, k, padding);
    if (p->fast && winograd_weight_floats(&g) > WEIGHTS && g.rows * g.cols < TILES_MIN)
        return winograd_plan(2, c, h, w, k, padding);
    return g;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

bool conv_winograd(struct conv_winograd *v, const struct pass *p)
{
    struct conv_form f = conv_form(p->layer);
    const struct window *win = &f.window;
    struct shape in = p->in[0], out = p->out;
    if (win->kernel != 3 || win->stride != 1 || win->dilation != 1 || f.groups != 1 ||
        f.mode != PAD_ZEROS || win->padding > 2 || out.c < CHANNELS_MIN)
        return false;
    v->forward = plan(p, in.c, in.h, in.w, out.c, win->padding);
    v->forward.x_blocks = p->x_blocks[0];
    v->forward.y_blocks = p->y_blocks;
    v->back = winograd_turned(&v->forward);
    v->sums = p->training ? winograd_weight_floats(&v->forward) : 0;
    v->scratch = winograd_scratch_floats(&v->forward);
    if (p->training)
        v->scratch = larger(v->scratch, winograd_backward_floats(&v->forward, &v->back));
    return true;
}

size_t conv_winograd_prepared(const struct conv_winograd *v)
{
    size_t forward = winograd_weight_floats(&v->forward);
    return v->sums ? larger(forward, winograd_weight_floats(&v->back)) : forward;
}

void conv_winograd_prepare(const struct conv_winograd *v, const struct pass *p, bool backward,
                           float *prepared)
{
    if (backward)
        winograd_weights_turned(&v->back, p->w[CONV_WEIGHT], prepared);
    else
        winograd_weights(&v->forward, p->w[CONV_WEIGHT], prepared);
}

void conv_winograd_forward(const struct conv_winograd *v, const struct pass *p, int first,
                           int count, float *scratch)
{
    size_t pixels = (size_t)first * shape_count(p->in[0]);
    size_t outputs = (size_t)first * shape_count(p->out);
    winograd_forward(&v->forward, count, p->x[0] + pixels, p->prepared, p->w[CONV_BIAS], p->relu,
                     p->y + outputs, scratch);
}

void conv_winograd_backward(const struct conv_winograd *v, const struct pass *p, int first,
                            int step, int count, float *scratch, float *sums)
{
    size_t pixels = (size_t)first * shape_count(p->in[0]);
    size_t outputs = (size_t)first * shape_count(p->out);
    struct winograd_batch batch = { .images = count,
                                    .step = (size_t)step,
                                    .x = p->x[0] + pixels,
                                    .dy = p->dy + outputs,
                                    .dx = p->dx[0] ? p->dx[0] + pixels : NULL,
                                    .add = p->add[0] };
    winograd_backward(&v->forward, &v->back, &batch, p->prepared, sums, scratch);
}
