/*
 * The transforms of Winograd's filtering over the vectors of vec.h: a vector holds the same place
 * of as many channels' tiles.
 *
 *     vec d[36];                                  // rows of 6, whatever the tile's size
 *     ... the pixels of a tile ...
 *     both_ways(pixels_in, m, m + 2, m + 2, d);   // B^T d B
 */
#ifndef TENFOLD_MODEL_WINOGRAD_TRANSFORM_H
#define TENFOLD_MODEL_WINOGRAD_TRANSFORM_H

#include "model/vec.h"

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

#endif
