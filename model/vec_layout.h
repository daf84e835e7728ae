/*
 * Images between planes of channels (NCHW) and the layouts that kernels over channels work on, in
 * which a vector holds the same pixel of as many channels; over the vectors of vec.h.
 *
 *     struct plane p = { .rows = h + 2, .cols = w + 2, .at = 1, .pixel = VEC_LANES };
 *     p.block = p.rows * p.cols * VEC_LANES;             // block after block of channels
 *     spread(x, c, h, w, &p, blocks);                    // zeros around and above c
 *     collect(blocks, c, h, w, &p, false, y);            // y = what lies there
 */
#ifndef TENFOLD_MODEL_VEC_LAYOUT_H
#define TENFOLD_MODEL_VEC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "model/vec.h"

/* Rows and columns with what is around the image, which begins `at` pixels in from both borders.
 * Floats from a pixel to the next, and from a block of VEC_LANES channels to the next. */
struct plane {
    int rows, cols, at;
    size_t pixel, block;
};

VEC_INLINE size_t plane_at(const struct plane *p, int row, int col)
{
    return ((size_t)(row + p->at) * (size_t)p->cols + (size_t)(col + p->at)) * p->pixel;
}

VEC_INLINE float *clear_pixels(float *to, int count, size_t pixel)
{
    for (int i = 0; i < count; i++, to += pixel)
        vec_store(to, vec_all(0));
    return to;
}

/* Zeros around the h x w pixels of one block. */
VEC_INLINE void clear_margin(float *to, int h, int w, const struct plane *p)
{
    int right = p->cols - p->at - w;
    to = clear_pixels(to, p->at * p->cols, p->pixel);
    for (int r = 0; r < h; r++) {
        to = clear_pixels(to, p->at, p->pixel) + (size_t)w * p->pixel;
        to = clear_pixels(to, right, p->pixel);
    }
    clear_pixels(to, (p->rows - p->at - h) * p->cols, p->pixel);
}

/* A vector from the n floats that there are. */
VEC_INLINE vec load_some(const float *from, int n)
{
    if (n >= VEC_LANES)
        return vec_load(from);
    float tail[VEC_LANES] = { 0 };
    for (int i = 0; i < n; i++)
        tail[i] = from[i];
    return vec_load(tail);
}

/* Pixels i .. i + n of `count` planes, turned: r[j] is pixel i + j. */
VEC_INLINE void load_pixels(const float *from, size_t plane, int count, int n, vec r[VEC_LANES])
{
    if (count == VEC_LANES && n == VEC_LANES) {
        UNROLL for (int l = 0; l < VEC_LANES; l++) r[l] = vec_load(from + (size_t)l * plane);
    } else {
        UNROLL for (int l = 0; l < VEC_LANES; l++) r[l] =
            l < count ? load_some(from + (size_t)l * plane, n) : vec_all(0);
    }
    vec_transpose(r);
}

/* x (c,h,w) into blocks with zeros around. */
VEC static void spread(const float *x, int c, int h, int w, const struct plane *p, float *out)
{
    size_t plane = (size_t)h * (size_t)w;
    for (int first = 0; first < c; first += VEC_LANES, out += p->block) {
        int count = c - first < VEC_LANES ? c - first : VEC_LANES, row = 0, col = 0;
        const float *from = x + (size_t)first * plane;
        clear_margin(out, h, w, p);
        for (size_t i = 0; i < plane; i += VEC_LANES) {
            int n = plane - i < VEC_LANES ? (int)(plane - i) : VEC_LANES;
            vec r[VEC_LANES];
            load_pixels(from + i, plane, count, n, r);
            float *to = out + plane_at(p, row, col);
            if (col + VEC_LANES <= w) { /* all in one row */
                UNROLL for (int j = 0; j < VEC_LANES; j++)
                    vec_store(to + (size_t)j * p->pixel, r[j]);
                col += VEC_LANES;
            } else
                for (int j = 0; j < n; j++, col++) {
                    if (col == w) {
                        col = 0;
                        to = out + plane_at(p, ++row, 0);
                    }
                    vec_store(to, r[j]);
                    to += p->pixel;
                }
            row += col == w;
            col = col == w ? 0 : col;
        }
    }
}

/* The reverse: the image's part of the blocks as y (k,h,w); y += it with `add`. */
VEC static void collect(const float *in, int k, int h, int w, const struct plane *p, bool add,
                        float *y)
{
    size_t plane = (size_t)h * (size_t)w;
    for (int first = 0; first < k; first += VEC_LANES, in += p->block) {
        int count = k - first < VEC_LANES ? k - first : VEC_LANES, row = 0, col = 0;
        float *to = y + (size_t)first * plane;
        for (size_t i = 0; i < plane; i += VEC_LANES) {
            int n = plane - i < VEC_LANES ? (int)(plane - i) : VEC_LANES;
            const float *from = in + plane_at(p, row, col);
            vec r[VEC_LANES];
            if (col + VEC_LANES <= w) {
                UNROLL for (int j = 0; j < VEC_LANES; j++) r[j] =
                    vec_load(from + (size_t)j * p->pixel);
                col += VEC_LANES;
            } else
                for (int j = 0; j < VEC_LANES; j++, col++) {
                    r[j] = vec_all(0);
                    if (j >= n)
                        continue;
                    if (col == w) {
                        col = 0;
                        from = in + plane_at(p, ++row, 0);
                    }
                    r[j] = vec_load(from);
                    from += p->pixel;
                }
            row += col == w;
            col = col == w ? 0 : col;
            vec_transpose(r);
            float tail[VEC_LANES];
            if (n == VEC_LANES && count == VEC_LANES) {
                UNROLL for (int l = 0; l < VEC_LANES; l++)
                {
                    float *at = to + (size_t)l * plane + i;
                    vec_store(at, r[l] + (add ? vec_load(at) : vec_all(0)));
                }
            } else
                for (int l = 0; l < count; l++) {
                    float *at = to + (size_t)l * plane + i;
                    if (n == VEC_LANES) {
                        vec_store(at, r[l] + (add ? vec_load(at) : vec_all(0)));
                        continue;
                    }
                    vec_store(tail, r[l]);
                    for (int j = 0; j < n; j++)
                        at[j] = add ? at[j] + tail[j] : tail[j];
                }
        }
    }
}

#endif
