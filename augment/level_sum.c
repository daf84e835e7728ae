#include "augment/level_sum.h"

#include "augment/level_sum_private.h"

void level_sum(const uint8_t *rgb, size_t count, uint64_t sum[3])
{
    size_t done = 0;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        done = level_sum_avx2(rgb, count, sum);
#endif
    for (size_t i = 3 * done; i < 3 * count; i += 3)
        for (size_t c = 0; c < 3; c++)
            sum[c] += rgb[i + c];
}
