/* Sixteen values at a time, the last ones once more where they do not fill a vector. */
#include "augment/smooth.h"

#include "base/simd.h"

#ifdef SIMD_X86
#include <immintrin.h>

enum { VALUES = 16 };

SIMD_AVX2 static inline __m256i widen(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
}

SIMD_AVX2 static inline __m256i load(const uint16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

/* low + factor * difference of eight 16-bit pairs. */
SIMD_AVX2 static inline __m256i mix(__m128i low, __m128i difference, __m256 factor)
{
    __m256 s = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(low));
    __m256 d = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(difference));
    return _mm256_cvttps_epi32(_mm256_add_ps(s, _mm256_mul_ps(factor, d)));
}

SIMD_AVX2 static inline void blend(const uint8_t *b, const uint16_t *sums, __m256 factor,
                                   uint8_t *out)
{
    __m256i x = widen(b);
    __m256i n = _mm256_add_epi16(_mm256_add_epi16(load(sums - 3), load(sums)),
                                 _mm256_add_epi16(load(sums + 3), _mm256_slli_epi16(x, 2)));
    /* n / 13 as n * 5042 / 65536: off by less than 1/13 for n up to 3321. */
    n = _mm256_add_epi16(n, _mm256_set1_epi16(6));
    __m256i s = _mm256_mulhi_epu16(n, _mm256_set1_epi16(5042)), d = _mm256_sub_epi16(x, s);
    __m256i low = mix(_mm256_castsi256_si128(s), _mm256_castsi256_si128(d), factor);
    __m256i high = mix(_mm256_extracti128_si256(s, 1), _mm256_extracti128_si256(d, 1), factor);
    __m256i v = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), _MM_SHUFFLE(3, 1, 2, 0));
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storeu_si128((__m128i *)out, bytes);
}

SIMD_AVX2 void smooth_row_avx2(const uint8_t *a, const uint8_t *b, const uint8_t *c, size_t values,
                               float factor, uint16_t *sums, uint8_t *out)
{
    for (size_t i = 0; i < values; i += VALUES) {
        size_t at = i + VALUES <= values ? i : values - VALUES;
        __m256i sum =
            _mm256_add_epi16(widen(a + at), _mm256_add_epi16(widen(b + at), widen(c + at)));
        _mm256_storeu_si256((__m256i *)(sums + at), sum);
    }
    __m256 f = _mm256_set1_ps(factor);
    for (size_t i = 3; i + 3 < values; i += VALUES) {
        size_t at = i + VALUES <= values - 3 ? i : values - 3 - VALUES;
        blend(b + at, sums + at, f, out + at);
    }
}
#endif
