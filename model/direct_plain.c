#include "model/direct_kernel.h"

const struct direct_kernels direct_plain = { VEC_LANES, forward, backward };
