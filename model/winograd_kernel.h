/*
 * The body of winograd_plain.c and its kin, over the vectors of vec.h. An image's way: NCHW ->
 * blocks of channels (`spread`) -> transformed tiles, point by point -> a product for each point ->
 * tiles transformed back, blocks of channels -> NCHW (`collect`). Images that lie in blocks anyway
 * are taken and left where they lie. Small images go together, so that products have rows enough.
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

/* Blocked images, `size` floats from one to the next. */
struct blocks {
    struct plane plane;
    size_t size;
    float *data;
};

static struct blocks blocks_of(int h, int w, int channels, float *data)
{
    struct blocks b = { .plane = { h, w, 0, VEC_LANES, 0 }, .data = data };
    b.plane.block = (size_t)h * (size_t)w * VEC_LANES;
    b.size = b.plane.block * (size_t)channels / VEC_LANES;
    return b;
}

static struct blocks pixels_of(const struct winograd *g, float *data)
{
    return blocks_of(g->h, g->w, g->cp, data);
}

static struct blocks outputs_of(const struct winograd *g, float *data)
{
    return blocks_of(g->oh, g->ow, g->kp, data);
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

/* side x side pixels from (row, col) on; outside of the image there are zeros. */
VEC_INLINE void load_tile(const int side, const float *block, const struct plane *p, int row,
                          int col, vec d[36])
{
    static const float zeros[VEC_LANES];
    size_t stride = (size_t)p->cols * VEC_LANES;
    if (row >= 0 && col >= 0 && row + side <= p->rows && col + side <= p->cols) {
        const float *from = block + (size_t)row * stride + (size_t)col * VEC_LANES;
        UNROLL for (int r = 0; r < side; r++) UNROLL for (int s = 0; s < side; s++) d[r * 6 + s] =
            vec_load(from + (size_t)r * stride + (size_t)s * VEC_LANES);
        return;
    }
    UNROLL for (int r = 0; r < side; r++)
    {
        bool inside = row + r >= 0 && row + r < p->rows;
        const float *from = block + (inside ? (size_t)(row + r) * stride : 0);
        UNROLL for (int s = 0; s < side; s++)
        {
            bool there = inside && col + s >= 0 && col + s < p->cols;
            d[r * 6 + s] = vec_load(there ? from + (size_t)(col + s) * VEC_LANES : zeros);
        }
    }
}

/* Tiles first .. first + count, transformed, into v: `side` x `side` pixels from every m-th on, the
 * first ones `padding` before the image. */
VEC_INLINE void tiles_in(transform *t, const int m, const int side, const struct winograd *g,
                         const struct blocks *b, int padding, int channels, int first, int count,
                         float *v)
{
    const int a = m + 2;
    size_t point = winograd_point(g, channels);
    for (int block = 0; block * VEC_LANES < channels; block++) {
        struct spot spot = spot_of(g, first);
        for (int i = 0; i < count; i++, next_spot(g, &spot)) {
            const float *from =
                b->data + (size_t)spot.image * b->size + (size_t)block * b->plane.block;
            float *to = v + (size_t)i * (size_t)channels + (size_t)block * VEC_LANES;
            vec d[36];
            load_tile(side, from, &b->plane, spot.row * m - padding, spot.col * m - padding, d);
            both_ways(t, m, side, a, d);
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++)
                vec_store(to + (size_t)(r * a + s) * point, d[r * 6 + s]);
        }
    }
}

/* What becomes of an output: v = max(v + shift, least), then added to what is there or not. */
struct finish {
    const float *bias; /* NULL: none */
    bool relu, add;
};

/* The m x m outputs at (row, col), as far as the image reaches. */
VEC_INLINE void store_tile(const int m, const vec d[36], vec shift, vec least, bool add, int row,
                           int col, const struct plane *p, float *block)
{
    size_t stride = (size_t)p->cols * VEC_LANES;
    float *to = block + (size_t)row * stride + (size_t)col * VEC_LANES;
    bool whole = row + m <= p->rows && col + m <= p->cols;
    UNROLL for (int r = 0; r < m; r++) UNROLL for (int s = 0; s < m; s++)
    {
        if (!whole && (row + r >= p->rows || col + s >= p->cols))
            continue;
        float *at = to + (size_t)r * stride + (size_t)s * VEC_LANES;
        vec_store(at, vec_max(d[r * 6 + s] + shift, least) + (add ? vec_load(at) : vec_all(0)));
    }
}

/* The reverse for outputs. */
VEC_INLINE void tiles_out(const int m, const struct winograd *g, const float *z,
                          const struct finish *f, int first, int count, const struct blocks *b)
{
    const int a = m + 2;
    size_t point = winograd_point(g, g->kp);
    for (int block = 0; block * VEC_LANES < g->kp; block++) {
        int lanes = g->k - block * VEC_LANES;
        vec shift = f->bias ? load_some(f->bias + block * VEC_LANES, lanes) : vec_all(0);
        vec least = vec_all(f->relu ? 0 : -__builtin_inff());
        struct spot spot = spot_of(g, first);
        for (int i = 0; i < count; i++, next_spot(g, &spot)) {
            const float *from = z + (size_t)i * (size_t)g->kp + (size_t)block * VEC_LANES;
            float *to = b->data + (size_t)spot.image * b->size + (size_t)block * b->plane.block;
            vec d[36];
            UNROLL for (int r = 0; r < a; r++) UNROLL for (int s = 0; s < a; s++) d[r * 6 + s] =
                vec_load(from + (size_t)(r * a + s) * point);
            both_ways(outputs_back, m, a, m, d);
            store_tile(m, d, shift, least, f->add, spot.row * m, spot.col * m, &b->plane, to);
        }
    }
}

