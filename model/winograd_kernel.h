/*
 * The body of winograd_plain.c and its kin, over the vectors of vec.h: a vector holds the same
 * pixel of as many channels. An image's way: NCHW -> blocks of channels, padded (`spread`) ->
 * transformed tiles, point by point -> a product for each point -> tiles transformed back, blocks
 * of channels -> NCHW (`collect`).
 *
 * Layouts: blocked image [block][row][column][lane]; transformed tiles v [point][tile][channel];
 * weights u [point][channel in][channel out].
 */
#ifndef TENFOLD_MODEL_WINOGRAD_KERNEL_H
#define TENFOLD_MODEL_WINOGRAD_KERNEL_H

#include <stdint.h>

#include "model/vec.h"
#include "model/vec_product.h"
#include "model/winograd_private.h"

/* Pixels of a blocked image's row and plane. */
struct plane {
    int rows, cols, at; /* `at`: where the unpadded image begins, in both directions */
};

/* Zeros around the h x w pixels of one block. */
VEC_INLINE void clear_margin(float *block, int h, int w, const struct plane *p)
{
    size_t row = (size_t)p->cols * VEC_LANES, left = (size_t)p->at * VEC_LANES;
    size_t right = (size_t)(p->cols - p->at - w) * VEC_LANES;
    for (int r = 0; r < p->rows; r++, block += row)
        if (r < p->at || r >= p->at + h)
            memset(block, 0, row * sizeof(*block));
        else {
            memset(block, 0, left * sizeof(*block));
            memset(block + row - right, 0, right * sizeof(*block));
        }
}

/* x (c,h,w) into blocks with zeros around. */
VEC static void spread(const float *x, int c, int h, int w, const struct plane *p, float *out)
{
    size_t plane = (size_t)h * (size_t)w, size = (size_t)p->rows * (size_t)p->cols * VEC_LANES;
    for (int first = 0; first < c; first += VEC_LANES, out += size) {
        clear_margin(out, h, w, p);
        int count = c - first < VEC_LANES ? c - first : VEC_LANES, row = 0, col = 0;
        const float *from = x + (size_t)first * plane;
        float *to = out + ((size_t)p->at * (size_t)p->cols + (size_t)p->at) * VEC_LANES;
        for (size_t i = 0; i < plane; i += VEC_LANES) {
            int n = plane - i < VEC_LANES ? (int)(plane - i) : VEC_LANES;
            vec r[VEC_LANES];
            UNROLL for (int l = 0; l < VEC_LANES; l++)
            {
                float tail[VEC_LANES] = { 0 };
                if (l < count && n < VEC_LANES)
                    memcpy(tail, from + (size_t)l * plane + i, (size_t)n * sizeof(*tail));
                r[l] = l < count && n == VEC_LANES ? vec_load(from + (size_t)l * plane + i)
                                                   : vec_load(tail);
            }
            vec_transpose(r);
            for (int j = 0; j < n; j++) {
                vec_store(to + ((size_t)row * (size_t)p->cols + (size_t)col) * VEC_LANES, r[j]);
                if (++col == w) {
                    col = 0;
                    row++;
                }
            }
        }
    }
}

/* The reverse: the image's part of the blocks as y (k,h,w); y += it with `add`. */
VEC static void collect(const float *in, int k, int h, int w, const struct plane *p, bool add,
                        float *y)
{
    size_t plane = (size_t)h * (size_t)w, size = (size_t)p->rows * (size_t)p->cols * VEC_LANES;
    for (int first = 0; first < k; first += VEC_LANES, in += size) {
        int count = k - first < VEC_LANES ? k - first : VEC_LANES, row = 0, col = 0;
        float *to = y + (size_t)first * plane;
        for (size_t i = 0; i < plane; i += VEC_LANES) {
            int n = plane - i < VEC_LANES ? (int)(plane - i) : VEC_LANES;
            vec r[VEC_LANES];
            for (int j = 0; j < VEC_LANES; j++) {
                r[j] = vec_all(0);
                if (j >= n)
                    continue;
                r[j] = vec_load(in + ((size_t)row * (size_t)p->cols + (size_t)col) * VEC_LANES);
                if (++col == w) {
                    col = 0;
                    row++;
                }
            }
            vec_transpose(r);
            for (int l = 0; l < count; l++) {
                float *out = to + (size_t)l * plane + i;
                if (n == VEC_LANES) {
                    vec_store(out, r[l] + (add ? vec_load(out) : vec_all(0)));
                    continue;
                }
                float tail[VEC_LANES];
                vec_store(tail, r[l]);
                for (int j = 0; j < n; j++)
                    out[j] = add ? out[j] + tail[j] : tail[j];
            }
        }
    }
}

