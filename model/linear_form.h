/* What linear and its plain twin agree on. */
#ifndef TENFOLD_MODEL_LINEAR_FORM_H
#define TENFOLD_MODEL_LINEAR_FORM_H

#include "model/layer.h"

/* In order of declaration; the bias may be missing. */
enum { LINEAR_WEIGHT, LINEAR_BIAS };

extern const struct param linear_params[];

/* A layer_kind's `shape` and `weights`: weight (out, c h w of the declared input), bias (out). */
int linear_shape(const struct layer *l, const struct shape *in, struct shape *out,
                 struct error *err);
int linear_weights(const struct layer *l, const struct shape *in, struct layer_weight *w);

#endif