VEC_INLINE int tiles_of(const struct winograd *g, int images)
{
    return images * g->rows * g->cols;
}

/* outputs = pixels * u, of so many images. */
VEC_INLINE void filter(const int m, const struct winograd *g, int images,
                       const struct blocks *pixels, const float *u, const struct finish *finish,
                       const struct blocks *outputs, float *v)
{
    float *z = points_end(g, g->cp, v);
    size_t in = winograd_point(g, g->cp), out = winograd_point(g, g->kp);
    int tiles = tiles_of(g, images);
    for (int first = 0; first < tiles; first += g->chunk) {
        int count = tiles - first < g->chunk ? tiles - first : g->chunk;
        tiles_in(pixels_in, m, m + 2, g, pixels, g->padding, g->cp, first, count, v);
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
        tiles_out(m, g, z, finish, first, count, outputs);
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
        tiles_in(pixels_in, m, m + 2, g, pixels, g->padding, g->cp, first, count, v);
        tiles_in(outputs_in, m, m, g, gradients, 0, g->kp, first, count, z);
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

/* n images of c channels, `step` apart from x on, as blocks: where they lie if they do, else laid
 * out in `room`. */
VEC static struct blocks take_blocks(struct blocks room, const float *x, size_t step, int c, int n,
                                     bool lie)
{
    size_t image = (size_t)c * (size_t)room.plane.rows * (size_t)room.plane.cols;
    if (lie) {
        room.data = (float *)x; /* only read */
        room.size = step * image;
        return room;
    }
    for (int i = 0; i < n; i++)
        spread(x + (size_t)i * step * image, c, room.plane.rows, room.plane.cols, &room.plane,
               room.data + (size_t)i * room.size);
    return room;
}

/* The reverse: where to leave the outputs; then, if they are not to lie in blocks, fetch them. */
static struct blocks leave_blocks(struct blocks room, float *y, size_t step, int k, bool lie)
{
    if (!lie)
        return room;
    room.data = y;
    room.size = step * (size_t)k * (size_t)room.plane.rows * (size_t)room.plane.cols;
    return room;
}

VEC static void fetch(const struct blocks *from, float *y, size_t step, int k, int n, bool add)
{
    const struct plane *p = &from->plane;
    for (int i = 0; i < n; i++)
        collect(from->data + (size_t)i * from->size, k, p->rows, p->cols, p, add,
                y + (size_t)i * step * (size_t)k * (size_t)p->rows * (size_t)p->cols);
}

/* Finished outputs, unless they are to be fetched and added then. */
VEC static void filter_images(const struct winograd *g, int images, const struct blocks *pixels,
                              const float *u, const struct finish *finish,
                              const struct blocks *outputs, float *v)
{
    struct finish f = *finish;
    f.add = f.add && g->y_blocks;
    if (g->m == 2)
        filter(2, g, images, pixels, u, &f, outputs, v);
    else
        filter(4, g, images, pixels, u, &f, outputs, v);
}

VEC static void forward(const struct winograd *g, int images, const float *x, const float *u,
                        const float *bias, bool relu, float *y, float *scratch)
{
    struct finish finish = { bias, relu, false };
    struct blocks pixels = pixels_of(g, scratch);
    struct blocks outputs = outputs_of(g, end_of(&pixels, g->together));
    float *v = end_of(&outputs, g->together);
    size_t in = (size_t)(g->c * g->h * g->w), out = (size_t)(g->k * g->oh * g->ow);
    for (int n; images > 0; images -= n, x += (size_t)n * in, y += (size_t)n * out) {
        n = images < g->together ? images : g->together;
        struct blocks from = take_blocks(pixels, x, 1, g->c, n, g->x_blocks);
        struct blocks to = leave_blocks(outputs, y, 1, g->k, g->y_blocks);
        filter_images(g, n, &from, u, &finish, &to, v);
        if (!g->y_blocks)
            fetch(&to, y, 1, g->k, n, false);
    }
}

VEC static void backward(const struct winograd *g, const struct winograd *back,
                         const struct winograd_batch *q, const float *u, float *sums,
                         float *scratch)
{
    struct finish finish = { NULL, false, q->add };
    struct blocks pixels = pixels_of(g, scratch);
    struct blocks gradients = outputs_of(g, end_of(&pixels, g->together));
    struct blocks results = pixels_of(g, end_of(&gradients, g->together));
    float *v = end_of(&results, g->together);
    size_t in = (size_t)(g->c * g->h * g->w), out = (size_t)(g->k * g->oh * g->ow);
    for (int first = 0, n; first < q->images; first += n) {
        size_t image = (size_t)first * q->step;
        n = q->images - first < g->together ? q->images - first : g->together;
        struct blocks x = take_blocks(pixels, q->x + image * in, q->step, g->c, n, g->x_blocks);
        struct blocks dy =
            take_blocks(gradients, q->dy + image * out, q->step, g->k, n, g->y_blocks);
        if (g->m == 2)
            gather(2, g, n, &x, &dy, sums, v);
        else
            gather(4, g, n, &x, &dy, sums, v);
        if (!q->dx)
            continue;
        struct blocks dx = leave_blocks(results, q->dx + image * in, q->step, g->c, g->x_blocks);
        filter_images(back, n, &dy, u, &finish, &dx, v);
        if (!g->x_blocks)
            fetch(&dx, q->dx + image * in, q->step, g->c, n, q->add);
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