/* The transforms of one dimension, in place or from 3 and m values to m + 2 and back. They are the
 * matrices of the paper: B^T (pixels), G (kernels), A^T (outputs); A and G^T for the gradient. */
VEC_INLINE void pixels_in(const int m, vec d[6])
{
    if (m == 2) {
        vec d0 = d[0] - d[2], d1 = d[1] + d[2], d2 = d[2] - d[1], d3 = d[1] - d[3];
        d[0] = d0;
        d[1] = d1;
        d[2] = d2;
        d[3] = d3;
        return;
    }
    vec four = vec_all(4), minus_five = vec_all(-5), two = vec_all(2), minus_four = vec_all(-4);
    vec a = vec_fma(minus_four, d[2], d[4]), b = vec_fma(minus_four, d[1], d[3]);
    vec c = d[4] - d[2], e = (d[3] - d[1]) * two;
    vec d0 = vec_fma(four, d[0], vec_fma(minus_five, d[2], d[4]));
    vec d5 = vec_fma(four, d[1], vec_fma(minus_five, d[3], d[5]));
    d[0] = d0;
    d[1] = a + b;
    d[2] = a - b;
    d[3] = c + e;
    d[4] = c - e;
    d[5] = d5;
}

VEC_INLINE void outputs_back(const int m, vec d[6])
{
    if (m == 2) {
        vec d0 = d[0] + d[1] + d[2], d1 = d[1] - d[2] - d[3];
        d[0] = d0;
        d[1] = d1;
        return;
    }
    vec two = vec_all(2), four = vec_all(4), eight = vec_all(8);
    vec a = d[1] + d[2], b = d[1] - d[2], c = d[3] + d[4], e = d[3] - d[4];
    d[0] = d[0] + a + c;
    d[1] = vec_fma(two, e, b);
    d[2] = vec_fma(four, c, a);
    d[3] = vec_fma(eight, e, b) + d[5];
}

VEC_INLINE void outputs_in(const int m, vec d[6])
{
    if (m == 2) {
        vec d1 = d[0] + d[1], d2 = d[0] - d[1], d3 = vec_all(0) - d[1];
        d[1] = d1;
        d[2] = d2;
        d[3] = d3;
        return;
    }
    vec two = vec_all(2), four = vec_all(4), eight = vec_all(8);
    vec a = d[0] + d[2], b = d[1] + d[3];
    vec c = vec_fma(four, d[2], d[0]), e = vec_fma(eight, d[3], d[1] * two);
    d[5] = d[3];
    d[1] = a + b;
    d[2] = a - b;
    d[3] = c + e;
    d[4] = c - e;
}

VEC_INLINE void kernels_in(const int m, vec d[6])
{
    if (m == 2) {
        vec half = vec_all(0.5f), a = (d[0] + d[2]) * half, b = d[1] * half;
        d[3] = d[2];
        d[1] = a + b;
        d[2] = a - b;
        return;
    }
    vec g0 = d[0], g1 = d[1], g2 = d[2];
    vec sixth = vec_all(-1.0f / 6), a = (g0 + g2) * sixth, b = g1 * sixth;
    vec c = vec_fma(g2, vec_all(1.0f / 6), g0 * vec_all(1.0f / 24)), e = g1 * vec_all(1.0f / 12);
    d[0] = g0 * vec_all(0.25f);
    d[1] = a + b;
    d[2] = a - b;
    d[3] = c + e;
    d[4] = c - e;
    d[5] = g2;
}

