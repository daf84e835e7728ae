/*
 * store_pixels, eight pixels at a time. Their 24 bytes are read as two overlapping halves of 16, so
 * that nothing beyond them is touched, and shuffled into eight 32-bit levels a channel. A row's
 * rest is done by a block that overlaps the last whole one.
 */
#include "augment/store_private.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <string.h>

/* Eight values of each channel. */
struct block {
    __m256 r, g, b;
};

/* Where channel R's levels of four pixels are in each half, for both orders of pixels. */
struct order {
    __m256i red;      /* G and B are one and two bytes on */
    size_t low, high; /* of the two halves, in bytes from the first pixel */
};

SIMD_AVX2 static inline struct order pixel_order(bool mirror)
{
    struct order o = { .low = 0, .high = 8 };
    o.red = _mm256_setr_epi32(~0xff | 0, ~0xff | 3, ~0xff | 6, ~0xff | 9, ~0xff | 4, ~0xff | 7,
                              ~0xff | 10, ~0xff | 13);
    if (mirror) {
        o.red = _mm256_setr_epi32(~0xff | 13, ~0xff | 10, ~0xff | 7, ~0xff | 4, ~0xff | 9,
                                  ~0xff | 6, ~0xff | 3, ~0xff | 0);
        o.low = 8;
        o.high = 0;
    }
    return o;
}

SIMD_AVX2 static inline struct block load_block(const uint8_t *rgb, const struct order *o)
{
    __m256i v = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(rgb + o->low)));
    v = _mm256_inserti128_si256(v, _mm_loadu_si128((const __m128i *)(rgb + o->high)), 1);
    const __m256i one = _mm256_set1_epi32(1);
    __m256i green = _mm256_add_epi32(o->red, one), blue = _mm256_add_epi32(green, one);
    return (struct block){ _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, o->red)),
                           _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, green)),
                           _mm256_cvtepi32_ps(_mm256_shuffle_epi8(v, blue)) };
}

SIMD_AVX2 static inline __m256 color(const float pixel[3], float offset, struct block v)
{
    __m256 x = _mm256_mul_ps(_mm256_set1_ps(pixel[0]), v.r);
    x = _mm256_add_ps(x, _mm256_mul_ps(_mm256_set1_ps(pixel[1]), v.g));
    x = _mm256_add_ps(x, _mm256_mul_ps(_mm256_set1_ps(pixel[2]), v.b));
    x = _mm256_add_ps(x, _mm256_set1_ps(offset));
    return _mm256_min_ps(_mm256_max_ps(x, _mm256_setzero_ps()), _mm256_set1_ps(255));
}

SIMD_AVX2 static inline struct block color_block(const struct color_matrix *m, struct block v)
{
    return (struct block){ color(m->pixel[0], m->offset[0], v), color(m->pixel[1], m->offset[1], v),
                           color(m->pixel[2], m->offset[2], v) };
}

SIMD_AVX2 static inline __m256 normalize(const struct store *s, int c, __m256 v)
{
    return _mm256_add_ps(_mm256_mul_ps(v, _mm256_set1_ps(s->scale[c])),
                         _mm256_set1_ps(s->shift[c]));
}

SIMD_AVX2 static inline struct block normalize_block(const struct store *s, struct block v)
{
    return (struct block){ normalize(s, 0, v.r), normalize(s, 1, v.g), normalize(s, 2, v.b) };
}

#define PICK(a, b, c, d) _MM_SHUFFLE(d, c, b, a)

/* In each half r0 g0 b0 r1, g1 b1 r2 g2, b2 r3 g3 b3; then the first halves before the second. */
SIMD_AVX2 static inline void put_interleaved(struct block v, float *out)
{
    __m256 rg_low = _mm256_unpacklo_ps(v.r, v.g), rg_high = _mm256_unpackhi_ps(v.r, v.g);
    __m256 b0r1 = _mm256_shuffle_ps(v.b, v.r, PICK(0, 0, 1, 1));
    __m256 g1b1 = _mm256_shuffle_ps(v.g, v.b, PICK(1, 1, 1, 1));
    __m256 b2r3 = _mm256_shuffle_ps(v.b, rg_high, PICK(2, 2, 2, 2));
    __m256 g3b3 = _mm256_shuffle_ps(v.g, v.b, PICK(3, 3, 3, 3));
    __m256 first = _mm256_shuffle_ps(rg_low, b0r1, PICK(0, 1, 0, 2));
    __m256 second = _mm256_shuffle_ps(g1b1, rg_high, PICK(0, 2, 0, 1));
    __m256 third = _mm256_shuffle_ps(b2r3, g3b3, PICK(0, 2, 0, 2));
    _mm256_storeu_ps(out, _mm256_permute2f128_ps(first, second, 0x20));
    _mm256_storeu_ps(out + 8, _mm256_permute2f128_ps(third, first, 0x30));
    _mm256_storeu_ps(out + 16, _mm256_permute2f128_ps(second, third, 0x31));
}

SIMD_AVX2 static inline __m128i to_half(__m256 v)
{
    return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
}

/* As bfloat_from_floats. */
SIMD_AVX2 static inline __m128i to_bfloat(__m256 v)
{
    __m256i bits = _mm256_castps_si256(v), top = _mm256_srli_epi32(bits, 16);
    __m256i odd = _mm256_and_si256(top, _mm256_set1_epi32(1));
    __m256i sum = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    __m256i quiet = _mm256_or_si256(top, _mm256_set1_epi32(0x40));
    __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    __m256i r = _mm256_blendv_epi8(_mm256_srli_epi32(sum, 16), quiet, nan);
    r = _mm256_permute4x64_epi64(_mm256_packus_epi32(r, r), PICK(0, 2, 0, 2));
    return _mm256_castsi256_si128(r);
}

