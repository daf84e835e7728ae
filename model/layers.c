#include "model/layer.h"

extern const struct layer_kind layer_conv, layer_batchnorm, layer_relu, layer_maxpool,
    layer_avgpool, layer_global_avgpool, layer_linear, layer_add, layer_shortcut,
    layer_adaptive_avgpool, layer_flatten, layer_concat, layer_dropout, layer_sigmoid, layer_tanh,
    layer_leaky_relu, layer_relu6, layer_elu, layer_selu, layer_gelu, layer_silu, layer_hardswish,
    layer_hardsigmoid;

const struct layer_kind *const layers[] = {
    &layer_conv,        &layer_batchnorm,
    &layer_relu,        &layer_maxpool,
    &layer_avgpool,     &layer_global_avgpool,
    &layer_linear,      &layer_add,
    &layer_shortcut,    &layer_adaptive_avgpool,
    &layer_flatten,     &layer_concat,
    &layer_dropout,     &layer_sigmoid,
    &layer_tanh,        &layer_leaky_relu,
    &layer_relu6,       &layer_elu,
    &layer_selu,        &layer_gelu,
    &layer_silu,        &layer_hardswish,
    &layer_hardsigmoid, NULL,
};
