/*
 * Every kind of layer by its plain code, in float and in double. Most layers have no other; those
 * that have (convolution, linear) are named by a file of their own, NAME_plain.c.
 */
#ifndef TENFOLD_MODEL_TWINS_H
#define TENFOLD_MODEL_TWINS_H

#include "model/layer.h"

#ifdef TENFOLD_DOUBLE
#define TWINS twins_double
#else
#define TWINS twins_float
#endif

extern const struct layer_kind *const TWINS[]; /* ends with NULL */

#endif
