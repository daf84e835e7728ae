/*
 * Convolution as its definition reads: the twin that every faster way is held to (conv.c).
 *
 *     y[k][i][j] = bias[k] + sum over c in k's group, r, s of
 *                  w[k][c][r][s] x[c][i stride - before + r dilation][j stride - before + s
 * dilation]
 *
 * where a place outside x is what the padding mode says.
 */
#include <string.h>

#include "model/conv_form.h"

/* Row or column that tap `tap` of output `o` reads; -1: zero. */
static int place(const struct conv_form *f, int o, int tap, int size)
{
    const struct window *win = &f->window;
    int at = o * win->stride - window_before(win, size) + tap * win->dilation;
    return pad_index(f->mode, at, size);
}

/* One tap of one output: which numbers of x, w and y belong together. */
typedef void visit(void *context, size_t x, size_t w, size_t y);

static void walk(const struct pass *p, visit *visit, void *context)
{
    struct conv_form f = conv_form(p->layer);
    struct shape in = p->in[0], out = p->out;
    int taps = f.window.kernel, inputs = in.c / f.groups, outputs = out.c / f.groups;
    size_t w = 0;
    for (int k = 0; k < out.c; k++)
        for (int c = 0; c < inputs; c++)
            for (int r = 0; r < taps; r++)
                for (int s = 0; s < taps; s++, w++)
                    for (int i = 0; i < out.h; i++)
                        for (int j = 0; j < out.w; j++) {
                            int row = place(&f, i, r, in.h), column = place(&f, j, s, in.w);
                            int from = k / outputs * inputs + c;
                            if (row >= 0 && column >= 0)
                                visit(context, (size_t)((from * in.h + row) * in.w + column), w,
                                      (size_t)((k * out.h + i) * out.w + j));
                        }
}

struct one_image {
    const real *x, *w, *dy;
    real *y, *dx, *dw;
};

static void visit_forward(void *context, size_t x, size_t w, size_t y)
{
    struct one_image *m = context;
    m->y[y] += m->w[w] * m->x[x];
}

static void visit_backward(void *context, size_t x, size_t w, size_t y)
{
    struct one_image *m = context;
    m->dw[w] += m->x[x] * m->dy[y];
    if (m->dx)
        m->dx[x] += m->w[w] * m->dy[y];
}

static void forward(const struct pass *p, int i, real *scratch)
{
    (void)scratch;
    size_t n = shape_count(p->out), plane = (size_t)p->out.h * (size_t)p->out.w;
    struct one_image m = { .x = p->x[0] + (size_t)i * shape_count(p->in[0]),
                           .w = p->w[CONV_WEIGHT],
                           .y = p->y + (size_t)i * n };
    for (size_t j = 0; j < n; j++)
        m.y[j] = p->w[CONV_BIAS] ? p->w[CONV_BIAS][j / plane] : 0;
    walk(p, visit_forward, &m);
}

static void backward(const struct pass *p, int i, real *scratch, real *lane)
{
    (void)scratch;
    struct conv_form f = conv_form(p->layer);
    size_t n = shape_count(p->out), plane = (size_t)p->out.h * (size_t)p->out.w;
    size_t image = shape_count(p->in[0]);
    struct one_image m = { .x = p->x[0] + (size_t)i * image,
                           .w = p->w[CONV_WEIGHT],
                           .dy = p->dy + (size_t)i * n,
                           .dx = p->dx[0] ? p->dx[0] + (size_t)i * image : NULL,
                           .dw = lane };
    if (m.dx && !p->add[0])
        memset(m.dx, 0, image * sizeof(*m.dx));
    walk(p, visit_backward, &m);
    real *dbias = lane + (size_t)f.out * (size_t)(p->in[0].c / f.groups) *
                             (size_t)(f.window.kernel * f.window.kernel);
    for (size_t j = 0; p->w[CONV_BIAS] && j < n; j++)
        dbias[j / plane] += m.dy[j];
}

const struct layer_kind LAYER(conv_plain) = {
    .name = "conv",
    .summary = "convolution by its definition",
    .params = conv_params,
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = conv_shape,
    .weights = conv_weights,
    .forward = forward,
    .backward = backward,
};
