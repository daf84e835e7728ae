/*
 * A network: a list of nodes, each a layer whose inputs are earlier nodes, read from YAML (or from
 * the JSON that a weights file carries, which is the same list expanded). All trained values lie in
 * one block, all gradients in another, running statistics in a third.
 *
 *     name: tiny
 *     input: [3, 32, 32]
 *     classes: 10
 *     init: default                 # or another scheme of init.h
 *     layers:
 *       - conv: {name: conv1, out: 16, kernel: 3, padding: 1, bias: no}
 *       - batchnorm: {name: bn1}
 *       - relu
 *       - block: {use: basic, name: layer1, times: 3, out: 16}     # nodes layer1.0.conv1, ...
 *       - global_avgpool
 *       - linear: {name: linear, out: $classes}
 *     blocks:                     # "$classes" is the number above, so that it is named once
 *       basic:
 *         params: {out: 16, stride: 1}
 *         layers: [ ... "$out", "$stride" stand for the block's values; `in: [bn2, input]` names
 * inputs ... ]
 *
 * `times: 3` repeats a block as NAME.0, NAME.1, NAME.2 (`start: 1` counts from 1 on); `first` gives
 * the first repetition other values.
 *
 * At another input size than the declared one a network runs fully convolutionally where it can
 * (infer.h): linear layers become convolutions over the plane that they were made for.
 *
 *     struct net *net;
 *     if (net_open(&net, config_root(c), &err) < 0) ...
 *     net_init(net, seed);
 *     net_close(net);
 */
#ifndef TENFOLD_MODEL_NET_H
#define TENFOLD_MODEL_NET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/error.h"
#include "base/image.h"

/* Of one image: channels, height, width. */
struct shape {
    int c, h, w;
};

struct net; /* opaque */

/* `spec` is the map above, or a map with `extends`. Borrows nothing afterwards. All values are zero
 * until net_init or weights_load. Errors name file and line. */
int net_open(struct net **net, const struct node *spec, struct error *err);
const char *net_name(const struct net *net);
struct shape net_input(const struct net *net);
int net_classes(const struct net *net);

/* The expanded description, enough for net_open to build the same network again. Caller owns it. */
json_t *net_json(const struct net *net, struct error *err);

/* One named tensor. */
struct weight {
    const char *name;    /* "layer1.0.conv1.weight", PyTorch's names */
    struct tensor value; /* F32, in one of the net's blocks; borrowed from the net */
    float *gradient;     /* same size; NULL when not trained (running statistics) */
    bool trained;
    bool frozen; /* keeps its value though it is trained: net_freeze */
    bool matrix; /* of a convolution or linear layer; no bias, no norm's scale or shift */
    int64_t fan_in, fan_out;
};
size_t net_weights(const struct net *net);
const struct weight *net_weight(const struct net *net, size_t i); /* in order of the description */

/* Weights whose names match `pattern` (fnmatch: "features.*") are not to change, or are again to;
 * how many match. A layer none of whose trained weights changes takes its statistics as they are
 * and leaves them alone (batch normalization), and nothing goes back through what does not learn.
 * Before a backprop or optimizer of the net is opened. */
size_t net_freeze(struct net *net, const char *pattern, bool on);

/* Batch normalization takes its running statistics and leaves them alone, whether its weights
 * change or not: for few images a batch, or weights that it was folded out of. */
void net_freeze_norm(struct net *net, bool on);

/* The blocks: trained values and their gradients (n floats each). */
float *net_values(struct net *net, size_t *n);
float *net_gradients(struct net *net, size_t *n);

/* As `init` in the description says (init.h; a scheme that looks at data needs net_init_data
 * behind). By default: Kaiming normal (fan out, gain of ReLU) for convolutions, PyTorch's
 * uniform(+-1/sqrt(fan_in)) for linear layers, batch normalization to 1 and 0. Draws: domain
 * "init", the weight's name, so that a layer added shifts no other's. */
void net_init(struct net *net, uint64_t seed);

/* Convolutions by the fastest way, though it rounds more coarsely (Winograd's tiles of 4x4); else,
 * as at first, by ways that round about as the definition does. Before a backprop or infer of it is
 * opened. */
void net_set_fast(struct net *net, bool fast);
bool net_is_fast(const struct net *net);

/* Does a layer draw by chance, in training (dropout and its kin) or always (fractional pooling)?
 * Then infer.h's samples differ. */
bool net_draws(const struct net *net);

/* A multiply-add count for one image of the declared size. */
uint64_t net_multiply_adds(const struct net *net);

void net_close(struct net *net);

#endif
