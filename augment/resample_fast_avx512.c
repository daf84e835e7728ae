/* The fast resampler's passes as in resample_fast_avx2.c with 512-bit registers: four rows at once,
 * 64 bytes of a column. */
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

SIMD_AVX512 static inline __m512i add_taps(__m512i sum, __m512i values, const struct tap_pair *w)
{
    return _mm512_add_epi32(sum, _mm512_madd_epi16(values, both(w->low)));
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
    __m512i sum = _mm512_set1_epi32(1 << (FAST_BITS - FAST_POINT - 1));
    int j = 0;
    do {
        __m512i v = load_rows(in, at);
        sum = add_taps(sum, _mm512_shuffle_epi8(v, first), w);
        if (most > 2)
            sum = add_taps(sum, _mm512_shuffle_epi8(v, second), w + 1);
        w += 2;
        at += 12;
        j += 4;
    } while (most > 4 && j < x->count[o]);
    return _mm512_srai_epi32(sum, FAST_BITS - FAST_POINT);
}

/* Two output pixels of four rows: six values in each quarter. */
SIMD_AVX512 static SIMD_INLINE __m512i row_pair(const struct rows *in, const struct axis_filter *x,
                                                int o, int most)
{
    const __m512i dense = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
    __m512i v = _mm512_packs_epi32(row_output(in, x, o, most), row_output(in, x, o + 1, most));
    v = _mm512_max_epi16(v, _mm512_setzero_si512());
    v = _mm512_min_epi16(v, _mm512_set1_epi16(FAST_MAX));
    return _mm512_shuffle_epi8(v, dense);
}

/* `most` is a constant: 2 and 4 taps need no loop. */
SIMD_AVX512 static SIMD_INLINE void row_outputs(const uint8_t *const in[PASS_ROWS],
                                                struct axis_filter x, int width,
                                                int16_t *const out[PASS_ROWS], int most)
{
    const struct rows rows = { in[0], in[1], in[2], in[3] };
    int16_t *a = out[0], *b = out[1], *c = out[2], *d = out[3];
    for (int i = 0; i < width; i += 2) {
        int o = i + 2 <= width ? i : width - 2; /* the rest, with a pixel done twice */
        __m512i v = row_pair(&rows, &x, o, most);
        size_t to = 3 * (size_t)o;
        _mm_storeu_si128((__m128i *)(a + to), _mm512_castsi512_si128(v));
        _mm_storeu_si128((__m128i *)(b + to), _mm512_extracti32x4_epi32(v, 1));
        _mm_storeu_si128((__m128i *)(c + to), _mm512_extracti32x4_epi32(v, 2));
        _mm_storeu_si128((__m128i *)(d + to), _mm512_extracti32x4_epi32(v, 3));
    }
}

SIMD_AVX512 void fast_rows_avx512(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x,
                                  int width, int16_t *const out[PASS_ROWS])
{
    if (x->most <= 2)
        row_outputs(in, *x, width, out, 2);
    else if (x->most <= 4)
        row_outputs(in, *x, width, out, 4);
    else
        row_outputs(in, *x, width, out, x->most);
}

/* 32 values, of two rows interleaved for the multiply-add. */
SIMD_AVX512 static inline void add_values(__m512i sum[2], __m512i a, __m512i b,
                                          const struct tap_pair *w)
{
    sum[0] = add_taps(sum[0], _mm512_unpacklo_epi16(a, b), w);
    sum[1] = add_taps(sum[1], _mm512_unpackhi_epi16(a, b), w);
}

SIMD_AVX512 static inline __m512i finish(const __m512i sum[2])
{
    return _mm512_packs_epi32(_mm512_srai_epi32(sum[0], FAST_BITS + FAST_POINT),
                              _mm512_srai_epi32(sum[1], FAST_BITS + FAST_POINT));
}

/* 64 bytes of an output row. */
SIMD_AVX512 static inline void column_block(const int16_t *in, size_t stride, int count,
                                            const struct tap_pair *w, uint8_t *out)
{
    const __m512i half = _mm512_set1_epi32(1 << (FAST_BITS + FAST_POINT - 1));
    const __m512i in_order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    __m512i left[2] = { half, half }, right[2] = { half, half };
    for (int j = 0; j < count; j += 2, w++, in += 2 * stride) {
        const int16_t *next = j + 1 < count ? in + stride : in;
        add_values(left, _mm512_loadu_si512(in), _mm512_loadu_si512(next), w);
        add_values(right, _mm512_loadu_si512(in + 32), _mm512_loadu_si512(next + 32), w);
    }
    __m512i v = _mm512_packus_epi16(finish(left), finish(right));
    _mm512_storeu_si512(out, _mm512_permutexvar_epi64(in_order, v));
}

SIMD_AVX512 void fast_column_avx512(const int16_t *in, size_t stride, const struct axis_filter *y,
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
