/* Sixteen pixels, or 64 bytes, at a time; rests by masked loads and stores. */
#include "augment/levels_private.h"

#ifdef SIMD_X86
#include <immintrin.h>

enum { PIXELS = 16, VECTOR = 64 };

struct block {
    __m512 r, g, b;
};

/* Four pixels (12 bytes) to each quarter, then each channel's bytes to 32-bit places. */
SIMD_AVX512 static inline struct block split(__m512i v)
{
    const __m512i spread = _mm512_setr_epi32(0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11, 0);
    v = _mm512_permutexvar_epi32(spread, v);
    const __m512i red =
        _mm512_broadcast_i32x4(_mm_setr_epi32(~0xff | 0, ~0xff | 3, ~0xff | 6, ~0xff | 9));
    const __m512i green = _mm512_add_epi32(red, _mm512_set1_epi32(1)),
                  blue = _mm512_add_epi32(red, _mm512_set1_epi32(2));
    return (struct block){ _mm512_cvtepi32_ps(_mm512_shuffle_epi8(v, red)),
                           _mm512_cvtepi32_ps(_mm512_shuffle_epi8(v, green)),
                           _mm512_cvtepi32_ps(_mm512_shuffle_epi8(v, blue)) };
}

/* As block_round of levels_block.h. */
SIMD_AVX512 static inline __m512i to_integer(__m512 v)
{
    return _mm512_cvttps_epi32(_mm512_add_ps(v, _mm512_set1_ps(0.5f)));
}

/* 48 bytes and 16 of nothing. */
SIMD_AVX512 static inline __m512i join(struct block v)
{
    __m512i rg = _mm512_packs_epi32(to_integer(v.r), to_integer(v.g));
    __m512i b = _mm512_packs_epi32(to_integer(v.b), _mm512_setzero_si512());
    __m512i all = _mm512_packus_epi16(rg, b);
    const __m512i mix =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, -1, -1, -1, -1));
    const __m512i order = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, _mm512_shuffle_epi8(all, mix));
}

SIMD_AVX512 static inline __m512 row(const float pixel[3], float offset, struct block v)
{
    __m512 x = _mm512_mul_ps(_mm512_set1_ps(pixel[0]), v.r);
    x = _mm512_add_ps(x, _mm512_mul_ps(_mm512_set1_ps(pixel[1]), v.g));
    x = _mm512_add_ps(x, _mm512_mul_ps(_mm512_set1_ps(pixel[2]), v.b));
    return _mm512_add_ps(x, _mm512_set1_ps(offset));
}

SIMD_AVX512 static inline __m512i matrix(const struct color_matrix *m, __m512i rgb)
{
    struct block v = split(rgb);
    return join((struct block){ row(m->pixel[0], m->offset[0], v),
                                row(m->pixel[1], m->offset[1], v),
                                row(m->pixel[2], m->offset[2], v) });
}

/* Whole vectors are read while there are 64 bytes; masked stores are slow, so 48 bytes go out as 32
 * and 16. */
SIMD_AVX512 void levels_matrix_avx512(const struct color_matrix *m, const uint8_t *in, size_t n,
                                      uint8_t *out)
{
    const struct color_matrix own = *m; /* `out` cannot change it */
    size_t bytes = 3 * n, i = 0;
    for (; i + VECTOR <= bytes; i += 3 * PIXELS) {
        __m512i v = matrix(&own, _mm512_loadu_si512(in + i));
        _mm256_storeu_si256((__m256i *)(out + i), _mm512_castsi512_si256(v));
        _mm_storeu_si128((__m128i *)(out + i + 32), _mm512_extracti32x4_epi32(v, 2));
    }
    for (; i < bytes; i += 3 * PIXELS) {
        size_t some = bytes - i < 3 * PIXELS ? bytes - i : 3 * PIXELS;
        __mmask64 mask = ((__mmask64)1 << some) - 1;
        _mm512_mask_storeu_epi8(out + i, mask, matrix(&own, _mm512_maskz_loadu_epi8(mask, in + i)));
    }
}

SIMD_VBMI static inline __mmask64 rest_of(size_t bytes)
{
    return bytes < VECTOR ? ((__mmask64)1 << bytes) - 1 : ~(__mmask64)0;
}

SIMD_VBMI void levels_table1_vbmi(const uint8_t *in, size_t bytes, const uint8_t table[256],
                                  uint8_t *out)
{
    __m512i t[4];
    for (int i = 0; i < 4; i++)
        t[i] = _mm512_loadu_si512(table + 64 * i);
    for (size_t i = 0; i < bytes; i += VECTOR) {
        __mmask64 some = rest_of(bytes - i);
        __m512i v = _mm512_maskz_loadu_epi8(some, in + i);
        __m512i low = _mm512_permutex2var_epi8(t[0], v, t[1]),
                high = _mm512_permutex2var_epi8(t[2], v, t[3]);
        _mm512_mask_storeu_epi8(out + i, some,
                                _mm512_mask_blend_epi8(_mm512_movepi8_mask(v), low, high));
    }
}

/* Each lookup answers for its own places and leaves the others, which are still levels. */
SIMD_VBMI void levels_table3_vbmi(const uint8_t *in, size_t bytes, const uint8_t table[3][256],
                                  uint8_t *out)
{
    __m512i t[3][4];
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 4; i++)
            t[c][i] = _mm512_loadu_si512(table[c] + 64 * i);
    /* Places of R, G and B in a vector that begins with R; 64 bytes on it begins with G. */
    __mmask64 place[3] = { 0x9249249249249249, 0x2492492492492492, 0x4924924924924924 };
    for (size_t i = 0; i < bytes; i += VECTOR) {
        __mmask64 some = rest_of(bytes - i);
        __m512i v = _mm512_maskz_loadu_epi8(some, in + i);
        __mmask64 high = _mm512_movepi8_mask(v);
        for (int c = 0; c < 3; c++) {
            v = _mm512_mask2_permutex2var_epi8(t[c][0], v, place[c] & ~high, t[c][1]);
            v = _mm512_mask2_permutex2var_epi8(t[c][2], v, place[c] & high, t[c][3]);
        }
        _mm512_mask_storeu_epi8(out + i, some, v);
        __mmask64 first = place[0];
        place[0] = place[2];
        place[2] = place[1];
        place[1] = first;
    }
}
#endif
