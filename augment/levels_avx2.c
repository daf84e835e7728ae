/* Rests of runs go through a block on the stack: kernels may work in place, so no pixel may be
 * done twice. */
#include "augment/levels_private.h"

#ifdef SIMD_X86
#include <string.h>

#include "augment/levels_block.h"

enum { VECTOR = 32, PERIOD = 96 }; /* bytes; after 96 a vector begins with R again */

SIMD_AVX2 static inline __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

SIMD_AVX2 static inline void store(__m256i v, uint8_t *p)
{
    _mm256_storeu_si256((__m256i *)p, v);
}

SIMD_AVX2 static inline __m256i bits(__m256i v, __m256i mask, __m256i from, __m256i never)
{
    __m256i inverted = _mm256_cmpeq_epi8(_mm256_max_epu8(v, from), v);
    return _mm256_xor_si256(_mm256_and_si256(v, mask), _mm256_andnot_si256(never, inverted));
}

SIMD_AVX2 void levels_bits_avx2(const uint8_t *in, size_t bytes, uint8_t mask, int threshold,
                                uint8_t *out)
{
    __m256i m = _mm256_set1_epi8((char)mask), from = _mm256_set1_epi8((char)threshold),
            never = _mm256_set1_epi8(threshold > 255 ? -1 : 0);
    size_t i = 0;
    for (; i + VECTOR <= bytes; i += VECTOR)
        store(bits(load(in + i), m, from, never), out + i);
    uint8_t rest[VECTOR] = { 0 };
    memcpy(rest, in + i, bytes - i);
    store(bits(load(rest), m, from, never), rest);
    memcpy(out + i, rest, bytes - i);
}

SIMD_AVX2 static inline __m256 row(const float pixel[3], float offset, struct levels_block v)
{
    __m256 x = _mm256_mul_ps(_mm256_set1_ps(pixel[0]), v.r);
    x = _mm256_add_ps(x, _mm256_mul_ps(_mm256_set1_ps(pixel[1]), v.g));
    x = _mm256_add_ps(x, _mm256_mul_ps(_mm256_set1_ps(pixel[2]), v.b));
    return _mm256_add_ps(x, _mm256_set1_ps(offset));
}

SIMD_AVX2 static inline void matrix(const struct color_matrix *m, const uint8_t *in, uint8_t *out)
{
    struct levels_block v = block_load(in);
    block_store((struct levels_block){ row(m->pixel[0], m->offset[0], v),
                                       row(m->pixel[1], m->offset[1], v),
                                       row(m->pixel[2], m->offset[2], v) },
                out);
}

SIMD_AVX2 void levels_matrix_avx2(const struct color_matrix *m, const uint8_t *in, size_t n,
                                  uint8_t *out)
{
    for (; n >= BLOCK_PIXELS; n -= BLOCK_PIXELS, in += BLOCK_BYTES, out += BLOCK_BYTES)
        matrix(m, in, out);
    uint8_t rest[BLOCK_BYTES] = { 0 };
    memcpy(rest, in, 3 * n);
    matrix(m, rest, rest);
    memcpy(out, rest, 3 * n);
}

SIMD_AVX2 void levels_to_planes_avx2(const uint8_t *rgb, size_t n, float *r, float *g, float *b)
{
    size_t i = 0;
    for (; i + BLOCK_PIXELS <= n; i += BLOCK_PIXELS) {
        struct levels_block v = block_load(rgb + 3 * i);
        _mm256_storeu_ps(r + i, v.r);
        _mm256_storeu_ps(g + i, v.g);
        _mm256_storeu_ps(b + i, v.b);
    }
    for (; i < n; i++) {
        r[i] = rgb[3 * i];
        g[i] = rgb[3 * i + 1];
        b[i] = rgb[3 * i + 2];
    }
}

/* Unlike a matrix of levels, planes may hold anything: clamped before they become integers. */
SIMD_AVX2 static inline __m256 clamp(__m256 v)
{
    return _mm256_min_ps(_mm256_max_ps(v, _mm256_setzero_ps()), _mm256_set1_ps(255));
}

SIMD_AVX2 static inline void join(const float *r, const float *g, const float *b, uint8_t *rgb)
{
    struct levels_block v = { clamp(_mm256_loadu_ps(r)), clamp(_mm256_loadu_ps(g)),
                              clamp(_mm256_loadu_ps(b)) };
    block_store(v, rgb);
}

SIMD_AVX2 void levels_from_planes_avx2(const float *r, const float *g, const float *b, size_t n,
                                       uint8_t *rgb)
{
    size_t i = 0;
    for (; i + BLOCK_PIXELS <= n; i += BLOCK_PIXELS)
        join(r + i, g + i, b + i, rgb + 3 * i);
    float rest[3][BLOCK_PIXELS] = { 0 };
    uint8_t bytes[BLOCK_BYTES];
    memcpy(rest[0], r + i, (n - i) * sizeof(float));
    memcpy(rest[1], g + i, (n - i) * sizeof(float));
    memcpy(rest[2], b + i, (n - i) * sizeof(float));
    join(rest[0], rest[1], rest[2], bytes);
    memcpy(rgb + 3 * i, bytes, 3 * (n - i));
}

SIMD_AVX2 size_t levels_extremes_avx2(const uint8_t *rgb, size_t n, uint8_t low[3], uint8_t high[3])
{
    __m256i least[3], most[3];
    for (size_t v = 0; v < 3; v++) {
        least[v] = _mm256_set1_epi8(-1);
        most[v] = _mm256_setzero_si256();
    }
    size_t periods = 3 * n / PERIOD;
    for (size_t i = 0; i < periods; i++, rgb += PERIOD)
        for (size_t v = 0; v < 3; v++) {
            __m256i x = load(rgb + VECTOR * v);
            least[v] = _mm256_min_epu8(least[v], x);
            most[v] = _mm256_max_epu8(most[v], x);
        }
    uint8_t l[PERIOD], h[PERIOD];
    memcpy(l, least, sizeof(l));
    memcpy(h, most, sizeof(h));
    for (size_t i = 0; periods && i < PERIOD; i++) {
        low[i % 3] = l[i] < low[i % 3] ? l[i] : low[i % 3];
        high[i % 3] = h[i] > high[i % 3] ? h[i] : high[i % 3];
    }
    return periods * (PERIOD / 3);
}

/* Sixteen shuffles, each of which answers for sixteen levels: less 16 i, those are 0..15; adding
 * 112 with saturation sets the top bit of all others, for which the shuffle gives 0. */
SIMD_AVX2 static inline __m256i table1(__m256i v, const __m256i part[16])
{
    __m256i result = _mm256_setzero_si256();
    for (int i = 0; i < 16; i++) {
        __m256i at = _mm256_adds_epu8(v, _mm256_set1_epi8(112));
        result = _mm256_or_si256(result, _mm256_shuffle_epi8(part[i], at));
        v = _mm256_sub_epi8(v, _mm256_set1_epi8(16));
    }
    return result;
}

SIMD_AVX2 void levels_table1_avx2(const uint8_t *in, size_t bytes, const uint8_t table[256],
                                  uint8_t *out)
{
    __m256i part[16];
    for (int i = 0; i < 16; i++)
        part[i] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * i)));
    size_t i = 0;
    for (; i + VECTOR <= bytes; i += VECTOR)
        store(table1(load(in + i), part), out + i);
    for (; i < bytes; i++)
        out[i] = table[in[i]];
}
#endif
