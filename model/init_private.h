/* What the files about initialization share. */
#ifndef TENFOLD_MODEL_INIT_PRIVATE_H
#define TENFOLD_MODEL_INIT_PRIVATE_H

#include "model/init.h"
#include "model/net_private.h"

enum init_scheme init_scheme_of(const struct net *net);
/* Does the scheme itself go through the network with a batch? */
bool init_settles(const struct net *net);
bool init_whitens(const struct net *net);

#endif
