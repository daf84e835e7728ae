/* normal_noise.c's arithmetic on eight blocks at a time. */
#include "augment/normal_noise.h"

#include "augment/normal_noise_private.h"
#include "base/simd.h"

#ifdef SIMD_X86
#include <immintrin.h>

enum { LANES = 8, ROUNDS = 10 };

struct words {
    __m256i w[4];
};

/* High and low half of the product of each lane with m. */
SIMD_AVX2 static inline void multiply(__m256i a, __m256i m, __m256i *high, __m256i *low)
{
    __m256i even = _mm256_mul_epu32(a, m), odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), m);
    *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/* As philox4x32 of base/rng.c. */
SIMD_AVX2 static inline struct words philox(struct words c, struct rng_key key)
{
    const __m256i m0 = _mm256_set1_epi32((int)0xD2511F53), m1 = _mm256_set1_epi32((int)0xCD9E8D57);
    for (int round = 0; round < ROUNDS; round++) {
        __m256i high0, low0, high1, low1;
        __m256i k0 = _mm256_set1_epi32((int)key.word[0]), k1 = _mm256_set1_epi32((int)key.word[1]);
        multiply(c.w[0], m0, &high0, &low0);
        multiply(c.w[2], m1, &high1, &low1);
        c.w[0] = _mm256_xor_si256(_mm256_xor_si256(high1, c.w[1]), k0);
        c.w[2] = _mm256_xor_si256(_mm256_xor_si256(high0, c.w[3]), k1);
        c.w[1] = low1;
        c.w[3] = low0;
        key.word[0] += 0x9E3779B9;
        key.word[1] += 0xBB67AE85;
    }
    return c;
}

SIMD_AVX2 static inline __m256 times(__m256 a, __m256 b)
{
    return _mm256_mul_ps(a, b);
}

SIMD_AVX2 static inline __m256 plus(__m256 a, float b)
{
    return _mm256_add_ps(a, _mm256_set1_ps(b));
}

/* b + z a */
SIMD_AVX2 static inline __m256 horner(__m256 z, __m256 a, float b)
{
    return plus(times(z, a), b);
}

SIMD_AVX2 static inline __m256 unit(__m256i bits)
{
    return times(plus(_mm256_cvtepi32_ps(bits), 0.5f), _mm256_set1_ps(0x1p-23f));
}

SIMD_AVX2 static inline __m256 minus_log(__m256 u)
{
    __m256i bits = _mm256_castps_si256(u);
    __m256 exponent =
        _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_srli_epi32(bits, 23), _mm256_set1_epi32(127)));
    __m256 m = _mm256_castsi256_ps(_mm256_or_si256(
        _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffff)), _mm256_set1_epi32(0x3f800000)));
    __m256 large = _mm256_cmp_ps(m, _mm256_set1_ps(NOISE_SQRT2), _CMP_GT_OQ);
    m = _mm256_blendv_ps(m, times(m, _mm256_set1_ps(0.5f)), large);
    exponent = _mm256_add_ps(exponent, _mm256_and_ps(large, _mm256_set1_ps(1)));
    __m256 f = plus(m, -1), s = _mm256_div_ps(f, plus(f, 2)), z = times(s, s);
    __m256 p = horner(z, _mm256_set1_ps(NOISE_LOG_4), NOISE_LOG_3);
    p = times(z, horner(z, horner(z, p, NOISE_LOG_2), NOISE_LOG_1));
    __m256 log_m = _mm256_add_ps(times(s, _mm256_set1_ps(2)), times(s, p));
    __m256 log = _mm256_add_ps(times(exponent, _mm256_set1_ps(NOISE_LN2)), log_m);
    return _mm256_sub_ps(_mm256_setzero_ps(), log);
}

SIMD_AVX2 static inline void add_to(float *v, __m256 x)
{
    _mm256_storeu_ps(v, _mm256_add_ps(_mm256_loadu_ps(v), x));
}

SIMD_AVX2 static inline void add_pair(__m256i radius, __m256i angle, __m256 std, float *out)
{
    __m256 rho = times(_mm256_sqrt_ps(minus_log(unit(_mm256_srli_epi32(radius, 9)))), std);
    __m256i point = _mm256_srli_epi32(_mm256_and_si256(angle, _mm256_set1_epi32(0x3fffffff)), 7);
    __m256 a = times(plus(unit(point), -0.5f), _mm256_set1_ps(NOISE_HALF_PI)), z = times(a, a);
    __m256 s = horner(z, horner(z, _mm256_set1_ps(NOISE_SIN_3), NOISE_SIN_2), NOISE_SIN_1);
    __m256 sine = _mm256_add_ps(a, times(a, times(z, s)));
    __m256 c = horner(z, horner(z, _mm256_set1_ps(NOISE_COS_4), NOISE_COS_3), NOISE_COS_2);
    __m256 cosine = plus(times(z, horner(z, c, NOISE_COS_1)), 1);
    const __m256i sign = _mm256_set1_epi32((int)0x80000000);
    __m256i first = _mm256_and_si256(angle, sign),
            second = _mm256_and_si256(_mm256_slli_epi32(angle, 1), sign);
    __m256 x = times(rho, _mm256_sub_ps(cosine, sine)), y = times(rho, _mm256_add_ps(cosine, sine));
    add_to(out, _mm256_xor_ps(x, _mm256_castsi256_ps(first)));
    add_to(out + LANES, _mm256_xor_ps(y, _mm256_castsi256_ps(second)));
}

SIMD_AVX2 void noise_add_avx2(struct rng_key key, uint32_t channel, uint64_t first, size_t groups,
                              float std, float *v)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256 deviation = _mm256_set1_ps(std);
    for (size_t g = 0; g < groups; g++, v += NOISE_GROUP) {
        uint64_t block = LANES * (first + g); /* a multiple of 8: its low word carries no further */
        struct words c = { { _mm256_add_epi32(_mm256_set1_epi32((int)(uint32_t)block), lane),
                             _mm256_set1_epi32((int)(uint32_t)(block >> 32)),
                             _mm256_set1_epi32((int)channel), _mm256_setzero_si256() } };
        c = philox(c, key);
        add_pair(c.w[0], c.w[1], deviation, v);
        add_pair(c.w[2], c.w[3], deviation, v + 2 * LANES);
    }
}
#endif
