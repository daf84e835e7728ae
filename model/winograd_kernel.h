/*
 * The body of winograd_plain.c and its kin, over the vectors of vec.h. An image's way: NCHW ->
 * blocks of channels, padded (`spread`) -> transformed tiles, point by point -> a product for each
 * point -> tiles transformed back, blocks of channels -> NCHW (`collect`). Small images go
 * together, so that products have rows enough.
 *
 * Layouts: blocked image [block][row][column][lane]; transformed tiles v, z [point][tile][channel];
 * weights u [point][channel in][channel out].
 */
#ifndef TENFOLD_MODEL_WINOGRAD_KERNEL_H
#define TENFOLD_MODEL_WINOGRAD_KERNEL_H

#include "model/vec_layout.h"
#include "model/vec_product.h"
#include "model/winograd_private.h"
#include "model/winograd_transform.h"

/* Blocked images, one after the other. */
struct blocks {
    struct plane plane;
    size_t size; /* floats of an image */
    float *data;
};

static struct blocks blocks_of(int rows, int cols, int at, int channels, float *data)
{
    struct blocks b = { .plane = { rows, cols, at, VEC_LANES, 0 }, .data = data };
    b.plane.block = (size_t)rows * (size_t)cols * VEC_LANES;
    b.size = b.plane.block * (size_t)channels / VEC_LANES;
    return b;
}

/* What tiles cover: all that forward reads, and all that it writes. */
static struct blocks pixels_of(const struct winograd *g, float *data)
{
    return blocks_of(g->rows * g->m + 2, g->cols * g->m + 2, g->padding, g->cp, data);
}

static struct blocks outputs_of(const struct winograd *g, float *data)
{
    return blocks_of(g->rows * g->m, g->cols * g->m, 0, g->kp, data);
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* dy where both gradients read it: the pixels of the turned convolution `back`, and from the
 * image's beginning on the outputs of `g`. */
static struct blocks gradients_of(const struct winograd *g, const struct winograd *back,
                                  float *data)
{
    struct blocks pixels = pixels_of(back, data);
    int at = back->padding;
    return blocks_of(larger(pixels.plane.rows, at + g->rows * g->m),
                     larger(pixels.plane.cols, at + g->cols * g->m), at, back->cp, data);
}

static float *end_of(const struct blocks *b, int images)
{
    return b->data + b->size * (size_t)images;
}

static float *points_end(const struct winograd *g, int channels, float *points)
{
    return points + (size_t)((g->m + 2) * (g->m + 2)) * winograd_point(g, channels);
}

/* A tile's place. */
struct spot {
    int image, row, col;
};

VEC_INLINE struct spot spot_of(const struct winograd *g, int tile)
{
    int each = g->rows * g->cols, left = tile % each;
    return (struct spot){ tile / each, left / g->cols, left % g->cols };
}

VEC_INLINE void next_spot(const struct winograd *g, struct spot *s)
{
    if (++s->col < g->cols)
        return;
    s->col = 0;
    if (++s->row < g->rows)
        return;
    s->row = 0;
    s->image++;
}

/* Tiles first .. first + count, transformed, into v: `side` x `side` pixels from every m-th on,
 * `inset` in from the blocks' border. */
VEC_INLINE void tiles_in(transform *t, const int m, const int side, const struct winograd *g,
                         const struct blocks *b, int inset, int channels, int first, int count,
                         float *v)
{
    const int a = m + 2;
    const struct plane *p = &b->plane;
    size_t stride = (size_t)p->cols * VEC_LANES, point = winograd_point(g, channels);
    for (int block = 0; block * VEC_LANES < channels; block++) {
        struct spot spot = spot_of(g, first);
        for (int i = 0; i < count; i++, next_spot(g, &spot)) {
            const float *from = b->data + (size_t)spot.image * b->size + (size_t)block * p->block +
                                (size_t)(spot.row * m + inset) * stride +
                                (size_t)(spot.col * m + inset) * VEC_LANES;
            float *to = v + (size_t)i * (size_t)channels + (size_t)block * VEC_LANES;
            vec d[36];
            UNROLL for (int r = 0; r < side; r++) UNROLL for (int s = 0; s < side; s++)
                d[r * 6 + s] = vec_load(from + (size_t)r * stride + (size_t)s * VEC_LANES);
            both_ways(t, m, side, a, d);
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++)
                vec_store(to + (size_t)(r * a + s) * point, d[r * 6 + s]);
        }
    }
}

