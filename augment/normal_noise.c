/*
 * With u in (0, 1) from one word, and from the other two signs and a point of a quarter circle, a
 * the point's angle less pi / 4:
 *     sqrt(-2 log u) cos(a + pi / 4) = sqrt(-log u) (cos a - sin a)
 * and the sine likewise with a plus.
 */
#include "augment/normal_noise.h"

#include <string.h>

#include "augment/normal_noise_private.h"
#include "base/simd.h"

enum { LANES = 8 };

/* 23 bits to the middle of their interval in (0, 1). */
static float unit(uint32_t bits)
{
    return ((float)bits + 0.5f) * 0x1p-23f;
}

static float minus_log(float u)
{
    uint32_t bits;
    memcpy(&bits, &u, sizeof(bits));
    float exponent = (float)((int32_t)(bits >> 23) - 127), m;
    bits = (bits & 0x7fffff) | 0x3f800000;
    memcpy(&m, &bits, sizeof(m));
    if (m > NOISE_SQRT2) {
        m = m * 0.5f;
        exponent = exponent + 1;
    }
    float f = m - 1, s = f / (f + 2), z = s * s;
    float p = z * (NOISE_LOG_1 + z * (NOISE_LOG_2 + z * (NOISE_LOG_3 + z * NOISE_LOG_4)));
    return 0 - (exponent * NOISE_LN2 + (s * 2 + s * p));
}

static void pair(uint32_t radius, uint32_t angle, float std, float *x, float *y)
{
    float rho = __builtin_sqrtf(minus_log(unit(radius >> 9))) * std;
    float a = (unit((angle & 0x3fffffff) >> 7) - 0.5f) * NOISE_HALF_PI, z = a * a;
    float sine = a + a * (z * (NOISE_SIN_1 + z * (NOISE_SIN_2 + z * NOISE_SIN_3)));
    float cosine = z * (NOISE_COS_1 + z * (NOISE_COS_2 + z * (NOISE_COS_3 + z * NOISE_COS_4))) + 1;
    *x = rho * (cosine - sine);
    *y = rho * (cosine + sine);
    if (angle & 0x80000000)
        *x = -*x;
    if (angle & 0x40000000)
        *y = -*y;
}

/* Group `g` itself. */
static void make_group(struct rng_key key, uint32_t channel, uint64_t g, float std, float *out)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        uint64_t block = LANES * g + lane;
        uint32_t counter[4] = { (uint32_t)block, (uint32_t)(block >> 32), channel, 0 }, word[4];
        philox4x32(counter, key.word, word);
        pair(word[0], word[1], std, &out[lane], &out[LANES + lane]);
        pair(word[2], word[3], std, &out[2 * LANES + lane], &out[3 * LANES + lane]);
    }
}

void noise_add(struct rng_key key, uint32_t channel, uint64_t first, size_t n, float std, float *v)
{
    float group[NOISE_GROUP];
    uint64_t g = first / NOISE_GROUP;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        size_t whole = n / NOISE_GROUP;
        noise_add_avx2(key, channel, g, whole, std, v);
        g += whole;
        n -= whole * NOISE_GROUP;
        v += whole * NOISE_GROUP;
    }
#endif
    for (size_t i = 0; i < n; i++) {
        if (i % NOISE_GROUP == 0)
            make_group(key, channel, g++, std, group);
        v[i] += group[i % NOISE_GROUP];
    }
}
