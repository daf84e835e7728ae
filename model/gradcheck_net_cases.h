/* The kinds of networks that gradcheck_net.c makes and compares. */
#ifndef TENFOLD_MODEL_GRADCHECK_NET_CASES_H
#define TENFOLD_MODEL_GRADCHECK_NET_CASES_H

#include <stdbool.h>

#include "base/rng.h"

enum { GRADCHECK_NET_TEXT = 1200 };

struct gradcheck_net_kind {
    const char *name;
    /* The layers of a random network whose input has c channels and whose output has five. */
    void (*write)(struct rng *rng, int c, char text[GRADCHECK_NET_TEXT]);
    bool fast; /* net_set_fast */
};

extern const struct gradcheck_net_kind gradcheck_net_kinds[]; /* gradcheck_nets of them */

#endif
