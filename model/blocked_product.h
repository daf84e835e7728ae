/*
 * The product of blocked_private.h, over the vectors of vec.h. A tile of pixels by two vectors of
 * channels has its sums in registers: each term loads two vectors of weights and, once for both,
 * one number of every pixel. Two multiplications a cycle need eight sums on their way; 28 hide the
 * loads, too.
 */
#ifndef TENFOLD_MODEL_BLOCKED_PRODUCT_H
#define TENFOLD_MODEL_BLOCKED_PRODUCT_H

#include "model/blocked_private.h"
#include "model/vec.h"

/* TILE_ROWS by TILE_VECTORS: of 32 registers, or 16, sums; then two weights, one pixel.
 * WEIGHTS_AHEAD: terms whose products take as long as memory does; the processor looks ahead by
 * itself, but not from one page to the next, and a page is 32 terms. */
enum { WEIGHTS_AHEAD = 48 };
enum { TILE_ROWS = VEC_LANES == 16 ? 14 : 6, TILE_VECTORS = 2 };

struct tile {
    const float *a, *b, *residual;
    float *c;
    int channel; /* the first of the outputs */
};

VEC_INLINE void add_term(const int rows, const int vectors, const int step, const float *a,
                         const float *b, vec sum[TILE_ROWS][TILE_VECTORS])
{
    vec w[TILE_VECTORS];
    UNROLL for (int s = 0; s < vectors; s++) w[s] = vec_load(b + s * VEC_LANES);
    UNROLL for (int r = 0; r < rows; r++)
    {
        vec x = vec_all(a[r * step]);
        UNROLL for (int s = 0; s < vectors; s++) sum[r][s] = vec_fma(x, w[s], sum[r][s]);
    }
}

VEC_INLINE void finish_tile(const int rows, const int vectors, const struct pixel_product *q,
                            const struct tile *t, vec sum[TILE_ROWS][TILE_VECTORS])
{
    const struct blocked_finish *f = &q->finish;
    if (!f->bias) {
        UNROLL for (int s = 0; s < vectors; s++) UNROLL for (int r = 0; r < rows; r++)
            vec_store(t->c + (size_t)s * q->block + (size_t)r * VEC_LANES, sum[r][s]);
        return;
    }
    vec least = vec_all(f->least), most = vec_all(f->most);
    UNROLL for (int s = 0; s < vectors; s++)
    {
        vec bias = vec_load(f->bias + t->channel + s * VEC_LANES);
        size_t at = (size_t)s * q->block;
        UNROLL for (int r = 0; r < rows; r++, at += VEC_LANES)
        {
            vec v = sum[r][s] + bias;
            if (t->residual)
                v = v + vec_load(t->residual + at);
            vec_store(t->c + at, vec_min(most, vec_max(least, v)));
        }
    }
}

/* What finish_tile reads and writes comes from afar while the sums are made. */
VEC_INLINE void fetch_output(const int rows, const int vectors, const struct pixel_product *q,
                             const struct tile *t)
{
    if (!q->finish.bias)
        return;
    UNROLL for (int s = 0; s < vectors; s++) UNROLL for (int r = 0; r < rows; r++)
    {
        size_t at = (size_t)s * q->block + (size_t)r * VEC_LANES;
        __builtin_prefetch(t->c + at, 1, 3);
        if (t->residual)
            __builtin_prefetch(t->residual + at, 0, 3);
    }
}

VEC_INLINE void multiply_tile(const int rows, const int vectors, const bool blocks,
                              const struct pixel_product *q, const struct tile *t)
{
    vec sum[TILE_ROWS][TILE_VECTORS];
    UNROLL for (int s = 0; s < vectors; s++) UNROLL for (int r = 0; r < rows; r++) sum[r][s] =
        q->add ? vec_load(t->c + (size_t)s * q->block + (size_t)r * VEC_LANES) : vec_all(0);
    const float *b = t->b;
    fetch_output(rows, vectors, q, t);
    if (blocks) {
        const float *a = t->a;
        for (int run = q->first; run < q->last; run++, a += q->between) {
            if (q->ahead)
                UNROLL for (int r = 0; r < rows; r++)
                    __builtin_prefetch(a + (rows + r) * VEC_LANES, 0, 2);
            for (int j = 0; j < VEC_LANES; j++, b += vectors * VEC_LANES) {
                UNROLL for (int s = 0; s < vectors; s++)
                    __builtin_prefetch(b + (WEIGHTS_AHEAD * vectors + s) * VEC_LANES, 0, 2);
                add_term(rows, vectors, VEC_LANES, a + j, b, sum);
            }
        }
    } else {
        for (int i = q->first; i < q->last; i++, b += vectors * VEC_LANES)
            add_term(rows, vectors, 1, t->a + q->at[i], b, sum);
    }
    finish_tile(rows, vectors, q, t, sum);
}

/* A number of pixels that the compiler knows. */
VEC_INLINE void multiply_rows(const int vectors, const bool blocks, const struct pixel_product *q,
                              const struct tile *t, int rows)
{
#define ROWS(n)                                                                                    \
    case n:                                                                                        \
        multiply_tile(n <= TILE_ROWS ? n : TILE_ROWS, vectors, blocks, q, t);                      \
        break
    switch (rows) {
        ROWS(1);
        ROWS(2);
        ROWS(3);
        ROWS(4);
        ROWS(5);
        ROWS(6);
#if defined(VEC_AVX512)
        ROWS(7);
        ROWS(8);
        ROWS(9);
        ROWS(10);
        ROWS(11);
        ROWS(12);
        ROWS(13);
        ROWS(14);
#endif
    }
#undef ROWS
}

/* All pixels of a run, in tiles about equally large. */
VEC_INLINE void multiply_run(const int vectors, const bool blocks, const struct pixel_product *q,
                             struct tile t, int pixels)
{
    int tiles = (pixels + TILE_ROWS - 1) / TILE_ROWS, step = blocks ? VEC_LANES : 1;
    for (; tiles > 0; tiles--) {
        int rows = (pixels + tiles - 1) / tiles;
        multiply_rows(vectors, blocks, q, &t, rows);
        t.a += (ptrdiff_t)rows * step;
        t.c += (ptrdiff_t)rows * VEC_LANES;
        if (t.residual)
            t.residual += (ptrdiff_t)rows * VEC_LANES;
        pixels -= rows;
    }
}

VEC static void product(const struct pixel_product *q)
{
    bool blocks = !q->at;
    size_t begun = (size_t)q->first * (blocks ? VEC_LANES : 1) * VEC_LANES;
    for (int v = 0; v < q->vectors; v += TILE_VECTORS) {
        size_t vectors = v + 1 < q->vectors ? 2 : 1, at = (size_t)v * q->block;
        const float *b = q->weights + (size_t)v * (size_t)q->terms * VEC_LANES + begun * vectors;
        for (int i = 0; i < q->count; i++) {
            const struct pixel_run *run = &q->runs[i];
            struct tile t = { .a = run->a,
                              .b = b,
                              .residual = run->residual ? run->residual + at : NULL,
                              .c = run->c + at,
                              .channel = v * VEC_LANES };
            if (vectors == 2 && blocks)
                multiply_run(2, true, q, t, run->pixels);
            else if (vectors == 2)
                multiply_run(2, false, q, t, run->pixels);
            else if (blocks)
                multiply_run(1, true, q, t, run->pixels);
            else
                multiply_run(1, false, q, t, run->pixels);
        }
    }
}

#endif
