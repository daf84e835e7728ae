/* What maxpool and avgpool share: their parameters and the shape of their output. */
#ifndef TENFOLD_MODEL_POOLING_H
#define TENFOLD_MODEL_POOLING_H

#include "model/im2col.h"
#include "model/layer.h"

extern const struct param pooling_params[];

struct window pooling_window(const struct layer *layer);
/* A layer_kind's `shape`. */
int pooling_shape(const struct layer *layer, const struct shape *in, struct shape *out,
                  struct error *err);

#endif