/* The reverse for outputs: every pixel is written, bias and relu applied. */
VEC_INLINE void tiles_out(const int m, const struct winograd *g, const float *z, const float *bias,
                          bool relu, int first, int count, const struct blocks *b)
{
    const int a = m + 2;
    const struct plane *p = &b->plane;
    size_t stride = (size_t)p->cols * VEC_LANES, point = winograd_point(g, g->kp);
    for (int block = 0; block * VEC_LANES < g->kp; block++) {
        float shift[VEC_LANES] = { 0 };
        for (int l = 0; bias && l < VEC_LANES && block * VEC_LANES + l < g->k; l++)
            shift[l] = bias[block * VEC_LANES + l];
        vec c = vec_load(shift), least = vec_all(relu ? 0 : -__builtin_inff());
        struct spot spot = spot_of(g, first);
        for (int i = 0; i < count; i++, next_spot(g, &spot)) {
            const float *from = z + (size_t)i * (size_t)g->kp + (size_t)block * VEC_LANES;
            float *to = b->data + (size_t)spot.image * b->size + (size_t)block * p->block +
                        (size_t)(spot.row * m) * stride + (size_t)(spot.col * m) * VEC_LANES;
            vec d[36];
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++) d[r * 6 + s] =
                vec_load(from + (size_t)(r * a + s) * point);
            both_ways(outputs_back, m, a, m, d);
            UNROLL for (int r = 0; r < m; r++) UNROLL for (int s = 0; s < m; s++) vec_store(
                to + (size_t)r * stride + (size_t)s * VEC_LANES, vec_max(d[r * 6 + s] + c, least));
        }
    }
}

VEC_INLINE int tiles_of(const struct winograd *g, int images)
{
    return images * g->rows * g->cols;
}

/* outputs = pixels * u, of so many images. */
VEC_INLINE void filter(const int m, const struct winograd *g, int images,
                       const struct blocks *pixels, const float *u, const float *bias, bool relu,
                       const struct blocks *outputs, float *v)
{
    float *z = points_end(g, g->cp, v);
    size_t in = winograd_point(g, g->cp), out = winograd_point(g, g->kp);
    int tiles = tiles_of(g, images);
    for (int first = 0; first < tiles; first += g->chunk) {
        int count = tiles - first < g->chunk ? tiles - first : g->chunk;
        tiles_in(pixels_in, m, m + 2, g, pixels, 0, g->cp, first, count, v);
        for (size_t i = 0; i < (size_t)((m + 2) * (m + 2)); i++) {
            struct product q = {
                .a = v + i * in,
                .ra = (size_t)g->cp,
                .ja = 1,
                .b = u + i * (size_t)g->c * (size_t)g->kp,
                .jb = (size_t)g->kp,
                .c = z + i * out,
                .rc = (size_t)g->kp,
                .n = g->c,
            };
            multiply_all(q, count, g->kp);
        }
        tiles_out(m, g, z, bias, relu, first, count, outputs);
    }
}

