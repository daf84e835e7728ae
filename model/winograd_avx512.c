#include "base/simd.h"

#ifdef SIMD_X86

#define VEC_AVX512
#include "model/winograd_kernel.h"

const struct winograd_kernels winograd_avx512 = { VEC_LANES, weights, forward, backward, settle };

#endif
