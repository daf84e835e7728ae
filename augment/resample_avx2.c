/*
 * The exact resampler's passes with 256-bit registers. Weights have 23 bits and multipliers 16, so
 * a weight comes in two parts (struct tap_pair) and its products are summed apart until the end:
 * a multiply-add instruction takes two taps at once. Integer sums: the same bits as the plain
 * twins' in any order.
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

/* 16 bytes of two rows: five pixels in each half. */
SIMD_AVX2 static inline __m256i load_rows(const uint8_t *a, const uint8_t *b)
{
    __m256i low = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a));
    return _mm256_inserti128_si256(low, _mm_loadu_si128((const __m128i *)b), 1);
}

struct sums {
    __m256i low, high;
};

SIMD_AVX2 static inline struct sums add_taps(struct sums s, __m256i levels,
                                             const struct tap_pair *w)
{
    s.low = _mm256_add_epi32(s.low, _mm256_madd_epi16(levels, both(w->low)));
    s.high = _mm256_add_epi32(s.high, _mm256_madd_epi16(levels, both(w->high)));
    return s;
}

SIMD_AVX2 static inline __m256i finish(struct sums s)
{
    return _mm256_srai_epi32(_mm256_add_epi32(s.low, _mm256_slli_epi32(s.high, 16)), EXACT_BITS);
}

SIMD_AVX2 static inline struct sums start(void)
{
    return (struct sums){ _mm256_set1_epi32(1 << (EXACT_BITS - 1)), _mm256_setzero_si256() };
}

/* One output pixel of two rows: R, G, B and nothing in 32 bits each. The masks take a channel of
 * two neighboring pixels into one multiply-add. */
SIMD_AVX2 static SIMD_INLINE __m256i row_output(const uint8_t *a, const uint8_t *b,
                                                const struct axis_filter *x, int o, int most)
{
    const __m256i first = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i second = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    const struct tap_pair *w = x->pair + (size_t)o * (size_t)x->taps / 2;
    size_t at = 3 * (size_t)x->first[o];
    __m256i v = load_rows(a + at, b + at);
    struct sums s = add_taps(start(), _mm256_shuffle_epi8(v, first), w);
    if (most <= 2)
        return finish(s);
    s = add_taps(s, _mm256_shuffle_epi8(v, second), w + 1);
    if (most <= 4)
        return finish(s);
    for (int j = 4; j < x->count[o]; j += 4) {
        w += 2;
        at += 12;
        v = load_rows(a + at, b + at);
        s = add_taps(s, _mm256_shuffle_epi8(v, first), w);
        s = add_taps(s, _mm256_shuffle_epi8(v, second), w + 1);
    }
    return finish(s);
}

/* Two rows. `most` is a constant: 2 and 4 taps need no loop. */
SIMD_AVX2 static SIMD_INLINE void row_outputs(const uint8_t *a, const uint8_t *b,
                                              struct axis_filter x, int width, uint8_t *to_a,
                                              uint8_t *to_b, int most)
{
    const __m256i dense = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    for (int i = 0; i < width; i += 4) {
        int o = i + 4 <= width ? i : width - 4; /* the rest, with some pixels done twice */
        __m256i v01 =
            _mm256_packs_epi32(row_output(a, b, &x, o, most), row_output(a, b, &x, o + 1, most));
        __m256i v23 = _mm256_packs_epi32(row_output(a, b, &x, o + 2, most),
                                         row_output(a, b, &x, o + 3, most));
        __m256i v = _mm256_shuffle_epi8(_mm256_packus_epi16(v01, v23), dense);
        size_t to = 3 * (size_t)o;
        _mm_storeu_si128((__m128i *)(to_a + to), _mm256_castsi256_si128(v));
        _mm_storeu_si128((__m128i *)(to_b + to), _mm256_extracti128_si256(v, 1));
    }
}

SIMD_AVX2 void exact_rows_avx2(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x,
                               int width, uint8_t *const out[PASS_ROWS])
{
    for (int i = 0; i < PASS_ROWS; i += 2)
        if (x->most <= 2)
            row_outputs(in[i], in[i + 1], *x, width, out[i], out[i + 1], 2);
        else if (x->most <= 4)
            row_outputs(in[i], in[i + 1], *x, width, out[i], out[i + 1], 4);
        else
            row_outputs(in[i], in[i + 1], *x, width, out[i], out[i + 1], x->most);
}

/* 32 bytes of an output row, in four registers of sums: byte unpacking interleaves two rows' levels
 * for the multiply-add, and packing undoes it. */
SIMD_AVX2 static inline void column_block(const uint8_t *in, size_t stride, int count,
                                          const struct tap_pair *w, uint8_t *out)
{
    const __m256i zero = _mm256_setzero_si256();
    struct sums s0 = start(), s1 = s0, s2 = s0, s3 = s0;
    for (int j = 0; j < count; j += 2, w++, in += 2 * stride) {
        __m256i a = _mm256_loadu_si256((const __m256i *)in), b = a;
        if (j + 1 < count)
            b = _mm256_loadu_si256((const __m256i *)(in + stride));
        __m256i low = _mm256_unpacklo_epi8(a, b), high = _mm256_unpackhi_epi8(a, b);
        s0 = add_taps(s0, _mm256_unpacklo_epi8(low, zero), w);
        s1 = add_taps(s1, _mm256_unpackhi_epi8(low, zero), w);
        s2 = add_taps(s2, _mm256_unpacklo_epi8(high, zero), w);
        s3 = add_taps(s3, _mm256_unpackhi_epi8(high, zero), w);
    }
    __m256i low = _mm256_packs_epi32(finish(s0), finish(s1));
    __m256i high = _mm256_packs_epi32(finish(s2), finish(s3));
    _mm256_storeu_si256((__m256i *)out, _mm256_packus_epi16(low, high));
}

SIMD_AVX2 void exact_column_avx2(const uint8_t *in, size_t stride, const struct axis_filter *y,
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
