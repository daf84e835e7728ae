#include "model/layer.h"

extern const struct layer_kind layer_conv, layer_batchnorm, layer_relu, layer_maxpool,
    layer_avgpool, layer_global_avgpool, layer_linear, layer_add, layer_shortcut;

const struct layer_kind *const layers[] = {
    &layer_conv,           &layer_batchnorm, &layer_relu, &layer_maxpool,  &layer_avgpool,
    &layer_global_avgpool, &layer_linear,    &layer_add,  &layer_shortcut, NULL,
};
