#include "model/blocked_kernels.h"

const struct blocked_kernels blocked_plain = BLOCKED_KERNELS;
