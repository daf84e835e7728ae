/*
 * Small matrix products in vectors of vec.h, for kernels that are compiled for each instruction
 * set: as many rows at a time as the registers hold sums for.
 *
 *     multiply_all((struct product){ .a = a, .ra = n, .ja = 1, .b = b, .jb = columns, .c = c,
 *                                    .rc = columns, .n = n }, rows, columns);
 */
#ifndef TENFOLD_MODEL_VEC_PRODUCT_H
#define TENFOLD_MODEL_VEC_PRODUCT_H

#include <stdbool.h>

#include "model/vec.h"

/* c (R, 4 or fewer vectors) (+)= a b over n: a's row r, step j at a[r ra + j ja]; b's row j of
 * vectors at b[j jb]. */
struct product {
    const float *a, *b;
    float *c;
    size_t ra, ja, jb, rc;
    int n;
    bool add;
};

VEC_INLINE void multiply(const int rows, const int vectors, const struct product *q)
{
    vec sum[12][4];
    const float *a = q->a, *b = q->b;
    size_t ra = q->ra, ja = q->ja, jb = q->jb;
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int s = 0; s < vectors; s++) sum[r][s] =
        q->add ? vec_load(q->c + (size_t)r * q->rc + s * VEC_LANES) : vec_all(0);
    for (int j = 0; j < q->n; j++) {
        vec w[4];
        UNROLL for (int s = 0; s < vectors; s++) w[s] = vec_load(b + s * VEC_LANES);
        UNROLL for (int r = 0; r < rows; r++)
        {
            vec x = vec_all(a[(size_t)r * ra]);
            UNROLL for (int s = 0; s < vectors; s++) sum[r][s] = vec_fma(x, w[s], sum[r][s]);
        }
        a += ja;
        b += jb;
    }
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int s = 0; s < vectors; s++)
        vec_store(q->c + (size_t)r * q->rc + s * VEC_LANES, sum[r][s]);
}

/* As many rows at a time as the registers hold sums for, then what is left. */
VEC_INLINE void multiply_rows(const int most, const int vectors, struct product q, int rows)
{
    bool halves = most == 6 && rows % 6 == 2 && rows > 2; /* end in 4 + 4, not in 6 + 2 */
    for (; rows >= most && !(halves && rows == 8); rows -= most) {
        multiply(most, vectors, &q);
        q.a += (size_t)most * q.ra;
        q.c += (size_t)most * q.rc;
    }
    for (; rows >= 4; rows -= 4) {
        multiply(4, vectors, &q);
        q.a += 4 * q.ra;
        q.c += 4 * q.rc;
    }
    for (; rows >= 2; rows -= 2) {
        multiply(2, vectors, &q);
        q.a += 2 * q.ra;
        q.c += 2 * q.rc;
    }
    if (rows)
        multiply(1, vectors, &q);
}

/* All columns (a multiple of VEC_LANES). Registers: 32 or 16. */
VEC static void multiply_all(struct product q, int rows, int columns)
{
    enum { FEW = VEC_LANES == 16 ? 1 : 2 };
    int left = columns / VEC_LANES;
    for (; left >= 4 / FEW; left -= 4 / FEW) {
        multiply_rows(FEW == 1 ? 6 : 4, 4 / FEW, q, rows);
        q.b += 4 / FEW * VEC_LANES;
        q.c += 4 / FEW * VEC_LANES;
    }
    if (FEW == 1 && left == 3)
        multiply_rows(8, 3, q, rows);
    else if (FEW == 1 && left == 2)
        multiply_rows(12, 2, q, rows);
    else if (left == 1)
        multiply_rows(FEW == 1 ? 12 : 8, 1, q, rows);
}

#endif
