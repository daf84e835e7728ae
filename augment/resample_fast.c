/*
 * 14-bit weights and a 16-bit intermediate with 7 bits behind the point: products fit 16-bit
 * multipliers, twice as many at once as exact's.
 *
 * Within one level of exact, for at most 16 taps. Let t be the result in real numbers. exact rounds
 * the intermediate (at most 0.5, times the vertical weights' absolute sum S) and the result (0.5).
 * fast's weights are each off by at most 2^-15, over 16 taps of levels up to 255 by 0.125 a pass
 * (the first again times S); its intermediate by 2^-8 S, its result by 0.5. S is 1 for the triangle
 * and below 1.27 for the cubic. |exact - t| + |fast - t| <= 0.5 S + 0.5 + 0.125 (1
 * + S) + 0.004 S + 0.5 < 1.93, and integers closer than 2 differ by at most 1. Clamping both to
 * 0..255 at the same places brings them no further apart.
 */
#include "augment/resample_private.h"

enum { BLOCK = 64 };

static inline int16_t to_between(int32_t sum)
{
    int32_t v = sum >> (FAST_BITS - FAST_POINT);
    return (int16_t)(v < 0 ? 0 : v > FAST_MAX ? FAST_MAX : v);
}

static void fast_row(const uint8_t *in, const struct axis_filter *x, int width, int16_t *out)
{
    for (int o = 0; o < width; o++, out += 3) {
        const int32_t *w = x->weight + (size_t)o * (size_t)x->taps;
        const uint8_t *pixel = in + 3 * (size_t)x->first[o];
        int32_t r = 1 << (FAST_BITS - FAST_POINT - 1), g = r, b = r;
        for (int j = 0; j < x->count[o]; j++, pixel += 3) {
            r += pixel[0] * w[j];
            g += pixel[1] * w[j];
            b += pixel[2] * w[j];
        }
        out[0] = to_between(r);
        out[1] = to_between(g);
        out[2] = to_between(b);
    }
}

void fast_rows_plain(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x, int width,
                     int16_t *const out[PASS_ROWS])
{
    for (int row = 0; row < PASS_ROWS; row++)
        fast_row(in[row], x, width, out[row]);
}

static void column_block(const int16_t *in, size_t stride, const int32_t *w, int count, size_t n,
                         uint8_t *out)
{
    int32_t sum[BLOCK];
    for (int i = 0; i < BLOCK; i++)
        sum[i] = 1 << (FAST_BITS + FAST_POINT - 1);
    for (int j = 0; j < count; j++, in += stride)
        for (size_t i = 0; i < n; i++)
            sum[i] += in[i] * w[j];
    for (size_t i = 0; i < n; i++) {
        int32_t v = sum[i] >> (FAST_BITS + FAST_POINT);
        out[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

void fast_column_plain(const int16_t *in, size_t stride, const struct axis_filter *y, int o,
                       size_t n, uint8_t *out)
{
    const int32_t *w = y->weight + (size_t)o * (size_t)y->taps;
    for (size_t i = 0; i < n; i += BLOCK)
        column_block(in + i, stride, w, y->count[o], n - i < BLOCK ? n - i : BLOCK, out + i);
}

static fast_rows_kernel *rows_kernel(const struct pass_rows *p)
{
#ifdef SIMD_X86
    if (pass_wide(p) && simd_level() >= SIMD_LEVEL_AVX512)
        return fast_rows_avx512;
    if (pass_wide(p) && simd_level() >= SIMD_LEVEL_AVX2)
        return fast_rows_avx2;
#else
    (void)p;
#endif
    return fast_rows_plain;
}

static fast_column_kernel *column_kernel(size_t n)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX512 && n >= 64)
        return fast_column_avx512;
    if (simd_level() >= SIMD_LEVEL_AVX2 && n >= 32)
        return fast_column_avx2;
#else
    (void)n;
#endif
    return fast_column_plain;
}

void resample_fast(const struct pass_rows *p, const struct axis_filter *x,
                   const struct axis_filter *y, int16_t *between, size_t stride)
{
    fast_rows_kernel *rows = rows_kernel(p);
    for (int row = 0; row < y->span; row += PASS_ROWS) {
        int at[PASS_ROWS];
        const uint8_t *in[PASS_ROWS];
        int16_t *out[PASS_ROWS];
        pass_inputs(p, row, y->span, at, in);
        for (int i = 0; i < PASS_ROWS; i++)
            out[i] = between + (size_t)at[i] * stride;
        rows(in, x, p->width, out);
    }
    size_t n = 3 * (size_t)p->width;
    fast_column_kernel *column = column_kernel(n);
    for (int o = 0; o < p->height; o++)
        column(between + (size_t)y->first[o] * stride, stride, y, o, n,
               p->out + (size_t)o * p->out_stride);
}
