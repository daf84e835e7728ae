/*
 * Winograd's filtering of tensors in blocks of channels (winograd.h), over the vectors of vec.h.
 * Transformed tiles lie as the pixels of a product do, [point][block][tile][lane]; weights
 * [point][panel][channel in][two vectors of channels out].
 */
#ifndef TENFOLD_MODEL_BLOCKED_WINOGRAD_H
#define TENFOLD_MODEL_BLOCKED_WINOGRAD_H

#include "model/blocked_private.h"
#include "model/winograd_transform.h"

/* Where a tile's first output lies. */
struct tile_place {
    size_t image;
    int row, col;
};

static void tile_places(const struct blocked_conv *v, size_t first, int count,
                        struct tile_place *at)
{
    for (int i = 0; i < count; i++) {
        size_t tile = first + (size_t)i, tiles = (size_t)v->rows * (size_t)v->cols;
        at[i].image = tile / tiles;
        at[i].row = (int)(tile % tiles) / v->cols * v->m;
        at[i].col = (int)(tile % tiles) % v->cols * v->m;
    }
}

/* The pixels of a tile from row `top` and column `left` on, zeros outside. */
VEC_INLINE void tile_pixels(const int side, const float *plane, struct shape in, int top, int left,
                            vec d[36])
{
    size_t row = (size_t)in.w * VEC_LANES;
    if (top >= 0 && left >= 0 && top + side <= in.h && left + side <= in.w) {
        const float *from = plane + (size_t)top * row + (size_t)left * VEC_LANES;
        UNROLL for (int r = 0; r < side; r++) UNROLL for (int s = 0; s < side; s++) d[r * 6 + s] =
            vec_load(from + (size_t)r * row + (size_t)s * VEC_LANES);
        return;
    }
    float window[36 * VEC_LANES] = { 0 };
    for (int r = 0; r < side; r++)
        for (int s = 0; s < side; s++)
            if (top + r >= 0 && top + r < in.h && left + s >= 0 && left + s < in.w)
                vec_store(
                    window + (r * 6 + s) * VEC_LANES,
                    vec_load(plane + (size_t)(top + r) * row + (size_t)(left + s) * VEC_LANES));
    UNROLL for (int r = 0; r < side; r++) UNROLL for (int s = 0; s < side; s++) d[r * 6 + s] =
        vec_load(window + (r * 6 + s) * VEC_LANES);
}

VEC_INLINE void run_in(const int m, const struct blocked_conv *v, const float *x,
                       const struct tile_place *at, int count, float *tiles)
{
    const int side = m + 2;
    size_t point = blocked_point(v, v->in.blocks);
    for (int b = 0; b < v->in.blocks; b++)
        for (int i = 0; i < count; i++) {
            vec d[36];
            tile_pixels(side, x + at[i].image * v->in.image + (size_t)b * v->in.plane, v->in.shape,
                        at[i].row - v->top, at[i].col - v->left, d);
            both_ways(pixels_in, m, side, side, d);
            float *to = tiles + ((size_t)b * (size_t)v->pitch + (size_t)i) * VEC_LANES;
            UNROLL for (int r = 0; r < side; r++) UNROLL for (int s = 0; s < side; s++)
                vec_store(to + (size_t)(r * side + s) * point, d[r * 6 + s]);
        }
}

VEC static void tiles_in(const struct blocked_conv *v, const float *x, size_t first, int count,
                         float *tiles)
{
    struct tile_place at[TILES_MOST];
    tile_places(v, first, count, at);
    if (v->m == 2)
        run_in(2, v, x, at, count, tiles);
    else
        run_in(4, v, x, at, count, tiles);
}

VEC_INLINE void run_out(const int m, const struct blocked_conv *v, const float *tiles,
                        const struct tile_place *at, int count, const struct blocked_finish *finish,
                        float *y)
{
    const int side = m + 2;
    struct shape out = v->out.shape;
    size_t point = blocked_point(v, v->out.blocks), row = (size_t)out.w * VEC_LANES;
    vec least = vec_all(finish->least), most = vec_all(finish->most);
    for (int b = 0; b < v->out.blocks; b++) {
        vec bias = vec_load(finish->bias + b * VEC_LANES);
        for (int i = 0; i < count; i++) {
            const float *from = tiles + ((size_t)b * (size_t)v->pitch + (size_t)i) * VEC_LANES;
            vec d[36];
            UNROLL for (int r = 0; r < side; r++) UNROLL for (int s = 0; s < side; s++)
                d[r * 6 + s] = vec_load(from + (size_t)(r * side + s) * point);
            both_ways(outputs_back, m, side, m, d);
            size_t to = at[i].image * v->out.image + (size_t)b * v->out.plane +
                        (size_t)at[i].row * row + (size_t)at[i].col * VEC_LANES;
            UNROLL for (int r = 0; r < m; r++) UNROLL for (int s = 0; s < m; s++)
            {
                if (at[i].row + r >= out.h || at[i].col + s >= out.w)
                    continue;
                size_t place = to + (size_t)r * row + (size_t)s * VEC_LANES;
                vec sum = d[r * 6 + s] + bias;
                if (finish->residual)
                    sum = sum + vec_load(finish->residual + place);
                vec_store(y + place, vec_min(most, vec_max(least, sum)));
            }
        }
    }
}

VEC static void tiles_out(const struct blocked_conv *v, const float *tiles, size_t first, int count,
                          const struct blocked_finish *finish, float *y)
{
    struct tile_place at[TILES_MOST];
    tile_places(v, first, count, at);
    if (v->m == 2)
        run_out(2, v, tiles, at, count, finish, y);
    else
        run_out(4, v, tiles, at, count, finish, y);
}

/* Where weights of channel `c` to those of vector `b` begin, in a point. */
static size_t weight_place(const struct blocked_conv *v, int c, int b)
{
    size_t pair = (size_t)(b - b % 2), width = pair + 1 < (size_t)v->out.blocks ? 2 : 1;
    return (pair * (size_t)v->terms + (size_t)c * width + (size_t)(b % 2)) * VEC_LANES;
}

VEC static void transform_weights(const struct blocked_conv *v, const float *weight, float *u)
{
    int c = v->in.shape.c, k = v->out.shape.c, side = v->m + 2;
    size_t point = (size_t)v->terms * (size_t)v->out.blocks * VEC_LANES;
    for (int b = 0; b < v->out.blocks; b++)
        for (int i = 0; i < c; i++) {
            vec d[36];
            for (int tap = 0; tap < 9; tap++) {
                float lane[VEC_LANES] = { 0 };
                for (int l = 0; l < VEC_LANES && b * VEC_LANES + l < k; l++)
                    lane[l] = weight[((size_t)(b * VEC_LANES + l) * (size_t)c + (size_t)i) * 9 +
                                     (size_t)tap];
                d[tap / 3 * 6 + tap % 3] = vec_load(lane);
            }
            if (v->m == 2)
                both_ways(kernels_in, 2, 3, 4, d);
            else
                both_ways(kernels_in, 4, 3, 6, d);
            float *to = u + weight_place(v, i, b);
            for (int r = 0; r < side; r++)
                for (int s = 0; s < side; s++)
                    vec_store(to + (size_t)(r * side + s) * point, d[r * 6 + s]);
        }
}

#endif
