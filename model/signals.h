/*
 * What a network does with real batches before it has learned anything: how large the output of
 * each activation is and what part of it is stuck, how large the gradient of each matrix is, and
 * whether the units of a layer are one and the same.
 *
 *     struct signals *s;
 *     if (signals_open(&s, net, 128, pool, &err) < 0) ...
 *     double loss = signals_see(s, images, 128, &targets);      // once or for several batches
 *     const struct signals_layer *layers = signals_layers(s, &count);
 *     signals_close(s);
 *
 * init_report.h shows the same of numbers that are no images, as histograms.
 */
#ifndef TENFOLD_MODEL_SIGNALS_H
#define TENFOLD_MODEL_SIGNALS_H

#include "base/thread.h"
#include "model/loss.h"
#include "model/net.h"

/* An activation; in a network without any, a convolution or linear layer. */
struct signals_layer {
    const char *name, *kind; /* borrowed from the net */
    int units;               /* channels, or outputs of a linear layer */
    double mean, deviation;  /* of all values */
    double saturated; /* share of the values where tanh or sigmoid is flat: within 0.05 of the range
                         at its ends */
    double constant;  /* share of the units that gave one value for every image and place: ReLUs
                         that never opened, and units that nothing reaches */
    double gradient;  /* root mean square of the loss's gradient by the values */
};

/* The weights of a convolution or linear layer. */
struct signals_matrix {
    const char *name;        /* borrowed from the net */
    double weight, gradient; /* Euclidean lengths; the gradient's is the mean over batches */
    bool alike;              /* all rows have the same weights and the same gradient: no training
                                will ever tell its units apart */
};

struct signals;

/* Room for `batch` images. Borrows net and pool; nothing else may use the net until close. */
int signals_open(struct signals **signals, struct net *net, int batch, struct pool *pool,
                 struct error *err);
/* Forward and backward; the gradients of the batch stay in the net. Returns the mean loss. */
double signals_see(struct signals *signals, const float *x, int b, const struct targets *targets);
/* Forget what was seen. */
void signals_forget(struct signals *signals);
/* Of all batches seen, in order of the network; valid until the next call with the same signals. */
const struct signals_layer *signals_layers(struct signals *signals, int *count);
const struct signals_matrix *signals_matrices(struct signals *signals, int *count);
void signals_close(struct signals *signals); /* NULL is a no-op */

#endif
