/* What the files about initialization share. */
#ifndef TENFOLD_MODEL_INIT_PRIVATE_H
#define TENFOLD_MODEL_INIT_PRIVATE_H

#include "model/init.h"
#include "model/net_private.h"

enum init_scheme init_scheme_of(const struct net *net);

#endif
