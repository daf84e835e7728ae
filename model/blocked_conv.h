/*
 * Convolution of tensors in blocks of channels, several images at a time; bias, the addition of a
 * residual and the activation are part of the store.
 *
 *     struct blocked_conv v;
 *     blocked_conv_plan(&v, &window, in, out, false, true);
 *     blocked_conv_weights(&v, w, u);                  // u: blocked_conv_weight_floats(&v)
 *     blocked_conv_run(&v, n, x, u, &finish, y, scratch);
 *
 * Ways: 1x1 as a product straight from the input's pixels; 3x3 at stride 1 by Winograd's filtering
 * (winograd.h); the first layer from the planes of an image; depthwise tap by tap; any other as a
 * product of pixels that are gathered a few at a time.
 *
 * What an image gives depends neither on its place nor on the others: every output is summed in one
 * order.
 */
#ifndef TENFOLD_MODEL_BLOCKED_CONV_H
#define TENFOLD_MODEL_BLOCKED_CONV_H

#include <stdint.h>

#include "model/blocked.h"

enum blocked_way {
    BLOCKED_POINTWISE,
    BLOCKED_GATHERED,
    BLOCKED_IMAGE,
    BLOCKED_WINOGRAD,
    BLOCKED_DEPTHWISE,
};

struct blocked_conv {
    enum blocked_way way;
    struct blocked in, out; /* BLOCKED_IMAGE: of `in` the shape alone is used */
    int kernel_h, kernel_w, stride, dilation;
    int top, left;  /* padding before the first row and column */
    int m;          /* Winograd: outputs of a tile's side, 2 or 4 */
    int rows, cols; /* Winograd: tiles of an image */
    int chunk;      /* pixels, or tiles, that are worked on at a time */
    int pitch;      /* of these in scratch, from one block to the next */
    int terms;      /* of an output's sum */
    int turn;       /* blocks of channels whose terms are summed in one go */
    bool across;    /* a chunk's pixels are of several images */
};

/* What becomes of a sum: + bias + residual, within least..most. */
struct blocked_finish {
    const float *bias;     /* by output channel, whole vectors; NULL: the sum itself is stored */
    const float *residual; /* laid out as the output; NULL: none */
    float least, most;
};

/* A convolution's numbers: kernel, stride, padding before. */
struct blocked_window {
    int kernel_h, kernel_w, stride, dilation, top, left;
    bool depthwise;
};

/* `image`: x is in planes, not in blocks. Depthwise takes blocks, and gives as many channels as it
 * takes. `fast`: Winograd's tiles of 4x4 where they save products. */
void blocked_conv_plan(struct blocked_conv *v, const struct blocked_window *win, struct shape in,
                       struct shape out, bool image, bool fast);

/* The weights (k, c, r, s) as they are multiplied; u is zeros at first. */
size_t blocked_conv_weight_floats(const struct blocked_conv *v);
void blocked_conv_weights(const struct blocked_conv *v, const float *weight, float *u);

/* What the way is called, and its multiply-adds for an image. */
const char *blocked_conv_name(const struct blocked_conv *v);
uint64_t blocked_conv_products(const struct blocked_conv *v);

/* How many images share a reading of the weights, if so many are run at once. */
int blocked_conv_images(const struct blocked_conv *v);

/* Floats. */
size_t blocked_conv_scratch(const struct blocked_conv *v);
void blocked_conv_run(const struct blocked_conv *v, int images, const float *x, const float *u,
                      const struct blocked_finish *finish, float *y, float *scratch);

#endif
