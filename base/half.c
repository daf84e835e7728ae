#include "base/half.h"

#include <string.h>

#include "base/simd.h"
#ifdef SIMD_X86
#include <immintrin.h>
#endif

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* v / 2^shift, to nearest even. */
static uint32_t round_shift(uint32_t v, int shift)
{
    uint32_t half = 1u << (shift - 1), odd = v >> shift & 1;
    return (v + half - 1 + odd) >> shift;
}

/* Exponents: a float's bias is 127, a half's 15; 10 of 23 fraction bits stay. A carry out of the
 * rounded fraction counts up the exponent, as it should. */
static uint16_t half_of(float x)
{
    uint32_t bits = bits_of(x), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) /* NaN, made quiet */
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x47800000) /* 65536 and more */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude >= 0x38800000) /* 2^-14, the least normal half, and more */
        return (uint16_t)(sign | round_shift(magnitude - ((127 - 15) << 23), 13));
    int shift = 126 - (int)(magnitude >> 23); /* to units of 2^-24 */
    if (shift > 24)
        return (uint16_t)sign;
    return (uint16_t)(sign | round_shift((magnitude & 0x7fffff) | 0x800000, shift));
}

static float float_of(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f,
             fraction = half & 0x3ff;
    if (exponent == 0) {
        float x = (float)fraction * 0x1p-24f;
        return sign ? -x : x;
    }
    if (exponent == 31)
        return of_bits(sign | 0x7f800000 | (fraction ? 0x400000 | fraction << 13 : 0));
    return of_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

#ifdef SIMD_X86
/* The multiple of 8 below n is done; the rest is left. */
SIMD_AVX2 static size_t from_floats_avx2(const float *x, size_t n, uint16_t *half)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(half + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
    return i;
}

SIMD_AVX2 static size_t to_floats_avx2(const uint16_t *half, size_t n, float *x)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(x + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(half + i))));
    return i;
}
#endif

void half_from_floats(const float *x, size_t n, uint16_t *half)
{
    size_t i = 0;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        i = from_floats_avx2(x, n, half);
#endif
    for (; i < n; i++)
        half[i] = half_of(x[i]);
}

void half_to_floats(const uint16_t *half, size_t n, float *x)
{
    size_t i = 0;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        i = to_floats_avx2(half, n, x);
#endif
    for (; i < n; i++)
        x[i] = float_of(half[i]);
}

VECTOR_CLONES static void shorten(const float *x, size_t n, uint16_t *bfloat)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof(bits));
        uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, nan = bits >> 16 | 0x40;
        bfloat[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? nan : rounded);
    }
}

VECTOR_CLONES static void lengthen(const uint16_t *bfloat, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)bfloat[i] << 16;
        memcpy(x + i, &bits, sizeof(bits));
    }
}

void bfloat_from_floats(const float *x, size_t n, uint16_t *bfloat)
{
    shorten(x, n, bfloat);
}

void bfloat_to_floats(const uint16_t *bfloat, size_t n, float *x)
{
    lengthen(bfloat, n, x);
}
