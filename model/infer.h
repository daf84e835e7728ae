/*
 * Running a network on images, without gradients: batch normalization folded into the convolution
 * before it, bias, residual and activation in the store, tensors in blocks of channels
 * (infer_plan.h says how). One per thread: it owns its activations; the net is shared and must not
 * change meanwhile.
 *
 *     struct infer *f, *g;
 *     if (infer_open(&f, net, 16, &err) < 0) ...
 *     infer_run(f, x, 16, 32, 32, logits, &err);       // x (16,3,32,32), logits (16,k)
 *     infer_share(&g, f, &err);                        // for another thread: the same weights
 *
 * An image's logits depend on the image (and its place in the group, where chance does) and on
 * nothing else, neither on the other images nor on how many there are.
 */
#ifndef TENFOLD_MODEL_INFER_H
#define TENFOLD_MODEL_INFER_H

#include "model/net.h"

struct infer;

int infer_open(struct infer **infer, const struct net *net, int group, struct error *err);

/* Another one for the same network and group, which shares the weights as they are multiplied. From
 * any thread, while `other` is open; they are closed in any order. */
int infer_share(struct infer **infer, const struct infer *other, struct error *err);

/* What the layers draw (fractional pooling always, dropout and its kin where `noise`): image i of a
 * run draws as number id[i] under `seed`; `sample` tells several draws for one image apart. */
struct infer_chance {
    uint64_t seed;
    const int64_t *id; /* (n), borrowed until the run is done; NULL: all are number 0 */
    uint32_t sample;
    bool noise; /* as in training; else dropout is the identity */
};

/* For the runs that follow. Without a call: all zero. */
void infer_chance(struct infer *infer, const struct infer_chance *chance);

/* `n` <= group images of c x h x w. At other sizes than the declared one the network runs fully
 * convolutionally (linear layers slide over the plane, logits are averaged over the positions);
 * ERROR_USAGE names the layer where it cannot. */
int infer_run(struct infer *infer, const float *x, int n, int h, int w, float *logits,
              struct error *err);

void infer_close(struct infer *infer);

/* Take the processor's time of every step from now on. */
void infer_watch(struct infer *infer);

/* What was spent on a step since, in all runs; sizes are of one image at the last run's size. */
struct infer_spent {
    const char *layer, *way; /* borrowed */
    struct shape out;
    double seconds;
    uint64_t multiply_adds; /* of the definition */
    uint64_t products;      /* of the way that was taken, without what transforms cost */
    size_t weights, values; /* floats: of weights as they are multiplied, read and written */
    int images;             /* that the weights are read for at a time */
};

/* Step `s`, in order; false: there is none. */
bool infer_spent(const struct infer *infer, size_t s, struct infer_spent *spent);

/* The kernel set that decides the bits: OpenBLAS core name and our SIMD level, "SkylakeX/plain";
 * with
 * "/fast" behind them where the network's convolutions are (net_set_fast). The text is the calling
 * thread's until its next call. */
const char *infer_kernels(const struct net *net);

#endif
