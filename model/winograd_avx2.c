#include "base/simd.h"

#ifdef SIMD_X86

#define VEC_AVX2
#include "model/winograd_kernel.h"

const struct winograd_kernels winograd_avx2 = { VEC_LANES, weights, forward, backward, settle };

#endif