VEC_INLINE void kernels_back(const int m, vec d[6])
{
    if (m == 2) {
        vec half = vec_all(0.5f), a = (d[1] + d[2]) * half, b = (d[1] - d[2]) * half;
        d[0] = d[0] + a;
        d[1] = b;
        d[2] = a + d[3];
        return;
    }
    vec sixth = vec_all(-1.0f / 6), a = (d[1] + d[2]) * sixth, b = (d[1] - d[2]) * sixth;
    vec c = d[3] + d[4], e = d[3] - d[4];
    vec d0 = vec_fma(d[0], vec_all(0.25f), vec_fma(c, vec_all(1.0f / 24), a));
    vec d1 = vec_fma(e, vec_all(1.0f / 12), b);
    vec d2 = vec_fma(c, vec_all(1.0f / 6), a) + d[5];
    d[0] = d0;
    d[1] = d1;
    d[2] = d2;
}

typedef void transform(const int m, vec d[6]);

/* `t` down the columns of the `from` x `from` matrix, then along its rows: `to` x `to` values. The
 * matrix has rows of 6. */
VEC_INLINE void both_ways(transform *t, const int m, const int from, const int to, vec d[36])
{
    UNROLL for (int col = 0; col < from; col++)
    {
        vec v[6] = { vec_all(0), vec_all(0), vec_all(0), vec_all(0), vec_all(0), vec_all(0) };
        UNROLL for (int row = 0; row < from; row++) v[row] = d[row * 6 + col];
        t(m, v);
        UNROLL for (int row = 0; row < to; row++) d[row * 6 + col] = v[row];
    }
    UNROLL for (int row = 0; row < to; row++) t(m, &d[row * 6]);
}

/* Tiles first .. first + count of a blocked image, transformed, into v: `side` x `side` pixels from
 * every m-th on. */
VEC_INLINE void tiles_in(transform *t, const int m, const int side, const struct winograd *g,
                         const float *image, const struct plane *p, int channels, int first,
                         int count, float *v)
{
    const int a = m + 2;
    size_t size = (size_t)p->rows * (size_t)p->cols * VEC_LANES,
           stride = (size_t)p->cols * VEC_LANES;
    size_t point = (size_t)g->chunk * (size_t)channels;
    for (int block = 0; block * VEC_LANES < channels; block++)
        for (int i = 0; i < count; i++) {
            int row = (first + i) / g->cols * m, col = (first + i) % g->cols * m;
            const float *from =
                image + (size_t)block * size + (size_t)row * stride + (size_t)col * VEC_LANES;
            float *to = v + (size_t)i * (size_t)channels + (size_t)block * VEC_LANES;
            vec d[36];
            UNROLL for (int r = 0; r < side; r++) UNROLL for (int s = 0; s < side; s++)
                d[r * 6 + s] = vec_load(from + (size_t)r * stride + (size_t)s * VEC_LANES);
            both_ways(t, m, side, a, d);
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++)
                vec_store(to + (size_t)(r * a + s) * point, d[r * 6 + s]);
        }
}

