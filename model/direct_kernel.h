/*
 * The body of direct_plain.c and its kin, over the vectors of vec.h.
 *
 * Layouts: images [row][column][channel], channels filled up to whole vectors; weights [tap row]
 * [tap column][channel in][channel out] forward and for the sums, turned [...][channel out]
 * [channel in].
 */
#ifndef TENFOLD_MODEL_DIRECT_KERNEL_H
#define TENFOLD_MODEL_DIRECT_KERNEL_H

#include "model/direct_private.h"
#include "model/vec_layout.h"
#include "model/vec_product.h"

static struct plane pixels_plane(const struct direct *g)
{
    return (struct plane){ g->rows, g->cols, g->padding, (size_t)g->cp, VEC_LANES };
}

static struct plane outputs_plane(const struct direct *g)
{
    return (struct plane){ g->oh, g->ow, 0, (size_t)g->kp, VEC_LANES };
}

/* The parts of a worker's scratch. */
struct parts {
    float *x, *dx, *y;
};

static struct parts parts_of(const struct direct *g, float *scratch)
{
    size_t pixels = (size_t)g->rows * (size_t)g->cols * (size_t)g->cp;
    return (struct parts){ scratch, scratch + pixels, scratch + 2 * pixels };
}

/* Where tap (r, s) of the outputs' row `row` begins in an image. */
static size_t tap_at(const struct direct *g, int row, int r, int s)
{
    return ((size_t)(row * g->stride + r) * (size_t)g->cols + (size_t)s) * (size_t)g->cp;
}

/* An image that already lies in blocks, laid out as `p` says, zeros around. */
VEC static void spread_blocks(const float *x, int c, int h, int w, const struct plane *p,
                              float *out)
{
    for (int first = 0; first < c; first += VEC_LANES, out += p->block) {
        clear_margin(out, h, w, p);
        for (int row = 0; row < h; row++) {
            float *to = out + plane_at(p, row, 0);
            for (int col = 0; col < w; col++, x += VEC_LANES, to += p->pixel)
                vec_store(to, vec_load(x));
        }
    }
}

/* The reverse. */
VEC static void collect_blocks(const float *in, int k, int h, int w, const struct plane *p,
                               bool add, float *y)
{
    for (int first = 0; first < k; first += VEC_LANES, in += p->block)
        for (int row = 0; row < h; row++) {
            const float *from = in + plane_at(p, row, 0);
            for (int col = 0; col < w; col++, y += VEC_LANES, from += p->pixel)
                vec_store(y, vec_load(from) + (add ? vec_load(y) : vec_all(0)));
        }
}

VEC static void lay_out(const float *x, bool blocks, int c, int h, int w, const struct plane *p,
                        float *out)
{
    if (blocks)
        spread_blocks(x, c, h, w, p, out);
    else
        spread(x, c, h, w, p, out);
}

VEC static void give_back(const float *in, int c, int h, int w, const struct plane *p, bool blocks,
                          bool add, float *x)
{
    if (blocks)
        collect_blocks(in, c, h, w, p, add, x);
    else
        collect(in, c, h, w, p, add, x);
}

/* A row's pixels, with bias and at least 0. */
VEC_INLINE void finish_row(const struct direct *g, const float *bias, bool relu, float *row)
{
    for (int first = 0; first < g->kp; first += VEC_LANES) {
        int count = g->k - first < VEC_LANES ? g->k - first : VEC_LANES;
        vec b = bias ? load_some(bias + first, count) : vec_all(0);
        vec least = vec_all(relu ? 0 : -__builtin_inff());
        for (int i = 0; i < g->ow; i++) {
            float *at = row + (size_t)i * (size_t)g->kp + (size_t)first;
            vec_store(at, vec_max(vec_load(at) + b, least));
        }
    }
}

VEC static void forward(const struct direct *g, const float *x, const float *u, const float *bias,
                        bool relu, float *y, float *scratch)
{
    struct parts s = parts_of(g, scratch);
    struct plane pixels = pixels_plane(g), outputs = outputs_plane(g);
    size_t kernel = (size_t)g->kernel, tap = (size_t)g->c * (size_t)g->kp;
    lay_out(x, g->x_blocks, g->c, g->h, g->w, &pixels, s.x);
    for (int row = 0; row < g->oh; row++) {
        float *out = s.y + (size_t)row * (size_t)g->ow * (size_t)g->kp;
        for (size_t t = 0; t < kernel * kernel; t++) {
            struct product q = {
                .a = s.x + tap_at(g, row, (int)(t / kernel), (int)(t % kernel)),
                .ra = (size_t)g->stride * (size_t)g->cp,
                .ja = 1,
                .b = u + t * tap,
                .jb = (size_t)g->kp,
                .c = out,
                .rc = (size_t)g->kp,
                .n = g->c,
                .add = t > 0,
            };
            multiply_all(q, g->ow, g->kp);
        }
        if (bias || relu)
            finish_row(g, bias, relu, out);
    }
    give_back(s.y, g->k, g->oh, g->ow, &outputs, g->y_blocks, false, y);
}

/* sums += the image's part of the weights' gradient. */
VEC_INLINE void gather(const struct direct *g, const struct parts *s, float *sums)
{
    size_t kernel = (size_t)g->kernel, tap = (size_t)g->c * (size_t)g->kp;
    for (size_t t = 0; t < kernel * kernel; t++)
        for (int row = 0; row < g->oh; row++) {
            struct product q = {
                .a = s->x + tap_at(g, row, (int)(t / kernel), (int)(t % kernel)),
                .ra = 1,
                .ja = (size_t)g->stride * (size_t)g->cp,
                .b = s->y + (size_t)row * (size_t)g->ow * (size_t)g->kp,
                .jb = (size_t)g->kp,
                .c = sums + t * tap,
                .rc = (size_t)g->kp,
                .n = g->ow,
                .add = true,
            };
            multiply_all(q, g->c, g->kp);
        }
}

VEC static void backward(const struct direct *g, const float *x, const float *dy, const float *u,
                         float *sums, float *dx, bool add, float *scratch)
{
    struct parts s = parts_of(g, scratch);
    struct plane pixels = pixels_plane(g), outputs = outputs_plane(g);
    size_t kernel = (size_t)g->kernel, tap = (size_t)g->k * (size_t)g->cp;
    lay_out(x, g->x_blocks, g->c, g->h, g->w, &pixels, s.x);
    lay_out(dy, g->y_blocks, g->k, g->oh, g->ow, &outputs, s.y);
    gather(g, &s, sums);
    if (!dx)
        return;
    memset(s.dx, 0, (size_t)(s.y - s.dx) * sizeof(*s.dx));
    for (int row = 0; row < g->oh; row++)
        for (size_t t = 0; t < kernel * kernel; t++) {
            struct product q = {
                .a = s.y + (size_t)row * (size_t)g->ow * (size_t)g->kp,
                .ra = (size_t)g->kp,
                .ja = 1,
                .b = u + t * tap,
                .jb = (size_t)g->cp,
                .c = s.dx + tap_at(g, row, (int)(t / kernel), (int)(t % kernel)),
                .rc = (size_t)g->stride * (size_t)g->cp,
                .n = g->k,
                .add = true,
            };
            multiply_all(q, g->ow, g->cp);
        }
    give_back(s.dx, g->c, g->h, g->w, &pixels, g->x_blocks, add, dx);
}

#endif
