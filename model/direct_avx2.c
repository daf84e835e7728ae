#include "base/simd.h"

#ifdef SIMD_X86

#define VEC_AVX2
#include "model/direct_kernel.h"

const struct direct_kernels direct_avx2 = { VEC_LANES, forward, backward };

#endif