/* The reverse for outputs: every pixel is written, bias and relu applied. */
VEC_INLINE void tiles_out(const int m, const struct winograd *g, const float *v, const float *bias,
                          bool relu, int first, int count, float *image, const struct plane *p)
{
    const int a = m + 2;
    size_t size = (size_t)p->rows * (size_t)p->cols * VEC_LANES,
           stride = (size_t)p->cols * VEC_LANES;
    size_t point = (size_t)g->chunk * (size_t)g->kp;
    for (int block = 0; block * VEC_LANES < g->kp; block++) {
        float shift[VEC_LANES] = { 0 };
        for (int l = 0; bias && l < VEC_LANES && block * VEC_LANES + l < g->k; l++)
            shift[l] = bias[block * VEC_LANES + l];
        vec b = vec_load(shift), least = vec_all(relu ? 0 : -__builtin_inff());
        for (int i = 0; i < count; i++) {
            int row = (first + i) / g->cols * m, col = (first + i) % g->cols * m;
            const float *from = v + (size_t)i * (size_t)g->kp + (size_t)block * VEC_LANES;
            float *to =
                image + (size_t)block * size + (size_t)row * stride + (size_t)col * VEC_LANES;
            vec d[36];
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++) d[r * 6 + s] =
                vec_load(from + (size_t)(r * a + s) * point);
            both_ways(outputs_back, m, a, m, d);
            UNROLL for (int r = 0; r < m; r++) UNROLL for (int s = 0; s < m; s++) vec_store(
                to + (size_t)r * stride + (size_t)s * VEC_LANES, vec_max(d[r * 6 + s] + b, least));
        }
    }
}

static struct plane pixels_plane(const struct winograd *g)
{
    return (struct plane){ g->rows * g->m + 2, g->cols * g->m + 2, g->padding };
}

static struct plane outputs_plane(const struct winograd *g)
{
    return (struct plane){ g->rows * g->m, g->cols * g->m, 0 };
}

/* The parts of a worker's scratch. */
struct parts {
    float *pixels, *outputs, *v, *z;
};

static struct parts parts_of(const struct winograd *g, float *scratch)
{
    struct plane in = pixels_plane(g), out = outputs_plane(g);
    struct parts p = { .pixels = scratch };
    p.outputs = p.pixels + (size_t)g->cp * (size_t)in.rows * (size_t)in.cols;
    p.v = p.outputs + (size_t)g->kp * (size_t)out.rows * (size_t)out.cols;
    p.z = p.v + (size_t)((g->m + 2) * (g->m + 2)) * (size_t)g->chunk * (size_t)g->cp;
    return p;
}

VEC_INLINE void run_forward(const int m, const struct winograd *g, const float *u,
                            const float *bias, bool relu, const struct parts *s)
{
    struct plane in = pixels_plane(g), out = outputs_plane(g);
    int tiles = g->rows * g->cols;
    size_t point = (size_t)g->chunk;
    for (int first = 0; first < tiles; first += g->chunk) {
        int count = tiles - first < g->chunk ? tiles - first : g->chunk;
        tiles_in(pixels_in, m, m + 2, g, s->pixels, &in, g->cp, first, count, s->v);
        for (size_t i = 0; i < (size_t)((m + 2) * (m + 2)); i++) {
            struct product q = {
                .a = s->v + i * point * (size_t)g->cp,
                .ra = (size_t)g->cp,
                .ja = 1,
                .b = u + i * (size_t)g->c * (size_t)g->kp,
                .jb = (size_t)g->kp,
                .c = s->z + i * point * (size_t)g->kp,
                .rc = (size_t)g->kp,
                .n = g->c,
            };
            multiply_all(q, count, g->kp);
        }
        tiles_out(m, g, s->z, bias, relu, first, count, s->outputs, &out);
    }
}

VEC static void forward(const struct winograd *g, const float *x, const float *u, const float *bias,
                        bool relu, bool add, float *y, float *scratch)
{
    struct parts s = parts_of(g, scratch);
    struct plane in = pixels_plane(g), out = outputs_plane(g);
    spread(x, g->c, g->h, g->w, &in, s.pixels);
    if (g->m == 2)
        run_forward(2, g, u, bias, relu, &s);
    else
        run_forward(4, g, u, bias, relu, &s);
    collect(s.outputs, g->k, g->oh, g->ow, &out, add, y);
}

