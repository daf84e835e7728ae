/*
 * The same taps and samples eight pixels at a time, to the bit. Where all taps of eight pixels lie
 * inside the window and the loads inside the memory held, no coordinate is asked again; other
 * groups go to the plain code.
 *
 * A register's two halves hold pixels k and k + 4 of a group. A row of taps is shuffled into pairs
 * of 16 bits for multiply-add with pairs of weights, first along rows, then down.
 */
#include "augment/plan_private.h"
#include "augment/resample_map_private.h"
#include "base/simd.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <string.h>

enum { GROUP = 8, POINT = MAP_BETWEEN, FIRST = MAP_POINT - POINT, LAST = MAP_POINT + POINT };

/* Which taps may be loaded without asking: columns and rows of the first tap, inclusive; in the
 * last rows (from `careful` on) only columns up to careful_right, since loads are wider than taps.
 */
struct bounds {
    __m256i left, right, top, bottom, careful, careful_right;
};

SIMD_AVX2 static struct bounds bounds_of(const struct map_job *job, int before, int taps, int wide)
{
    const struct rect *w = &job->window, *h = &job->held;
    return (struct bounds){
        _mm256_set1_epi32(w->x + before),
        _mm256_set1_epi32(w->x + w->width - (taps - before)),
        _mm256_set1_epi32(w->y + before),
        _mm256_set1_epi32(w->y + w->height - (taps - before)),
        _mm256_set1_epi32(h->y + h->height - (taps - before)),
        _mm256_set1_epi32(h->x + h->width - (wide - before)),
    };
}

SIMD_AVX2 static inline bool all_inside(const struct bounds *b, __m256i x, __m256i y)
{
    __m256i out = _mm256_or_si256(_mm256_cmpgt_epi32(b->left, x), _mm256_cmpgt_epi32(x, b->right));
    out = _mm256_or_si256(out, _mm256_cmpgt_epi32(b->top, y));
    out = _mm256_or_si256(out, _mm256_cmpgt_epi32(y, b->bottom));
    __m256i late = _mm256_cmpeq_epi32(y, b->careful);
    late = _mm256_and_si256(late, _mm256_cmpgt_epi32(x, b->careful_right));
    return _mm256_testz_si256(_mm256_or_si256(out, late), _mm256_set1_epi32(-1));
}

/* Bytes from the image's (0, 0) to the taps. */
SIMD_AVX2 static inline void offsets(const struct map_job *job, __m256i x, __m256i y, int before,
                                     int32_t at[GROUP])
{
    x = _mm256_sub_epi32(x, _mm256_set1_epi32(before));
    y = _mm256_sub_epi32(y, _mm256_set1_epi32(before));
    __m256i three = _mm256_add_epi32(x, _mm256_add_epi32(x, x));
    __m256i rows = _mm256_mullo_epi32(y, _mm256_set1_epi32((int)job->stride));
    _mm256_storeu_si256((__m256i *)at, _mm256_add_epi32(rows, three));
}

SIMD_AVX2 static inline __m256i load_pair(const uint8_t *a, const uint8_t *b)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadl_epi64((const __m128i *)a)),
                                   _mm_loadl_epi64((const __m128i *)b), 1);
}

/* Rounded sums of a row of taps: from 14 + 8 bits to POINT behind the point. */
SIMD_AVX2 static inline __m256i settle(__m256i sum)
{
    return _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(1 << (FIRST - 1))), FIRST);
}

/* Two rows as pairs of 16 bits. */
SIMD_AVX2 static inline __m256i pair_rows(__m256i upper, __m256i lower)
{
    return _mm256_blend_epi16(upper, _mm256_slli_epi32(lower, 16), 0xaa);
}

/* Four registers of levels (r g b 0 of pixels k and k + 4) as 24 bytes; writes up to 4 more. */
SIMD_AVX2 static inline void put(__m256i a, __m256i b, __m256i c, __m256i d, bool whole,
                                 uint8_t *out)
{
    const __m256i squeeze = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    __m256i bytes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    bytes = _mm256_shuffle_epi8(bytes, squeeze);
    __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    _mm_storeu_si128((__m128i *)out, low);
    if (whole) {
        _mm_storeu_si128((__m128i *)(out + 12), high);
        return;
    }
    int last = _mm_extract_epi32(high, 2);
    _mm_storel_epi64((__m128i *)(out + 12), high);
    memcpy(out + 20, &last, 4);
}

