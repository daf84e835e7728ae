#include "model/winograd_kernel.h"

const struct winograd_kernels winograd_plain = { VEC_LANES, weights, forward, backward, settle };
