#include "base/simd.h"

#ifdef SIMD_X86

#define VEC_AVX2
#include "model/blocked_kernels.h"

const struct blocked_kernels blocked_avx2 = BLOCKED_KERNELS;

#endif
