/* The exact resampler's passes as in resample_avx2.c with 512-bit registers: four rows at once, 64
 * bytes of a column. */
#include "augment/resample_private.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <string.h>

struct rows {
    const uint8_t *a, *b, *c, *d;
};

SIMD_AVX512 static inline __m512i both(const int16_t pair[2])
{
    int32_t bits;
    memcpy(&bits, pair, sizeof(bits));
    return _mm512_set1_epi32(bits);
}

SIMD_AVX512 static inline __m128i load16(const uint8_t *bytes)
{
    return _mm_loadu_si128((const __m128i *)bytes);
}

/* 16 bytes of four rows: five pixels in each quarter. */
SIMD_AVX512 static inline __m512i load_rows(const struct rows *in, size_t at)
{
    __m512i v = _mm512_castsi128_si512(load16(in->a + at));
    v = _mm512_inserti32x4(v, load16(in->b + at), 1);
    v = _mm512_inserti32x4(v, load16(in->c + at), 2);
    return _mm512_inserti32x4(v, load16(in->d + at), 3);
}

struct sums {
    __m512i low, high;
};

SIMD_AVX512 static inline struct sums add_taps(struct sums s, __m512i levels,
                                               const struct tap_pair *w)
{
    s.low = _mm512_add_epi32(s.low, _mm512_madd_epi16(levels, both(w->low)));
    s.high = _mm512_add_epi32(s.high, _mm512_madd_epi16(levels, both(w->high)));
    return s;
}

SIMD_AVX512 static inline __m512i finish(struct sums s)
{
    return _mm512_srai_epi32(_mm512_add_epi32(s.low, _mm512_slli_epi32(s.high, 16)), EXACT_BITS);
}

SIMD_AVX512 static inline struct sums start(void)
{
    return (struct sums){ _mm512_set1_epi32(1 << (EXACT_BITS - 1)), _mm512_setzero_si512() };
}

/* One output pixel of four rows: R, G, B and nothing in 32 bits each. */
SIMD_AVX512 static SIMD_INLINE __m512i row_output(const struct rows *in,
                                                  const struct axis_filter *x, int o, int most)
{
    const __m512i first = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m512i second = _mm512_broadcast_i32x4(
        _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    const struct tap_pair *w = x->pair + (size_t)o * (size_t)x->taps / 2;
    size_t at = 3 * (size_t)x->first[o];
    __m512i v = load_rows(in, at);
    struct sums s = add_taps(start(), _mm512_shuffle_epi8(v, first), w);
    if (most <= 2)
        return finish(s);
    s = add_taps(s, _mm512_shuffle_epi8(v, second), w + 1);
    if (most <= 4)
        return finish(s);
    for (int j = 4; j < x->count[o]; j += 4) {
        w += 2;
        at += 12;
        v = load_rows(in, at);
        s = add_taps(s, _mm512_shuffle_epi8(v, first), w);
        s = add_taps(s, _mm512_shuffle_epi8(v, second), w + 1);
    }
    return finish(s);
}

/* `most` is a constant: 2 and 4 taps need no loop. */
SIMD_AVX512 static SIMD_INLINE void row_outputs(const uint8_t *const in[PASS_ROWS],
                                                struct axis_filter x, int width,
                                                uint8_t *const out[PASS_ROWS], int most)
{
    const __m512i dense = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    const struct rows rows = { in[0], in[1], in[2], in[3] };
    uint8_t *a = out[0], *b = out[1], *c = out[2], *d = out[3];
    for (int i = 0; i < width; i += 4) {
        int o = i + 4 <= width ? i : width - 4; /* the rest, with some pixels done twice */
        __m512i v01 =
            _mm512_packs_epi32(row_output(&rows, &x, o, most), row_output(&rows, &x, o + 1, most));
        __m512i v23 = _mm512_packs_epi32(row_output(&rows, &x, o + 2, most),
                                         row_output(&rows, &x, o + 3, most));
        __m512i bytes = _mm512_shuffle_epi8(_mm512_packus_epi16(v01, v23), dense);
        size_t to = 3 * (size_t)o;
        _mm_storeu_si128((__m128i *)(a + to), _mm512_castsi512_si128(bytes));
        _mm_storeu_si128((__m128i *)(b + to), _mm512_extracti32x4_epi32(bytes, 1));
        _mm_storeu_si128((__m128i *)(c + to), _mm512_extracti32x4_epi32(bytes, 2));
        _mm_storeu_si128((__m128i *)(d + to), _mm512_extracti32x4_epi32(bytes, 3));
    }
}

SIMD_AVX512 void exact_rows_avx512(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x,
                                   int width, uint8_t *const out[PASS_ROWS])
{
    if (x->most <= 2)
        row_outputs(in, *x, width, out, 2);
    else if (x->most <= 4)
        row_outputs(in, *x, width, out, 4);
    else
        row_outputs(in, *x, width, out, x->most);
}

SIMD_AVX512 static inline void column_block(const uint8_t *in, size_t stride, int count,
                                            const struct tap_pair *w, uint8_t *out)
{
    const __m512i zero = _mm512_setzero_si512();
    struct sums s0 = start(), s1 = s0, s2 = s0, s3 = s0;
    for (int j = 0; j < count; j += 2, w++, in += 2 * stride) {
        __m512i a = _mm512_loadu_si512(in), b = a;
        if (j + 1 < count)
            b = _mm512_loadu_si512(in + stride);
        __m512i low = _mm512_unpacklo_epi8(a, b), high = _mm512_unpackhi_epi8(a, b);
        s0 = add_taps(s0, _mm512_unpacklo_epi8(low, zero), w);
        s1 = add_taps(s1, _mm512_unpackhi_epi8(low, zero), w);
        s2 = add_taps(s2, _mm512_unpacklo_epi8(high, zero), w);
        s3 = add_taps(s3, _mm512_unpackhi_epi8(high, zero), w);
    }
    __m512i low = _mm512_packs_epi32(finish(s0), finish(s1));
    __m512i high = _mm512_packs_epi32(finish(s2), finish(s3));
    _mm512_storeu_si512(out, _mm512_packus_epi16(low, high));
}

SIMD_AVX512 void exact_column_avx512(const uint8_t *in, size_t stride, const struct axis_filter *y,
                                     int o, size_t n, uint8_t *out)
{
    const struct tap_pair *w = y->pair + (size_t)o * (size_t)y->taps / 2;
    size_t i = 0;
    for (; i + 64 <= n; i += 64)
        column_block(in + i, stride, y->count[o], w, out + i);
    if (i < n) /* the rest, with some bytes done twice */
        column_block(in + n - 64, stride, y->count[o], w, out + n - 64);
}
#endif
