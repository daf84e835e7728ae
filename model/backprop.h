/*
 * One step of training: forward with batch statistics, loss, backward; gradients of the batch's
 * mean loss in the net's gradient block. All threads of the pool work on it; the bits do not depend
 * on how many there are: the batch is cut into a fixed number of lanes, each summed in order of
 * position, the lanes in a fixed tree.
 *
 *     struct backprop *bp;
 *     if (backprop_open(&bp, net, 128, pool, &err) < 0) ...
 *     double loss = backprop_run(bp, images, 128, &targets, &correct);
 */
#ifndef TENFOLD_MODEL_BACKPROP_H
#define TENFOLD_MODEL_BACKPROP_H

#include "base/thread.h"
#include "model/loss.h"
#include "model/net.h"

struct backprop;

/* Room for `batch` images of the net's input size. Borrows net and pool. */
int backprop_open(struct backprop **backprop, struct net *net, int batch, struct pool *pool,
                  struct error *err);

/* What layers draw in the next run (dropout and its kin): under `seed`, for the images at
 * `position`, `position` + 1 ... of the whole run. Before the first call both are 0. */
void backprop_chance(struct backprop *backprop, uint64_t seed, uint64_t position);

/* `x` (b,c,h,w). Places without weight are left out of loss and gradient but not of the batch
 * statistics. Returns the mean loss, NaN or infinite when training blew up. Updates running
 * statistics. */
double backprop_run(struct backprop *backprop, const float *x, int b, const struct targets *targets,
                    int *correct);

/* The first layer whose output of the last run (of b images) holds a value that is not finite;
 * NULL: none. Borrowed from the net. */
const char *backprop_not_finite(const struct backprop *backprop, int b);

/* Forward only, training's: nodes first <= j < end, from the outputs of those before them, which an
 * earlier call must have made of the same x. Updates running statistics. */
void backprop_forward(struct backprop *backprop, const float *x, int b, int first, int end);

/* What node j gave in the last run, (b, its shape); borrowed, valid until the next call. */
const float *backprop_output(const struct backprop *backprop, int j);

/* Take the running statistics anew from batches of training images, after weights were averaged
 * (SWA): the nth batch, from 1 on, weighs 1/n, so that in the end all weigh the same. */
void backprop_reestimate(struct backprop *backprop, const float *x, int b, int nth);

/* What the frozen beginning of the net makes of an image is kept, in up to `bytes`, and not worked
 * out again for the same image (features.h): backprop_run is faster, its result the same to the
 * bit. Without effect where there is no such beginning. */
int backprop_remember(struct backprop *backprop, size_t bytes, struct error *err);

/* Somebody who looks at every node's output on the way forward, and at the loss's gradient by it on
 * the way back (n = b times its shape), while they are there. */
struct backprop_watch {
    void *context;
    void (*forward)(void *context, int node, const float *y, size_t n);
    void (*backward)(void *context, int node, const float *dy, size_t n);
};
/* For the runs that follow; NULL: nobody. Borrowed. */
void backprop_watch(struct backprop *backprop, const struct backprop_watch *watch);

void backprop_close(struct backprop *backprop);

#endif