/* sums [point][channel in][channel out] += v^T z over the tiles. */
VEC_INLINE void gather(const int m, const struct winograd *g, int images,
                       const struct blocks *pixels, const struct blocks *gradients, float *sums,
                       float *v)
{
    float *z = points_end(g, g->cp, v);
    size_t in = winograd_point(g, g->cp), out = winograd_point(g, g->kp);
    int tiles = tiles_of(g, images);
    for (int first = 0; first < tiles; first += g->chunk) {
        int count = tiles - first < g->chunk ? tiles - first : g->chunk;
        tiles_in(pixels_in, m, m + 2, g, pixels, 0, g->cp, first, count, v);
        tiles_in(outputs_in, m, m, g, gradients, gradients->plane.at, g->kp, first, count, z);
        for (size_t i = 0; i < (size_t)((m + 2) * (m + 2)); i++) {
            struct product q = {
                .a = v + i * in,
                .ra = 1,
                .ja = (size_t)g->cp,
                .b = z + i * out,
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

VEC static void forward(const struct winograd *g, int images, const float *x, const float *u,
                        const float *bias, bool relu, float *y, float *scratch)
{
    struct blocks pixels = pixels_of(g, scratch);
    struct blocks outputs = outputs_of(g, end_of(&pixels, g->together));
    float *v = end_of(&outputs, g->together);
    size_t in = (size_t)(g->c * g->h * g->w), out = (size_t)(g->k * g->oh * g->ow);
    for (int n; images > 0; images -= n, x += (size_t)n * in, y += (size_t)n * out) {
        n = images < g->together ? images : g->together;
        for (int i = 0; i < n; i++)
            spread(x + (size_t)i * in, g->c, g->h, g->w, &pixels.plane,
                   pixels.data + (size_t)i * pixels.size);
        if (g->m == 2)
            filter(2, g, n, &pixels, u, bias, relu, &outputs, v);
        else
            filter(4, g, n, &pixels, u, bias, relu, &outputs, v);
        for (int i = 0; i < n; i++)
            collect(outputs.data + (size_t)i * outputs.size, g->k, g->oh, g->ow, &outputs.plane,
                    false, y + (size_t)i * out);
    }
}

VEC static size_t backward_floats(const struct winograd *g, const struct winograd *back)
{
    struct blocks x = pixels_of(g, NULL), dy = gradients_of(g, back, NULL),
                  dx = outputs_of(back, NULL);
    size_t gathering = winograd_points(g), filtering = winograd_points(back);
    return (size_t)g->together * (x.size + dy.size + dx.size) +
           (gathering > filtering ? gathering : filtering);
}

VEC static void backward(const struct winograd *g, const struct winograd *back,
                         const struct winograd_batch *q, const float *u, float *sums,
                         float *scratch)
{
    struct blocks x = pixels_of(g, scratch);
    struct blocks dy = gradients_of(g, back, end_of(&x, g->together));
    struct blocks dx = outputs_of(back, end_of(&dy, g->together));
    float *v = end_of(&dx, g->together);
    size_t in = (size_t)(g->c * g->h * g->w), out = (size_t)(g->k * g->oh * g->ow);
    for (int first = 0, n; first < q->images; first += n) {
        n = q->images - first < g->together ? q->images - first : g->together;
        for (int i = 0; i < n; i++) {
            size_t image = (size_t)(first + i) * q->step;
            spread(q->x + image * in, g->c, g->h, g->w, &x.plane, x.data + (size_t)i * x.size);
            spread(q->dy + image * out, g->k, g->oh, g->ow, &dy.plane,
                   dy.data + (size_t)i * dy.size);
        }
        if (g->m == 2)
            gather(2, g, n, &x, &dy, sums, v);
        else
            gather(4, g, n, &x, &dy, sums, v);
        if (!q->dx)
            continue;
        if (back->m == 2)
            filter(2, back, n, &dy, u, NULL, false, &dx, v);
        else
            filter(4, back, n, &dy, u, NULL, false, &dx, v);
        for (int i = 0; i < n; i++)
            collect(dx.data + (size_t)i * dx.size, g->c, g->h, g->w, &dx.plane, q->add,
                    q->dx + (size_t)(first + i) * q->step * in);
    }
}

/* The taps of `count` kernels that lie `kernel` floats apart: d[tap]'s lane l is kernel l's. */
VEC_INLINE void load_kernels(const float *from, size_t kernel, int count, bool turned, vec d[36])
{
    float taps[9][VEC_LANES] = { { 0 } };
    for (int l = 0; l < count; l++)
        UNROLL for (int tap = 0; tap < 9; tap++) taps[tap][l] =
            from[(size_t)l * kernel + (size_t)(turned ? 8 - tap : tap)];
    UNROLL for (int tap = 0; tap < 9; tap++) d[tap / 3 * 6 + tap % 3] = vec_load(taps[tap]);
}

VEC_INLINE int lanes_from(int first, int k)
{
    return k - first < VEC_LANES ? k - first : VEC_LANES;
}

VEC_INLINE void run_weights(const int m, const struct winograd *g, const float *weight, bool turned,
                            float *u)
{
    const int a = m + 2;
    size_t point = (size_t)g->c * (size_t)g->kp;
    size_t out = turned ? 9 : (size_t)g->c * 9, in = turned ? (size_t)g->k * 9 : 9;
    for (int first = 0; first < g->kp; first += VEC_LANES)
        for (int c = 0; c < g->c; c++) {
            vec d[36];
            load_kernels(weight + (size_t)first * out + (size_t)c * in, out,
                         lanes_from(first, g->k), turned, d);
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
    for (int first = 0; first < g->kp; first += VEC_LANES)
        for (int c = 0; c < g->c; c++) {
            const float *from = sums + (size_t)c * (size_t)g->kp + (size_t)first;
            vec d[36];
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++) d[r * 6 + s] =
                vec_load(from + (size_t)(r * a + s) * point);
            both_ways(kernels_back, m, a, 3, d);
            float taps[9][VEC_LANES];
            UNROLL for (int tap = 0; tap < 9; tap++) vec_store(taps[tap], d[tap / 3 * 6 + tap % 3]);
            float *to = dweight + ((size_t)first * (size_t)g->c + (size_t)c) * 9;
            for (int l = 0; l < lanes_from(first, g->k); l++, to += (size_t)g->c * 9)
                UNROLL for (int tap = 0; tap < 9; tap++) to[tap] += taps[tap][l];
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
