/*
 * Weights on disk: safetensors whose metadata carries the network (JSON), the preprocessing (JSON)
 * and the version, so that one file is enough to evaluate; or weights from elsewhere with a
 * network's YAML beside them. A mean image or a whitening is a tensor beside the weights:
 * `preprocess.mean_image`, or `preprocess.whitening` and `preprocess.whitening_mean`.
 *
 *     struct net *net; struct preprocess pre;
 *     if (model_open(&net, &pre, "models/cifar_resnet20.yaml=resnet20.safetensors", &err) < 0) ...
 *     if (model_open(&net, &pre, "out/run/best.safetensors", &err) < 0) ...
 */
#ifndef TENFOLD_MODEL_WEIGHTS_H
#define TENFOLD_MODEL_WEIGHTS_H

#include <jansson.h>

#include "augment/preprocess.h"
#include "base/safetensors.h"
#include "model/net.h"

/* Names and shapes must agree exactly (PyTorch's num_batches_tracked and the tables of the
 * preprocessing are passed over); the error
 * lists missing, unexpected and misshaped names, a dozen of each. A value that is not finite is
 * refused, too. */
int weights_load(struct net *net, const struct safetensors *file, const char *path,
                 struct error *err);

/* The name of the first weight (or running statistic) that holds a value that is not finite, NULL:
 * none. */
const char *weights_not_finite(const struct net *net);

/* `more` (strings; may be NULL) joins the metadata. Atomic. */
int weights_save(const char *path, const struct net *net, const struct preprocess *preprocess,
                 const json_t *more, struct error *err);

/* On success the caller releases `preprocess`, too (preprocess_release).
 * `model` is WEIGHTS or NET.yaml=WEIGHTS (or NET.yml=): other '=' belong to the paths, as in
 * "out/lr=0.1/best.safetensors". */
int model_open(struct net **net, struct preprocess *preprocess, const char *model,
               struct error *err);

/* The part of `model` that names the weights. */
const char *model_weights_path(const char *model);

/* SHA-256 over names, shapes and values in order of name, and the network's canonical JSON: 64 hex
 * digits. */
int model_hash(const struct net *net, char hex[65], struct error *err);

#endif
