/* The kernels behind blocked.h and blocked_conv.h, for each SIMD level. */
#ifndef TENFOLD_MODEL_BLOCKED_PRIVATE_H
#define TENFOLD_MODEL_BLOCKED_PRIVATE_H

#include "model/blocked_conv.h"

/* Pixels that lie side by side, in the input as in the output. */
struct pixel_run {
    const float *a, *residual; /* residual: laid out as c; NULL: none */
    float *c;
    int pixels;
};

/*
 * Pixels times weights. Pixel r's term number t = turn * lanes + j lies at
 * a[(turn - first) * between + r * lanes + j], or, of an image in planes, at a[at[t] + r]. Weights:
 * panels of two vectors (the last may be of one), each term by term, which all pixels go through
 * before the next. Output: vector v of pixel r at c[v * block + r * lanes].
 *
 * Every sum runs over the terms in their order, whatever the pixels beside it.
 */
struct pixel_product {
    const struct pixel_run *runs;
    int count;
    size_t between;
    const size_t *at; /* NULL: pixels in blocks */
    int first, last;  /* of lanes' terms in this go (`at`: terms) */
    const float *weights;
    int terms;   /* of a panel, all goes */
    int vectors; /* of the output */
    size_t block;
    bool ahead;                   /* fetch pixels from afar before they are needed */
    bool add;                     /* to what earlier goes left in c */
    struct blocked_finish finish; /* in the last go */
};

/* Winograd: floats from one point of `blocks` blocks to the next; a line more than fits, so that a
 * tile's points do not fall into one set of the cache. */
static inline size_t blocked_point(const struct blocked_conv *v, int blocks)
{
    return ((size_t)blocks * (size_t)v->pitch + 1) * (size_t)v->out.lanes;
}

/* Pixels of a chunk at most; tiles likewise. */
enum { GATHER_MOST = 256, TILES_MOST = 64 };

struct blocked_kernels {
    int lanes;
    int rows; /* pixels that a product takes at a time, at most */
    void (*spread)(const struct blocked *t, const float *x, float *y);
    void (*collect)(const struct blocked *t, const float *x, float *y);
    void (*maxpool)(const struct blocked *in, const struct blocked *out, const struct window *win,
                    const float *x, float *y);
    void (*average)(const struct blocked *in, const struct blocked *out, const float *x, float *y);
    void (*add)(const float *a, const float *b, float least, size_t n, float *y);
    void (*depthwise)(const struct blocked_conv *v, const float *x, const float *weights,
                      const struct blocked_finish *finish, float *y);
    void (*product)(const struct pixel_product *q);
    void (*gather)(const struct blocked_conv *v, const float *x, size_t first, int count, int b,
                   int last, float *panel);
    void (*scatter)(const struct blocked_conv *v, const float *sums, size_t first, int count,
                    const struct blocked_finish *finish, float *y);
    void (*transform_weights)(const struct blocked_conv *v, const float *weight, float *u);
    void (*tiles_in)(const struct blocked_conv *v, const float *x, size_t first, int count,
                     float *tiles);
    void (*tiles_out)(const struct blocked_conv *v, const float *tiles, size_t first, int count,
                      const struct blocked_finish *finish, float *y);
};

extern const struct blocked_kernels blocked_plain, blocked_avx2, blocked_avx512;

/* Those that made `t`. */
const struct blocked_kernels *blocked_kernels_of(const struct blocked *t);

#endif
