/*
 * Tensors in blocks of channels, for inference: a vector holds one pixel of as many channels as it
 * has lanes, so that convolutions, pooling and sums read and write whole vectors and no image is
 * ever unfolded. Lanes beyond the last channel are zero.
 *
 *     struct blocked t = blocked_of((struct shape){ 64, 56, 56 });
 *     float *b = memory_aligned(t.image, sizeof(float), err);
 *     blocked_spread(&t, x, b);                            // from (c,h,w)
 *     blocked_collect(&t, b, x);                           // and back
 *
 * Layout of an image: [block][row][column][lane]; images lie one behind the other.
 */
#ifndef TENFOLD_MODEL_BLOCKED_H
#define TENFOLD_MODEL_BLOCKED_H

#include <stdbool.h>
#include <stddef.h>

#include "model/im2col.h"
#include "model/net.h"

struct blocked {
    struct shape shape;
    int lanes, blocks;
    size_t plane, image; /* floats from one block, and one image, to the next */
};

/* At the present SIMD level. */
struct blocked blocked_of(struct shape shape);

void blocked_spread(const struct blocked *t, const float *x, float *y);
void blocked_collect(const struct blocked *t, const float *x, float *y);

/* One image each. The largest value under a window (padding never is), the mean of each plane. */
void blocked_maxpool(const struct blocked *in, const struct blocked *out, const struct window *win,
                     const float *x, float *y);
void blocked_average(const struct blocked *in, const struct blocked *out, const float *x, float *y);

/* y = a + b, at least `least`. */
void blocked_add(const struct blocked *t, const float *a, const float *b, float least, float *y);

#endif
