#include "base/simd.h"

#ifdef SIMD_X86

#define VEC_AVX512
#include "model/blocked_kernels.h"

const struct blocked_kernels blocked_avx512 = BLOCKED_KERNELS;

#endif