/* The pairs (1 - f, f) of eight pixels. */
SIMD_AVX2 static inline __m256i linear_weights(__m256i f)
{
    __m256i pairs = _mm256_sub_epi32(_mm256_slli_epi32(f, 16), f);
    return _mm256_add_epi32(pairs, _mm256_set1_epi32(MAP_ONE));
}

SIMD_AVX2 static inline __m256i bilinear_two(const uint8_t *a, const uint8_t *b, size_t stride,
                                             __m256i wx, __m256i wy, __m256i half)
{
    const __m256i pairs = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    __m256i upper = _mm256_shuffle_epi8(load_pair(a, b), pairs);
    __m256i lower = _mm256_shuffle_epi8(load_pair(a + stride, b + stride), pairs);
    __m256i rows =
        pair_rows(settle(_mm256_madd_epi16(upper, wx)), settle(_mm256_madd_epi16(lower, wx)));
    return _mm256_srai_epi32(_mm256_add_epi32(_mm256_madd_epi16(rows, wy), half), LAST);
}

#define TWO(k)                                                                                     \
    bilinear_two(job->pixels + at[k], job->pixels + at[(k) + 4], job->stride,                      \
                 _mm256_shuffle_epi32(wx, 0x55 * (k)), _mm256_shuffle_epi32(wy, 0x55 * (k)), half)

SIMD_AVX2 static inline void bilinear_group(const struct map_job *job, const struct map_taps *taps,
                                            int i, __m256i x, __m256i y, bool whole, uint8_t *out)
{
    int32_t at[GROUP];
    offsets(job, x, y, 0, at);
    __m256i half = _mm256_set1_epi32(job->cut_off ? 0 : 1 << (LAST - 1));
    __m256i wx = linear_weights(_mm256_loadu_si256((const __m256i *)(taps->fx + i)));
    __m256i wy = linear_weights(_mm256_loadu_si256((const __m256i *)(taps->fy + i)));
    put(TWO(0), TWO(1), TWO(2), TWO(3), whole, out);
}

/* Four taps of a row by their weights (w0 w1 w2 w3 in each half). */
SIMD_AVX2 static inline __m256i cubic_row(const uint8_t *a, const uint8_t *b, __m256i w01,
                                          __m256i w23)
{
    const __m256i first = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1));
    const __m256i second = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1));
    __m256i row =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)a)),
                                _mm_loadu_si128((const __m128i *)b), 1);
    return settle(_mm256_add_epi32(_mm256_madd_epi16(_mm256_shuffle_epi8(row, first), w01),
                                   _mm256_madd_epi16(_mm256_shuffle_epi8(row, second), w23)));
}

SIMD_AVX2 static inline __m256i bicubic_two(const struct map_job *job, const uint8_t *a,
                                            const uint8_t *b, __m256i wx, __m256i wy, __m256i half)
{
    size_t s = job->stride;
    __m256i w01 = _mm256_shuffle_epi32(wx, 0x00), w23 = _mm256_shuffle_epi32(wx, 0x55);
    __m256i upper = pair_rows(cubic_row(a, b, w01, w23), cubic_row(a + s, b + s, w01, w23));
    __m256i lower = pair_rows(cubic_row(a + 2 * s, b + 2 * s, w01, w23),
                              cubic_row(a + 3 * s, b + 3 * s, w01, w23));
    __m256i sum = _mm256_add_epi32(_mm256_madd_epi16(upper, _mm256_shuffle_epi32(wy, 0x00)),
                                   _mm256_madd_epi16(lower, _mm256_shuffle_epi32(wy, 0x55)));
    return _mm256_srai_epi32(_mm256_add_epi32(sum, half), LAST);
}

