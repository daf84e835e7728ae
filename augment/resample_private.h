/* What the resampler's parts share: the filter's coefficients along one axis, and the two passes
 * over RGB rows at every level of vector code. */
#ifndef TENFOLD_AUGMENT_RESAMPLE_PRIVATE_H
#define TENFOLD_AUGMENT_RESAMPLE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "augment/plan.h"
#include "base/error.h"
#include "base/simd.h"

enum { EXACT_BITS = 22 }; /* Pillow's 32 - 8 - 2: room for 8-bit pixels and bicubic's overshoot */

/* Two taps' weights w = 65536 high + low, for multipliers of 16 bits: p w summed over taps is
 * (sum of p high) 65536 + sum of p low in 32 bits, whatever the sums' own overflow. */
struct tap_pair {
    int16_t low[2], high[2];
};

/* Output o of an axis is the sum over j < count[o] of weight[o * taps + j] * in[first[o] + j], in
 * fixed point. Outputs are numbered from the first one wanted, positions from the first one that it
 * reads. */
struct axis_filter {
    int start, span;    /* of the positions, in the window */
    int taps;           /* room for each output, a multiple of 4 */
    int most;           /* of count */
    int *first, *count; /* owned */
    int32_t *weight;    /* owned */
    struct tap_pair
        *pair; /* owned: the weights again, taps / 2 for each output; zero behind count */
    size_t capacity_outputs, capacity_weights, capacity_pairs;
    double *scratch; /* owned: one output's weights in double */
    size_t capacity_scratch;
};

/* Most taps that an output of a resize from `window` to `size` has. */
int axis_taps(enum plan_filter filter, int window, int size);

/* Output o's center lies at (o + 0.5) scale + shift of a window; scale is above 0. */
struct axis_scale {
    double scale, shift;
};

/* Fill `f` for outputs [begin, end), whose centers lie inside the window. */
int axis_make(struct axis_filter *f, enum plan_filter filter, struct axis_scale scale, int window,
              int begin, int end, int bits, struct error *err);
void axis_release(struct axis_filter *f);

enum {
    PASS_ROWS = 4,   /* that the horizontal pass takes at a time */
    PASS_BEYOND = 16 /* bytes that it may read behind a row's last tap, and write behind its end */
};

/* Horizontal pass: `width` pixels of each out row from each in row. Rows may be given twice. */
typedef void exact_rows_kernel(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x,
                               int width, uint8_t *const out[PASS_ROWS]);
typedef void fast_rows_kernel(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x,
                              int width, int16_t *const out[PASS_ROWS]);
/* Vertical pass: output row o, `n` values, from rows `stride` values apart. Nothing is read or
 * written beyond. */
typedef void exact_column_kernel(const uint8_t *in, size_t stride, const struct axis_filter *y,
                                 int o, size_t n, uint8_t *out);
typedef void fast_column_kernel(const int16_t *in, size_t stride, const struct axis_filter *y,
                                int o, size_t n, uint8_t *out);

exact_rows_kernel exact_rows_plain;
exact_column_kernel exact_column_plain;
fast_rows_kernel fast_rows_plain;
fast_column_kernel fast_column_plain;
#ifdef SIMD_X86
exact_rows_kernel exact_rows_avx2, exact_rows_avx512;       /* width at least 4 */
exact_column_kernel exact_column_avx2, exact_column_avx512; /* n at least 32, 64 */
fast_rows_kernel fast_rows_avx2, fast_rows_avx512;          /* width at least 4 */
fast_column_kernel fast_column_avx2, fast_column_avx512;    /* n at least 32, 64 */
#endif

/* fast's fixed point: of weights, and of what lies between the passes. See resample_fast.c. */
enum { FAST_BITS = 14, FAST_POINT = 7, FAST_MAX = 255 << FAST_POINT };

/* The two passes over RGB rows; see resample.c and resample_fast.c. */
struct pass_rows {
    const uint8_t *source; /* the first pixel read of the first row read */
    size_t stride;
    const uint8_t *tail; /* the last row read, with room to read beyond it */
    int width, height;   /* of the result */
    uint8_t *out;
    size_t out_stride;
};

/* Rows [row, row + PASS_ROWS) of `rows`, behind which the last one is given again. A kernel reads a
 * little beyond a row's end, which is in the source wherever another row follows. */
void pass_inputs(const struct pass_rows *p, int row, int rows, int at[PASS_ROWS],
                 const uint8_t *in[PASS_ROWS]);
/* May kernels of vectors take the horizontal pass? */
bool pass_wide(const struct pass_rows *p);

/* `between`: y->span rows, `stride` values apart, with room for PASS_BEYOND bytes at their ends. */
void resample_fast(const struct pass_rows *p, const struct axis_filter *x,
                   const struct axis_filter *y, int16_t *between, size_t stride);

#endif
