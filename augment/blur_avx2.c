/*
 * Taps come in pairs, so that one instruction multiplies two of them and adds: the center with the
 * first neighbors, the second with the third, and so on; both neighbors at a distance are summed
 * before. A pair without a second half has weight 0 there.
 */
#include "augment/blur_private.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <string.h>

struct sums {
    __m256i low, high;
};

SIMD_AVX2 static inline __m256i weights(const int16_t *pair)
{
    int32_t both;
    memcpy(&both, pair, sizeof(both));
    return _mm256_set1_epi32(both);
}

SIMD_AVX2 static inline struct sums add_pair(struct sums s, __m256i a, __m256i b, __m256i weight)
{
    s.low = _mm256_add_epi32(s.low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), weight));
    s.high = _mm256_add_epi32(s.high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), weight));
    return s;
}

SIMD_AVX2 static inline struct sums start(int shift)
{
    __m256i half = _mm256_set1_epi32(1 << (shift - 1));
    return (struct sums){ half, half };
}

SIMD_AVX2 static inline __m256i finish(struct sums s, int shift)
{
    __m128i by = _mm_cvtsi32_si128(shift);
    return _mm256_packs_epi32(_mm256_sra_epi32(s.low, by), _mm256_sra_epi32(s.high, by));
}

SIMD_AVX2 static inline __m256i bytes_at(const uint8_t *in)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)in));
}

/* Both values at distance j; none beyond the kernel. */
SIMD_AVX2 static inline __m256i bytes_around(const uint8_t *in, int j, int half)
{
    return j > half ? _mm256_setzero_si256()
                    : _mm256_add_epi16(bytes_at(in - 3 * j), bytes_at(in + 3 * j));
}

SIMD_AVX2 void blur_row_avx2(const uint8_t *in, const struct blur_kernel *k, size_t values,
                             int16_t *out)
{
    int shift = k->bits - BLUR_POINT;
    for (size_t i = 0; i < values; i += BLUR_VALUES) {
        struct sums s = start(shift);
        s = add_pair(s, bytes_at(in + i), bytes_around(in + i, 1, k->half), weights(k->weight));
        for (int j = 2; j <= k->half; j += 2)
            s = add_pair(s, bytes_around(in + i, j, k->half), bytes_around(in + i, j + 1, k->half),
                         weights(k->weight + j));
        _mm256_storeu_si256((__m256i *)(out + i), finish(s, shift));
    }
}

SIMD_AVX2 static inline __m256i values_at(const int16_t *row, size_t i)
{
    return _mm256_loadu_si256((const __m256i *)(row + i));
}

SIMD_AVX2 static inline __m256i values_around(const int16_t *const *center, size_t i, int j,
                                              int half)
{
    return j > half ? _mm256_setzero_si256()
                    : _mm256_add_epi16(values_at(center[-j], i), values_at(center[j], i));
}

SIMD_AVX2 void blur_column_avx2(const int16_t *const *row, const struct blur_kernel *k,
                                size_t values, uint8_t *out)
{
    int shift = k->bits + BLUR_POINT;
    const int16_t *const *center = row + k->half;
    for (size_t i = 0; i < values; i += BLUR_VALUES) {
        struct sums s = start(shift);
        s = add_pair(s, values_at(center[0], i), values_around(center, i, 1, k->half),
                     weights(k->weight));
        for (int j = 2; j <= k->half; j += 2)
            s = add_pair(s, values_around(center, i, j, k->half),
                         values_around(center, i, j + 1, k->half), weights(k->weight + j));
        __m256i v = finish(s, shift);
        __m128i level = _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        if (values - i >= BLUR_VALUES) {
            _mm_storeu_si128((__m128i *)(out + i), level);
            continue;
        }
        uint8_t rest[BLUR_VALUES];
        _mm_storeu_si128((__m128i *)rest, level);
        memcpy(out + i, rest, values - i);
    }
}
#endif
