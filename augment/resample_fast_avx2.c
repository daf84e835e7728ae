/*
 * The fast resampler's passes with 256-bit registers, as in resample_avx2.c. Its weights are 16
 * bits and all in a tap pair's low parts: one multiply-add for two taps. Integer sums: the same
 * bits as the plain twins' in any order.
 */
#include "augment/resample_private.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <string.h>

SIMD_AVX2 static inline __m256i both(const int16_t pair[2])
{
    int32_t bits;
    memcpy(&bits, pair, sizeof(bits));
    return _mm256_set1_epi32(bits);
}

SIMD_AVX2 static inline __m256i add_taps(__m256i sum, __m256i values, const struct tap_pair *w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(values, both(w->low)));
}

/* 16 bytes of two rows: five pixels in each half. */
SIMD_AVX2 static inline __m256i load_rows(const uint8_t *a, const uint8_t *b)
{
    __m256i low = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a));
    return _mm256_inserti128_si256(low, _mm_loadu_si128((const __m128i *)b), 1);
}

/* One output pixel of two rows: R, G, B and nothing in 32 bits each. */
SIMD_AVX2 static SIMD_INLINE __m256i row_output(const uint8_t *a, const uint8_t *b,
                                                const struct axis_filter *x, int o, int most)
{
    const __m256i first = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i second = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    const struct tap_pair *w = x->pair + (size_t)o * (size_t)x->taps / 2;
    size_t at = 3 * (size_t)x->first[o];
    __m256i sum = _mm256_set1_epi32(1 << (FAST_BITS - FAST_POINT - 1));
    int j = 0;
    do {
        __m256i v = load_rows(a + at, b + at);
        sum = add_taps(sum, _mm256_shuffle_epi8(v, first), w);
        if (most > 2)
            sum = add_taps(sum, _mm256_shuffle_epi8(v, second), w + 1);
        w += 2;
        at += 12;
        j += 4;
    } while (most > 4 && j < x->count[o]);
    return _mm256_srai_epi32(sum, FAST_BITS - FAST_POINT);
}

/* Two output pixels of two rows: six values in each half. */
SIMD_AVX2 static SIMD_INLINE __m256i row_pair(const uint8_t *a, const uint8_t *b,
                                              const struct axis_filter *x, int o, int most)
{
    const __m256i dense = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
    __m256i v = _mm256_packs_epi32(row_output(a, b, x, o, most), row_output(a, b, x, o + 1, most));
    v = _mm256_max_epi16(v, _mm256_setzero_si256());
    v = _mm256_min_epi16(v, _mm256_set1_epi16(FAST_MAX));
    return _mm256_shuffle_epi8(v, dense);
}

SIMD_AVX2 static inline void store_rows(__m256i v, int16_t *a, int16_t *b)
{
    _mm_storeu_si128((__m128i *)a, _mm256_castsi256_si128(v));
    _mm_storeu_si128((__m128i *)b, _mm256_extracti128_si256(v, 1));
}

/* Two rows. `most` is a constant: 2 and 4 taps need no loop. */
SIMD_AVX2 static SIMD_INLINE void row_outputs(const uint8_t *a, const uint8_t *b,
                                              struct axis_filter x, int width, int16_t *to_a,
                                              int16_t *to_b, int most)
{
    for (int i = 0; i < width; i += 2) {
        int o = i + 2 <= width ? i : width - 2; /* the rest, with a pixel done twice */
        size_t to = 3 * (size_t)o;
        store_rows(row_pair(a, b, &x, o, most), to_a + to, to_b + to);
    }
}

SIMD_AVX2 void fast_rows_avx2(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x,
                              int width, int16_t *const out[PASS_ROWS])
{
    for (int i = 0; i < PASS_ROWS; i += 2)
        if (x->most <= 2)
            row_outputs(in[i], in[i + 1], *x, width, out[i], out[i + 1], 2);
        else if (x->most <= 4)
            row_outputs(in[i], in[i + 1], *x, width, out[i], out[i + 1], 4);
        else
            row_outputs(in[i], in[i + 1], *x, width, out[i], out[i + 1], x->most);
}

/* 16 values, of two rows interleaved for the multiply-add. */
SIMD_AVX2 static inline void add_values(__m256i sum[2], __m256i a, __m256i b,
                                        const struct tap_pair *w)
{
    sum[0] = add_taps(sum[0], _mm256_unpacklo_epi16(a, b), w);
    sum[1] = add_taps(sum[1], _mm256_unpackhi_epi16(a, b), w);
}

SIMD_AVX2 static inline __m256i finish(const __m256i sum[2])
{
    return _mm256_packs_epi32(_mm256_srai_epi32(sum[0], FAST_BITS + FAST_POINT),
                              _mm256_srai_epi32(sum[1], FAST_BITS + FAST_POINT));
}

/* 32 bytes of an output row. */
SIMD_AVX2 static inline void column_block(const int16_t *in, size_t stride, int count,
                                          const struct tap_pair *w, uint8_t *out)
{
    const __m256i half = _mm256_set1_epi32(1 << (FAST_BITS + FAST_POINT - 1));
    __m256i left[2] = { half, half }, right[2] = { half, half };
    for (int j = 0; j < count; j += 2, w++, in += 2 * stride) {
        const int16_t *next = j + 1 < count ? in + stride : in;
        add_values(left, _mm256_loadu_si256((const __m256i *)in),
                   _mm256_loadu_si256((const __m256i *)next), w);
        add_values(right, _mm256_loadu_si256((const __m256i *)(in + 16)),
                   _mm256_loadu_si256((const __m256i *)(next + 16)), w);
    }
    __m256i v = _mm256_packus_epi16(finish(left), finish(right));
    _mm256_storeu_si256((__m256i *)out, _mm256_permute4x64_epi64(v, 0xd8));
}

SIMD_AVX2 void fast_column_avx2(const int16_t *in, size_t stride, const struct axis_filter *y,
                                int o, size_t n, uint8_t *out)
{
    const struct tap_pair *w = y->pair + (size_t)o * (size_t)y->taps / 2;
    size_t i = 0;
    for (; i + 32 <= n; i += 32)
        column_block(in + i, stride, y->count[o], w, out + i);
    if (i < n) /* the rest, with some bytes done twice */
        column_block(in + n - 32, stride, y->count[o], w, out + n - 32);
}
#endif
