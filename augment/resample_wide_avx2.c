/*
 * Eight taps of a row at a time. 32 bytes are read for 8 pixels; where that could leave the memory
 * held, or fewer taps are wanted, the weights of the others are 0 and the last bytes are copied.
 */
#include "augment/resample_wide.h"
#include "base/simd.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <string.h>

SIMD_AVX2 static inline __m256 kernel(enum plan_filter filter, __m256 x)
{
    const __m256 zero = _mm256_setzero_ps(), one = _mm256_set1_ps(1);
    x = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x);
    if (filter == FILTER_BILINEAR)
        return _mm256_max_ps(_mm256_sub_ps(one, x), zero);
    __m256 near = _mm256_sub_ps(_mm256_mul_ps(_mm256_set1_ps(1.5f), x), _mm256_set1_ps(2.5f));
    near = _mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(near, x), x), one);
    __m256 far = _mm256_mul_ps(_mm256_sub_ps(x, _mm256_set1_ps(5)), x);
    far = _mm256_mul_ps(_mm256_add_ps(far, _mm256_set1_ps(8)), x);
    far = _mm256_mul_ps(_mm256_sub_ps(far, _mm256_set1_ps(4)), _mm256_set1_ps(-0.5f));
    far = _mm256_and_ps(far, _mm256_cmp_ps(x, _mm256_set1_ps(2), _CMP_LT_OQ));
    return _mm256_blendv_ps(far, near, _mm256_cmp_ps(x, one, _CMP_LT_OQ));
}

SIMD_AVX2 static inline float add_lanes(__m256 l)
{
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(l), _mm256_extractf128_ps(l, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

/* One channel of pixels 0..3 (in the low half) and 4..7 of 12 bytes each. */
SIMD_AVX2 static inline __m256 channel(__m256i pixels, __m256i places)
{
    return _mm256_cvtepi32_ps(_mm256_shuffle_epi8(pixels, places));
}

SIMD_AVX2 void map_sample_wide_avx2(const struct map_job *job, double x, double y,
                                    const struct map_wide *wide, uint8_t *out)
{
    const __m256 steps = _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i red = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
    const __m256i one = _mm256_set1_epi32(1);
    const __m256i green = _mm256_add_epi32(red, one), blue = _mm256_add_epi32(green, one);
    __m256 total = _mm256_setzero_ps(), r = total, g = total, b = total;
    float fx = (float)wide->xx, fxy = (float)wide->xy, fy = (float)wide->yy;
    const __m256 xx = _mm256_set1_ps(fx), xy = _mm256_set1_ps(fxy);
    const uint8_t *held = job->pixels +
                          (ptrdiff_t)(job->held.y + job->held.height - 1) * (ptrdiff_t)job->stride +
                          3 * (ptrdiff_t)(job->held.x + job->held.width);
    int top, bottom, first, last;
    wide_rows(job, wide, y, &top, &bottom);
    for (int row = top; row <= bottom; row++) {
        float dy = (float)(row + 0.5 - y);
        const __m256 u = _mm256_set1_ps(fxy * dy), v = _mm256_set1_ps(fy * dy);
        wide_columns(job, wide, x, row + 0.5 - y, &first, &last);
        const uint8_t *line = job->pixels + (ptrdiff_t)row * (ptrdiff_t)job->stride;
        for (int at = first; at <= last; at += WIDE_LANES) {
            const uint8_t *pixel = line + 3 * (ptrdiff_t)at;
            uint8_t copy[32] = { 0 };
            if (held - pixel < 28) { /* the second load ends 28 bytes on */
                memcpy(copy, pixel, 3 * (size_t)(last - at < 7 ? last - at + 1 : 8));
                pixel = copy;
            }
            __m256i pixels = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)pixel));
            pixels =
                _mm256_inserti128_si256(pixels, _mm_loadu_si128((const __m128i *)(pixel + 12)), 1);
            __m256 dx = _mm256_add_ps(_mm256_set1_ps((float)(at + 0.5 - x)), steps);
            __m256 weight =
                _mm256_mul_ps(kernel(wide->filter, _mm256_add_ps(_mm256_mul_ps(xx, dx), u)),
                              kernel(wide->filter, _mm256_add_ps(_mm256_mul_ps(xy, dx), v)));
            __m256i wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(last - at + 1), lanes);
            weight = _mm256_and_ps(weight, _mm256_castsi256_ps(wanted));
            total = _mm256_add_ps(total, weight);
            r = _mm256_add_ps(r, _mm256_mul_ps(weight, channel(pixels, red)));
            g = _mm256_add_ps(g, _mm256_mul_ps(weight, channel(pixels, green)));
            b = _mm256_add_ps(b, _mm256_mul_ps(weight, channel(pixels, blue)));
        }
    }
    const float sums[3] = { add_lanes(r), add_lanes(g), add_lanes(b) };
    map_wide_finish(job, x, y, add_lanes(total), sums, out);
}
#endif
