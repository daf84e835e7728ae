/* color_apply on eight pixels at a time. */
#include "augment/color_run.h"

#include "base/simd.h"

#ifdef SIMD_X86
#include <immintrin.h>

SIMD_AVX2 static inline __m256 row(const float pixel[3], float offset, __m256 r, __m256 g, __m256 b)
{
    __m256 x = _mm256_mul_ps(_mm256_set1_ps(pixel[0]), r);
    x = _mm256_add_ps(x, _mm256_mul_ps(_mm256_set1_ps(pixel[1]), g));
    x = _mm256_add_ps(x, _mm256_mul_ps(_mm256_set1_ps(pixel[2]), b));
    return _mm256_add_ps(x, _mm256_set1_ps(offset));
}

SIMD_AVX2 void color_apply_avx2(const struct color_matrix *m, size_t n, float *r, float *g,
                                float *b)
{
    const struct color_matrix own = *m; /* r, g and b cannot change it */
    for (size_t i = 0; i < n; i += 8) {
        __m256 x = _mm256_loadu_ps(r + i), y = _mm256_loadu_ps(g + i), z = _mm256_loadu_ps(b + i);
        _mm256_storeu_ps(r + i, row(own.pixel[0], own.offset[0], x, y, z));
        _mm256_storeu_ps(g + i, row(own.pixel[1], own.offset[1], x, y, z));
        _mm256_storeu_ps(b + i, row(own.pixel[2], own.offset[2], x, y, z));
    }
}
#endif
