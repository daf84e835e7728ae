/*
 * What lies beyond the border of a plane, by PyTorch's names of padding modes.
 *
 *     int from = pad_index(PAD_REFLECT, -1, 5);             // 1
 *     pad(x, in, 2, PAD_REFLECT, padded);                   // padded (c, h + 4, w + 4)
 */
#ifndef TENFOLD_MODEL_PAD_H
#define TENFOLD_MODEL_PAD_H

#include "model/net.h"

/* PAD_SAME is zeros, too: as many as TensorFlow's SAME takes (see struct window). */
enum pad_mode { PAD_ZEROS, PAD_REFLECT, PAD_REPLICATE, PAD_CIRCULAR, PAD_SAME };
extern const char *const pad_names[]; /* by mode; ends with NULL */

/* Where the value at place i of a row of `size` comes from; -1: it is zero. Reflecting takes i
 * above -size and below 2 size - 1, circular from -size to 2 size - 1. */
int pad_index(enum pad_mode mode, int i, int size);

/* The largest padding of a side that `mode` knows for a row of `size`. */
int pad_limit(enum pad_mode mode, int size);

/* x (c,h,w) with `padding` pixels around: padded (c, h + 2 padding, w + 2 padding). */
void pad(const float *x, struct shape in, int padding, enum pad_mode mode, float *padded);

/* The transpose: every padded gradient is added where its value came from, in dx (c,h,w). */
void pad_back(const float *padded, struct shape in, int padding, enum pad_mode mode, float *dx);

#endif
