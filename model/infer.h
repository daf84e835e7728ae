/*
 * Running a network on images, without gradients: batch normalization folded into the convolution
 * before it, bias and activation in the store. One per thread: it owns its activations; the net is
 * shared and must not change meanwhile.
 *
 *     struct infer *f;
 *     if (infer_open(&f, net, 16, &err) < 0) ...
 *     infer_run(f, x, 16, 32, 32, logits, &err);       // x (16,3,32,32), logits (16,k)
 *
 * Every product has a fixed shape: an image's logits depend on its place in the group (0..group-1)
 * and on nothing else, neither on the other images nor on how many places are filled.
 */
#ifndef TENFOLD_MODEL_INFER_H
#define TENFOLD_MODEL_INFER_H

#include "model/net.h"

struct infer;

int infer_open(struct infer **infer, const struct net *net, int group, struct error *err);

/* `n` <= group images of c x h x w; other sizes than the declared one are allowed where the network
 * is fully convolutional (ERROR_USAGE names the layer where it is not); logits are then averaged
 * over the positions. */
int infer_run(struct infer *infer, const float *x, int n, int h, int w, float *logits,
              struct error *err);

void infer_close(struct infer *infer);

/* The kernel set that decides the bits: OpenBLAS core name and our SIMD level, "SkylakeX/plain". */
const char *infer_kernels(void);

#endif