/* 16 of the 48 bytes of eight interleaved pixels; masks name bytes of r, g and b, or none. */
SIMD_AVX2 static inline void put_third(__m128i r, __m128i g, __m128i b, const __m128i mask[3],
                                       uint16_t *out)
{
    __m128i rg = _mm_or_si128(_mm_shuffle_epi8(r, mask[0]), _mm_shuffle_epi8(g, mask[1]));
    _mm_storeu_si128((__m128i *)out, _mm_or_si128(rg, _mm_shuffle_epi8(b, mask[2])));
}

/* Of 16-bit places 8 third ... 8 third + 7, place i holds channel i % 3 of pixel i / 3. */
#define AT(i, channel) ((i) % 3 == (channel) ? (short)((i) / 3 * 0x202 + 0x100) : (short)-1)
#define MASK(channel, third)                                                                       \
    _mm_setr_epi16(AT(8 * (third), channel), AT(8 * (third) + 1, channel),                         \
                   AT(8 * (third) + 2, channel), AT(8 * (third) + 3, channel),                     \
                   AT(8 * (third) + 4, channel), AT(8 * (third) + 5, channel),                     \
                   AT(8 * (third) + 6, channel), AT(8 * (third) + 7, channel))

SIMD_AVX2 static inline void put_shorts(const struct store *s, __m128i r, __m128i g, __m128i b,
                                        size_t at, uint16_t *out)
{
    if (s->form.layout == LAYOUT_NCHW) {
        _mm_storeu_si128((__m128i *)(out + at), r);
        _mm_storeu_si128((__m128i *)(out + s->plane + at), g);
        _mm_storeu_si128((__m128i *)(out + 2 * s->plane + at), b);
        return;
    }
    const __m128i first[3] = { MASK(0, 0), MASK(1, 0), MASK(2, 0) };
    const __m128i second[3] = { MASK(0, 1), MASK(1, 1), MASK(2, 1) };
    const __m128i third[3] = { MASK(0, 2), MASK(1, 2), MASK(2, 2) };
    put_third(r, g, b, first, out + 3 * at);
    put_third(r, g, b, second, out + 3 * at + 8);
    put_third(r, g, b, third, out + 3 * at + 16);
}

SIMD_AVX2 static inline __m256i to_level(__m256 v)
{
    return _mm256_cvttps_epi32(_mm256_add_ps(v, _mm256_set1_ps(0.5f)));
}

SIMD_AVX2 static inline void put_levels(const struct store *s, struct block v, size_t at,
                                        uint8_t *out)
{
    __m256i rg = _mm256_packs_epi32(to_level(v.r), to_level(v.g));
    __m256i b = _mm256_packs_epi32(to_level(v.b), _mm256_setzero_si256());
    __m256i rgb = _mm256_packus_epi16(rg, b); /* in each half four of R, of G, of B */
    if (s->form.layout == LAYOUT_NCHW) {
        const __m256i join = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        rgb = _mm256_permutevar8x32_epi32(rgb, join);
        __m128i first = _mm256_castsi256_si128(rgb);
        _mm_storel_epi64((__m128i *)(out + at), first);
        _mm_storel_epi64((__m128i *)(out + s->plane + at), _mm_unpackhi_epi64(first, first));
        _mm_storel_epi64((__m128i *)(out + 2 * s->plane + at), _mm256_extracti128_si256(rgb, 1));
        return;
    }
    const __m128i mix = _mm_setr_epi8(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, -1, -1, -1, -1);
    __m128i low = _mm_shuffle_epi8(_mm256_castsi256_si128(rgb), mix),
            high = _mm_shuffle_epi8(_mm256_extracti128_si256(rgb, 1), mix);
    int32_t last = _mm_extract_epi32(high, 2);
    _mm_storeu_si128((__m128i *)(out + 3 * at), low);
    _mm_storel_epi64((__m128i *)(out + 3 * at + 12), high);
    memcpy(out + 3 * at + 20, &last, sizeof(last));
}

SIMD_AVX2 static inline void put_floats(const struct store *s, struct block v, size_t at,
                                        float *out)
{
    if (s->form.layout == LAYOUT_NHWC) {
        put_interleaved(v, out + 3 * at);
        return;
    }
    _mm256_storeu_ps(out + at, v.r);
    _mm256_storeu_ps(out + s->plane + at, v.g);
    _mm256_storeu_ps(out + 2 * s->plane + at, v.b);
}

SIMD_AVX2 static inline void put_block(const struct store *s, struct block v, size_t at, void *out)
{
    if (s->colored)
        v = color_block(&s->matrix, v);
    if (s->form.dtype == DTYPE_U8) {
        put_levels(s, v, at, out);
        return;
    }
    v = normalize_block(s, v);
    if (s->form.dtype == DTYPE_F32)
        put_floats(s, v, at, out);
    else if (s->form.dtype == DTYPE_F16)
        put_shorts(s, to_half(v.r), to_half(v.g), to_half(v.b), at, out);
    else
        put_shorts(s, to_bfloat(v.r), to_bfloat(v.g), to_bfloat(v.b), at, out);
}

SIMD_AVX2 void store_pixels_avx2(const struct store *s, const uint8_t *rgb, size_t n, bool mirror,
                                 size_t at, void *out)
{
    const struct order order = pixel_order(mirror);
    for (size_t i = 0; i < n; i += 8) {
        size_t first = i + 8 <= n ? i : n - 8; /* of the block, in the output's order */
        const uint8_t *pixels = rgb + 3 * (mirror ? n - 8 - first : first);
        put_block(s, load_block(pixels, &order), at + first, out);
    }
}
#endif
