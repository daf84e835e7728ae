/*
 * What the frozen beginning of a network makes of an image, remembered: the beginning is run once
 * for an image and not again when the very same numbers come back, as they do in every epoch of a
 * recipe without chance. Nothing depends on it but time: an image's features are a function of the
 * image alone (layer.h).
 *
 *     struct features *f;
 *     if (features_open(&f, net, batch, bytes, &err) < 0) ...
 *     int m = features_look(f, x, b, &fresh);          // m of the b images are not known
 *     ... run nodes 0 <= j < features_nodes(f) on fresh (m,c,h,w) ...
 *     features_place(f, output, b);                    // outputs as if all b had been run
 */
#ifndef TENFOLD_MODEL_FEATURES_H
#define TENFOLD_MODEL_FEATURES_H

#include "model/net.h"

struct features;

/* For batches of up to `batch` images; at most `bytes` are kept, and what was met first stays.
 * *features is NULL where the net's beginning learns or draws, or nothing fits. Borrows the net,
 * whose frozen weights must not change any more. */
int features_open(struct features **features, const struct net *net, int batch, size_t bytes,
                  struct error *err);

/* How many nodes the beginning has. */
int features_nodes(const struct features *features);

/* How many of x (b,c,h,w) are unknown; they lie in `fresh`, in order, until the next call. */
int features_look(struct features *features, const float *x, int b, const float **fresh);

/* `output` by node, (b, its shape) each, whose first places hold what was made of `fresh`: all that
 * is read behind the beginning moves to its image's place, and what is known is filled in. */
void features_place(struct features *features, float *const *output, int b);

void features_close(struct features *features); /* NULL is a no-op */

#endif