SIMD_AVX2 static inline void bicubic_group(const struct map_job *job, const struct map_taps *taps,
                                           int i, __m256i x, __m256i y, bool whole, uint8_t *out)
{
    int32_t at[GROUP];
    __m256i sum[4];
    offsets(job, x, y, 1, at);
    __m256i half = _mm256_set1_epi32(job->cut_off ? 0 : 1 << (LAST - 1));
    for (int k = 0; k < 4; k++) {
        const int32_t *fx = taps->fx + i + k, *fy = taps->fy + i + k;
        __m256i wx = load_pair((const uint8_t *)job->cubic[map_cubic_row(fx[0])],
                               (const uint8_t *)job->cubic[map_cubic_row(fx[4])]);
        __m256i wy = load_pair((const uint8_t *)job->cubic[map_cubic_row(fy[0])],
                               (const uint8_t *)job->cubic[map_cubic_row(fy[4])]);
        sum[k] = bicubic_two(job, job->pixels + at[k], job->pixels + at[k + 4], wx, wy, half);
    }
    put(sum[0], sum[1], sum[2], sum[3], whole, out);
}

/* Four bytes a pixel; the fourth is overwritten by the next. */
SIMD_AVX2 static inline void nearest_group(const struct map_job *job, __m256i x, __m256i y,
                                           bool whole, uint8_t *out)
{
    int32_t at[GROUP], level;
    offsets(job, x, y, 0, at);
    for (int k = 0; k < GROUP - 1; k++) {
        memcpy(&level, job->pixels + at[k], 4);
        memcpy(out + 3 * k, &level, 4);
    }
    memcpy(out + 3 * (GROUP - 1), job->pixels + at[GROUP - 1], whole ? 4 : 3);
}

SIMD_AVX2 void map_sample_avx2(const struct map_job *job, const struct map_taps *taps, int n,
                               uint8_t *out)
{
    bool cubic = job->filter == FILTER_BICUBIC, nearest = job->filter == FILTER_NEAREST;
    struct bounds bounds = nearest ? bounds_of(job, 0, 1, 2)
                           : cubic ? bounds_of(job, 1, 4, 6)
                                   : bounds_of(job, 0, 2, 3);
    int i = 0;
    for (; i + GROUP <= n; i += GROUP, out += 3 * GROUP) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(taps->x + i));
        __m256i y = _mm256_loadu_si256((const __m256i *)(taps->y + i));
        bool whole = i + GROUP + 2 <= n; /* what is written beyond is written again */
        if (!all_inside(&bounds, x, y)) {
            struct map_taps rest = { taps->x + i,  taps->y + i, taps->fx + i,
                                     taps->fy + i, NULL,        NULL };
            map_sample_plain(job, &rest, GROUP, out);
        } else if (nearest)
            nearest_group(job, x, y, whole, out);
        else if (cubic)
            bicubic_group(job, taps, i, x, y, whole, out);
        else
            bilinear_group(job, taps, i, x, y, whole, out);
    }
    struct map_taps rest = map_taps_from(taps, i);
    map_sample_plain(job, &rest, n - i, out);
}

/* The low halves of eight numbers of 64 bits. */
SIMD_AVX2 static inline __m256i low_halves(__m256i a, __m256i b)
{
    __m256 both = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(both), 0xd8);
}

/* One coordinate of a line at eight columns a turn: whole pixels and what lies behind. */
SIMD_AVX2 static int line_avx2(uint64_t x, uint64_t dx, int bits, int n, int32_t *whole,
                               int32_t *behind)
{
    __m256i a = _mm256_setr_epi64x((int64_t)x, (int64_t)(x + dx), (int64_t)(x + 2 * dx),
                                   (int64_t)(x + 3 * dx));
    __m256i four = _mm256_set1_epi64x((int64_t)(4 * dx)), mask = _mm256_set1_epi32(MAP_ONE - 1);
    int i = 0;
    for (; i + GROUP <= n; i += GROUP) {
        __m256i b = _mm256_add_epi64(a, four);
        __m256i at = low_halves(_mm256_srli_epi64(a, bits), _mm256_srli_epi64(b, bits));
        __m256i f = low_halves(_mm256_srli_epi64(a, bits - MAP_POINT),
                               _mm256_srli_epi64(b, bits - MAP_POINT));
        _mm256_storeu_si256((__m256i *)(whole + i), at);
        _mm256_storeu_si256((__m256i *)(behind + i), _mm256_and_si256(f, mask));
        a = _mm256_add_epi64(b, four);
    }
    return i;
}

