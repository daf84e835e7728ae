/*
 * What every way to compute a convolution agrees on: its parameters, shapes and weights.
 *
 *     struct conv_form f = conv_form(layer);
 *     int columns = f.window.kernel * f.window.kernel * in.c / f.groups;
 */
#ifndef TENFOLD_MODEL_CONV_FORM_H
#define TENFOLD_MODEL_CONV_FORM_H

#include "model/im2col.h"
#include "model/layer.h"
#include "model/pad.h"

/* In order of declaration; the bias may be missing. */
enum { CONV_WEIGHT, CONV_BIAS };

struct conv_form {
    int out, groups;
    struct window window;
    enum pad_mode mode;
    bool bias;
};

extern const struct param conv_params[];

struct conv_form conv_form(const struct layer *l);
/* A layer_kind's `shape` and `weights`: weight (out, c / groups, kernel, kernel), bias (out). */
int conv_shape(const struct layer *l, const struct shape *in, struct shape *out, struct error *err);
int conv_weights(const struct layer *l, const struct shape *in, struct layer_weight *w);

#endif