/* sums [point][channel in][channel out] += v^T z over the tiles. */
VEC_INLINE void run_gather(const int m, const struct winograd *g, float *sums,
                           const struct parts *s)
{
    struct plane in = pixels_plane(g), out = outputs_plane(g);
    int tiles = g->rows * g->cols;
    size_t point = (size_t)g->chunk;
    for (int first = 0; first < tiles; first += g->chunk) {
        int count = tiles - first < g->chunk ? tiles - first : g->chunk;
        tiles_in(pixels_in, m, m + 2, g, s->pixels, &in, g->cp, first, count, s->v);
        tiles_in(outputs_in, m, m, g, s->outputs, &out, g->kp, first, count, s->z);
        for (size_t i = 0; i < (size_t)((m + 2) * (m + 2)); i++) {
            struct product q = {
                .a = s->v + i * point * (size_t)g->cp,
                .ra = 1,
                .ja = (size_t)g->cp,
                .b = s->z + i * point * (size_t)g->kp,
                .jb = (size_t)g->kp,
                .c = sums + i * (size_t)g->c * (size_t)g->kp,
                .rc = (size_t)g->kp,
                .n = count,
                .add = true,
            };
            multiply_all(q, g->c, g->kp);
        }
    }
}

VEC static void gather(const struct winograd *g, const float *x, const float *dy, float *sums,
                       float *scratch)
{
    struct parts s = parts_of(g, scratch);
    struct plane in = pixels_plane(g), out = outputs_plane(g);
    spread(x, g->c, g->h, g->w, &in, s.pixels);
    spread(dy, g->k, g->oh, g->ow, &out, s.outputs);
    if (g->m == 2)
        run_gather(2, g, sums, &s);
    else
        run_gather(4, g, sums, &s);
}

VEC_INLINE void run_weights(const int m, const struct winograd *g, const float *weight, bool turned,
                            float *u)
{
    const int a = m + 2;
    size_t point = (size_t)g->c * (size_t)g->kp;
    size_t out = turned ? 9 : (size_t)g->c * 9, in = turned ? (size_t)g->k * 9 : 9;
    for (int c = 0; c < g->c; c++)
        for (int first = 0; first < g->kp; first += VEC_LANES) {
            vec d[36];
            for (int tap = 0; tap < 9; tap++) {
                float lane[VEC_LANES] = { 0 };
                for (int l = 0; l < VEC_LANES && first + l < g->k; l++)
                    lane[l] = weight[(size_t)(first + l) * out + (size_t)c * in +
                                     (size_t)(turned ? 8 - tap : tap)];
                d[tap / 3 * 6 + tap % 3] = vec_load(lane);
            }
            both_ways(kernels_in, m, 3, a, d);
            float *to = u + (size_t)c * (size_t)g->kp + (size_t)first;
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++)
                vec_store(to + (size_t)(r * a + s) * point, d[r * 6 + s]);
        }
}

VEC static void weights(const struct winograd *g, const float *weight, bool turned, float *u)
{
    if (g->m == 2)
        run_weights(2, g, weight, turned, u);
    else
        run_weights(4, g, weight, turned, u);
}

VEC_INLINE void run_settle(const int m, const struct winograd *g, const float *sums, float *dweight)
{
    const int a = m + 2;
    size_t point = (size_t)g->c * (size_t)g->kp;
    for (int c = 0; c < g->c; c++)
        for (int first = 0; first < g->kp; first += VEC_LANES) {
            const float *from = sums + (size_t)c * (size_t)g->kp + (size_t)first;
            vec d[36];
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++) d[r * 6 + s] =
                vec_load(from + (size_t)(r * a + s) * point);
            both_ways(kernels_back, m, a, 3, d);
            for (int tap = 0; tap < 9; tap++) {
                float lane[VEC_LANES];
                vec_store(lane, d[tap / 3 * 6 + tap % 3]);
                for (int l = 0; l < VEC_LANES && first + l < g->k; l++)
                    dweight[((size_t)(first + l) * (size_t)g->c + (size_t)c) * 9 + (size_t)tap] +=
                        lane[l];
            }
        }
}

VEC static void settle(const struct winograd *g, const float *sums, float *dweight)
{
    if (g->m == 2)
        run_settle(2, g, sums, dweight);
    else
        run_settle(4, g, sums, dweight);
}

#endif