int map_affine_row_avx2(const struct map_line *line, int n, struct map_taps *taps)
{
    line_avx2(line->x, line->dx, line->bits, n, taps->x, taps->fx);
    return line_avx2(line->y, line->dy, line->bits, n, taps->y, taps->fy);
}

/* The columns of a row by nearest, from fixed point to pixels in one go; the caller has seen that
 * positions fit 32 bits with 16 behind the point, and offsets 32. */
SIMD_AVX2 void map_nearest_row_avx2(const struct map_job *job, const struct map_line *line, int n,
                                    uint8_t *out)
{
    struct bounds bounds = bounds_of(job, 0, 1, 2);
    const __m256i steps = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    int32_t dx = (int32_t)line->dx, dy = (int32_t)line->dy;
    __m256i x = _mm256_add_epi32(_mm256_set1_epi32((int32_t)line->x),
                                 _mm256_mullo_epi32(steps, _mm256_set1_epi32(dx)));
    __m256i y = _mm256_add_epi32(_mm256_set1_epi32((int32_t)line->y),
                                 _mm256_mullo_epi32(steps, _mm256_set1_epi32(dy)));
    const __m256i step_x = _mm256_slli_epi32(_mm256_set1_epi32(dx), 3);
    const __m256i step_y = _mm256_slli_epi32(_mm256_set1_epi32(dy), 3);
    for (int i = 0; i < n; i += GROUP, out += 3 * GROUP) {
        __m256i at_x = _mm256_srai_epi32(x, 16), at_y = _mm256_srai_epi32(y, 16);
        if (i + GROUP > n || !all_inside(&bounds, at_x, at_y)) {
            int32_t xs[GROUP], ys[GROUP], none[GROUP] = { 0 };
            _mm256_storeu_si256((__m256i *)xs, at_x);
            _mm256_storeu_si256((__m256i *)ys, at_y);
            struct map_taps taps = { xs, ys, none, none, NULL, NULL };
            map_sample_plain(job, &taps, n - i < GROUP ? n - i : GROUP, out);
        } else
            nearest_group(job, at_x, at_y, i + GROUP + 2 <= n, out);
        x = _mm256_add_epi32(x, step_x);
        y = _mm256_add_epi32(y, step_y);
    }
}

struct points {
    __m256d x, y;
};

SIMD_AVX2 static inline __m256d form(const double m[3], struct points p)
{
    __m256d rest = _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(m[1]), p.y), _mm256_set1_pd(m[2]));
    return _mm256_add_pd(_mm256_mul_pd(_mm256_set1_pd(m[0]), p.x), rest);
}

SIMD_AVX2 static inline struct points project(const double m[9], struct points p)
{
    if (map_is_affine(m))
        return (struct points){ form(m, p), form(m + 3, p) };
    __m256d scale = _mm256_div_pd(_mm256_set1_pd(1), form(m + 6, p));
    return (struct points){ _mm256_mul_pd(form(m, p), scale),
                            _mm256_mul_pd(form(m + 3, p), scale) };
}

/* a x + b y, term by term as the plain code adds them. */
SIMD_AVX2 static inline __m256d times(double a, __m256d x)
{
    return _mm256_mul_pd(_mm256_set1_pd(a), x);
}

