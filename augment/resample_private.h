/* What the exact and the fast resampler share: the filter's coefficients along one axis. */
#ifndef TENFOLD_AUGMENT_RESAMPLE_PRIVATE_H
#define TENFOLD_AUGMENT_RESAMPLE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "augment/plan.h"
#include "base/error.h"

/* Output o of an axis is the sum over j < count[o] of weight[o * taps + j] * in[first[o] + j].
 * Weights are fixed point: 22 bits behind the point for exact, 14 for fast. Numbered from the first
 * output wanted. */
struct axis_filter {
    int taps;
    int *first, *count; /* owned; positions in the window */
    int32_t *weight;    /* owned */
    size_t capacity_outputs, capacity_weights;
    double *scratch; /* owned: one output's weights in double */
    size_t capacity_scratch;
};

/* Most taps that an output of a resize from `window` to `size` has. */
int axis_taps(enum plan_filter filter, int window, int size);

/* Fill `f` for outputs [begin, end) of a resize from `window` to `size`. */
int axis_make(struct axis_filter *f, enum plan_filter filter, int window, int size, int begin,
              int end, int bits, struct error *err);
void axis_release(struct axis_filter *f);

/* The two passes over RGB rows; see resample.c and resample_fast.c. */
struct pass_rows {
    const uint8_t *source; /* the window's first pixel of the first row needed */
    size_t stride;
    int first_row, rows; /* of the window, that the vertical pass reads */
    int width, height;   /* of the result */
    uint8_t *out;
    size_t out_stride;
};

void resample_exact(const struct pass_rows *p, const struct axis_filter *x,
                    const struct axis_filter *y, uint8_t *between);
void resample_fast(const struct pass_rows *p, const struct axis_filter *x,
                   const struct axis_filter *y, int16_t *between);

#endif
