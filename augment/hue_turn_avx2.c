/* hue_turn.c's arithmetic on eight pixels at a time. */
#include "augment/hue_turn.h"

#include "augment/levels_block.h"

#ifdef SIMD_X86
SIMD_AVX2 static inline __m256 within(__m256 v, float most)
{
    return _mm256_min_ps(_mm256_max_ps(v, _mm256_setzero_ps()), _mm256_set1_ps(most));
}

SIMD_AVX2 static inline __m256 away(__m256 h, float from)
{
    __m256 d = _mm256_sub_ps(h, _mm256_set1_ps(from));
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), d);
}

SIMD_AVX2 static inline struct levels_block turn(__m256 sectors, struct levels_block v)
{
    __m256 most = _mm256_max_ps(_mm256_max_ps(v.r, v.g), v.b);
    __m256 least = _mm256_min_ps(_mm256_min_ps(v.r, v.g), v.b);
    __m256 chroma = _mm256_sub_ps(most, least);
    __m256 divisor = _mm256_max_ps(chroma, _mm256_set1_ps(1e-20f));
    __m256 is_r = _mm256_cmp_ps(most, v.r, _CMP_EQ_OQ), is_g = _mm256_cmp_ps(most, v.g, _CMP_EQ_OQ);
    __m256 base = _mm256_blendv_ps(_mm256_set1_ps(4), _mm256_set1_ps(2), is_g);
    base = _mm256_andnot_ps(is_r, base);
    __m256 difference = _mm256_blendv_ps(_mm256_sub_ps(v.r, v.g), _mm256_sub_ps(v.b, v.r), is_g);
    difference = _mm256_blendv_ps(difference, _mm256_sub_ps(v.g, v.b), is_r);
    __m256 h = _mm256_add_ps(_mm256_add_ps(base, _mm256_div_ps(difference, divisor)), sectors);
    __m256 circles = _mm256_floor_ps(_mm256_mul_ps(h, _mm256_set1_ps(1.0f / 6)));
    h = _mm256_sub_ps(h, _mm256_mul_ps(_mm256_set1_ps(6), circles));
    const __m256 two = _mm256_set1_ps(2);
    __m256 r = within(_mm256_sub_ps(away(h, 3), _mm256_set1_ps(1)), 1);
    __m256 g = within(_mm256_sub_ps(two, away(h, 2)), 1);
    __m256 b = within(_mm256_sub_ps(two, away(h, 4)), 1);
    return (struct levels_block){ _mm256_add_ps(least, _mm256_mul_ps(chroma, r)),
                                  _mm256_add_ps(least, _mm256_mul_ps(chroma, g)),
                                  _mm256_add_ps(least, _mm256_mul_ps(chroma, b)) };
}

SIMD_AVX2 void hue_turn_avx2(float sectors, size_t n, float *r, float *g, float *b)
{
    __m256 by = _mm256_set1_ps(sectors);
    for (size_t i = 0; i < n; i += BLOCK_PIXELS) {
        struct levels_block v = { within(_mm256_loadu_ps(r + i), 255),
                                  within(_mm256_loadu_ps(g + i), 255),
                                  within(_mm256_loadu_ps(b + i), 255) };
        v = turn(by, v);
        _mm256_storeu_ps(r + i, v.r);
        _mm256_storeu_ps(g + i, v.g);
        _mm256_storeu_ps(b + i, v.b);
    }
}
#endif