SIMD_AVX2 static inline struct points look(const struct plan_lens *l, struct points p)
{
    __m256d inverse = _mm256_set1_pd(1 / l->radius);
    __m256d u = _mm256_mul_pd(_mm256_sub_pd(p.x, _mm256_set1_pd(l->center_x)), inverse);
    __m256d v = _mm256_mul_pd(_mm256_sub_pd(p.y, _mm256_set1_pd(l->center_y)), inverse);
    __m256d uu = _mm256_mul_pd(u, u), vv = _mm256_mul_pd(v, v), uv = _mm256_mul_pd(u, v);
    __m256d r2 = _mm256_add_pd(uu, vv);
    __m256d radial = _mm256_add_pd(_mm256_set1_pd(l->k1), times(l->k2, r2));
    radial = _mm256_add_pd(_mm256_set1_pd(1), _mm256_mul_pd(r2, radial));
    __m256d x = _mm256_add_pd(_mm256_mul_pd(u, radial), times(2 * l->p1, uv));
    x = _mm256_add_pd(x, times(l->p2, _mm256_add_pd(r2, times(2, uu))));
    __m256d y =
        _mm256_add_pd(_mm256_mul_pd(v, radial), times(l->p1, _mm256_add_pd(r2, times(2, vv))));
    y = _mm256_add_pd(y, times(2 * l->p2, uv));
    return (struct points){ _mm256_add_pd(_mm256_set1_pd(l->center_x), times(l->radius, x)),
                            _mm256_add_pd(_mm256_set1_pd(l->center_y), times(l->radius, y)) };
}

SIMD_AVX2 static inline void tap(enum plan_filter filter, __m256d x, int32_t *whole,
                                 int32_t *behind)
{
    x = _mm256_max_pd(x, _mm256_set1_pd(-PLAN_REACH)); /* a NaN becomes the least */
    x = _mm256_min_pd(x, _mm256_set1_pd(PLAN_REACH));
    if (filter != FILTER_NEAREST)
        x = _mm256_add_pd(_mm256_sub_pd(x, _mm256_set1_pd(0.5)), _mm256_set1_pd(0.5 / MAP_ONE));
    __m256d left = _mm256_floor_pd(x);
    __m256d rest = _mm256_mul_pd(_mm256_sub_pd(x, left), _mm256_set1_pd(MAP_ONE));
    _mm_storeu_si128((__m128i *)whole, _mm256_cvttpd_epi32(left));
    _mm_storeu_si128((__m128i *)behind, _mm256_cvttpd_epi32(rest));
}

SIMD_AVX2 int map_inside_run_avx2(const struct plan_clip *clip, const struct map_taps *taps, int i,
                                  int n, bool inside)
{
    int begin = i, wanted = inside ? 15 : 0;
    const __m256d zero = _mm256_setzero_pd();
    for (; i + 4 <= n; i += 4) {
        struct points p = { _mm256_loadu_pd(taps->bent_x + i), _mm256_loadu_pd(taps->bent_y + i) };
        __m256d u = form(clip->map, p), v = form(clip->map + 3, p), w = form(clip->map + 6, p);
        __m256d in =
            _mm256_and_pd(_mm256_cmp_pd(u, zero, _CMP_GE_OQ), _mm256_cmp_pd(v, zero, _CMP_GE_OQ));
        in = _mm256_and_pd(in, _mm256_cmp_pd(u, times(clip->width, w), _CMP_LT_OQ));
        in = _mm256_and_pd(in, _mm256_cmp_pd(v, times(clip->height, w), _CMP_LT_OQ));
        if (_mm256_movemask_pd(in) != wanted)
            break;
    }
    return i - begin;
}

SIMD_AVX2 int map_bent_row_avx2(const struct map_job *job, int row, int begin, int end,
                                struct map_taps *taps)
{
    int i = 0, n = end - begin;
    const __m256d steps = _mm256_setr_pd(0.5, 1.5, 2.5, 3.5);
    for (; i + 4 <= n; i += 4) {
        struct points p = { _mm256_add_pd(_mm256_set1_pd(begin + i), steps),
                            _mm256_set1_pd(row + 0.5) };
        p = project(job->post, p);
        if (job->lens) {
            p = look(job->lens, p);
            _mm256_storeu_pd(taps->bent_x + i, p.x);
            _mm256_storeu_pd(taps->bent_y + i, p.y);
            p = project(job->pre, p);
        }
        tap(job->filter, p.x, taps->x + i, taps->fx + i);
        tap(job->filter, p.y, taps->y + i, taps->fy + i);
    }
    return i;
}
#endif
