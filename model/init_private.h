/* What the files about initialization share. */
#ifndef TENFOLD_MODEL_INIT_PRIVATE_H
#define TENFOLD_MODEL_INIT_PRIVATE_H

#include "model/backprop.h"
#include "model/init.h"
#include "model/net_private.h"

enum init_scheme init_scheme_of(const struct net *net);
/* Does the scheme itself go through the network with a batch? */
bool init_settles(const struct net *net);
bool init_whitens(const struct net *net);
/* init.between_layers */
bool init_equalizes(const struct net *net);

/* Let the weights of all layers change at the same rate (init_rates.c), after a forward pass of x;
 * ERROR_FAILED names a layer that no gradient comes back to. */
int init_equalize_rates(struct net *net, struct backprop *bp, const float *x, int b,
                        struct error *err);

#endif
