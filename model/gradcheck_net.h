/*
 * Small networks as they are trained, held to a chain of double twins: what no layer by itself
 * shows, such as activations done in passing, several inputs whose gradients meet, images shared
 * out among threads and gradients summed over lanes.
 *
 *     struct gradcheck_line line;
 *     for (int k = 0; k < gradcheck_nets; k++)
 *         if (gradcheck_net(k, 50, &line, &err) < 0) ...
 */
#ifndef TENFOLD_MODEL_GRADCHECK_NET_H
#define TENFOLD_MODEL_GRADCHECK_NET_H

#include "model/gradcheck.h"

extern const int gradcheck_nets; /* how many kinds of networks there are */

/* Logits, the gradients of all weights and the running statistics of `cases` random networks of
 * that kind, forward and backward on three threads. Fails only where it cannot be run: the line
 * says how far they were apart. */
int gradcheck_net(int number, int cases, struct gradcheck_line *line, struct error *err);

#endif
