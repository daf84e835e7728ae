/* Eight interleaved RGB pixels as eight floats of each channel, for AVX2 kernels. */
#ifndef TENFOLD_AUGMENT_LEVELS_BLOCK_H
#define TENFOLD_AUGMENT_LEVELS_BLOCK_H

#include <stdint.h>

#include "base/simd.h"

#ifdef SIMD_X86
#include <immintrin.h>

enum { BLOCK_PIXELS = 8, BLOCK_BYTES = 24 };

struct levels_block {
    __m256 r, g, b;
};

/* Reads the 24 bytes as two overlapping halves of 16, so that nothing beyond them is touched. */
SIMD_AVX2 static inline struct levels_block block_load(const uint8_t *rgb)
{
    __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)rgb));
    v = _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(rgb + 8)), 1);
    const __m256i one = _mm256_set1_epi32(1);
    /* Bytes 0, 3, 6, 9 of the first half; 12, 15, 18, 21 begin at byte 4 of the second. */
    const __m256i red = _mm256_setr_epi32(~0xff | 0, ~0xff | 3, ~0xff | 6, ~0xff | 9, ~0xff | 4,
                                          ~0xff | 7, ~0xff | 10, ~0xff | 13);
    const __m256i green = _mm256_add_epi32(red, one), blue = _mm256_add_epi32(green, one);
    return (struct levels_block){ _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, red)),
                                  _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, green)),
                                  _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, blue)) };
}

/* v + 0.5 toward zero; the packing behind it clamps, so |v| must be below 2^31. */
SIMD_AVX2 static inline __m256i block_round(__m256 v)
{
    return _mm256_cvttps_epi32(_mm256_add_ps(v, _mm256_set1_ps(0.5f)));
}

SIMD_AVX2 static inline void block_store(struct levels_block v, uint8_t *rgb)
{
    __m256i rg = _mm256_packs_epi32(block_round(v.r), block_round(v.g));
    __m256i b = _mm256_packs_epi32(block_round(v.b), _mm256_setzero_si256());
    __m256i all = _mm256_packus_epi16(rg, b); /* in each half four of R, of G, of B */
    const __m256i mix = _mm256_setr_epi8(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, -1, -1, -1, -1, 0, 4,
                                         8, 1, 5, 9, 2, 6, 10, 3, 7, 11, -1, -1, -1, -1);
    all = _mm256_shuffle_epi8(all, mix);
    __m128i low = _mm256_castsi256_si128(all), high = _mm256_extracti128_si256(all, 1);
    _mm_storeu_si128((__m128i *)rgb, _mm_or_si128(low, _mm_slli_si128(high, 12)));
    _mm_storel_epi64((__m128i *)(rgb + 16), _mm_srli_si128(high, 4));
}
#endif

#endif
