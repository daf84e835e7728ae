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
#include "base/simd.h"

enum { WEIGHT_BITS = 14, POINT = 7, BLOCK = 64 };
enum { LEVEL_MAX = 255 << POINT };

static inline int16_t to_between(int32_t sum)
{
    int32_t v = sum >> (WEIGHT_BITS - POINT);
    return (int16_t)(v < 0 ? 0 : v > LEVEL_MAX ? LEVEL_MAX : v);
}

static void row_pass(const uint8_t *in, const struct axis_filter *x, int width, int16_t *out)
{
    for (int o = 0; o < width; o++, out += 3) {
        const int32_t *w = x->weight + (size_t)o * (size_t)x->taps;
        const uint8_t *pixel = in + 3 * x->first[o];
        int32_t r = 1 << (WEIGHT_BITS - POINT - 1), g = r, b = r;
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

VECTOR_CLONES static void column_block(const int16_t *in, size_t stride, const int32_t *w,
                                       int count, int n, uint8_t *out)
{
    int32_t sum[BLOCK];
    for (int i = 0; i < BLOCK; i++)
        sum[i] = 1 << (WEIGHT_BITS + POINT - 1);
    for (int j = 0; j < count; j++, in += stride) {
        int16_t weight = (int16_t)w[j];
        if (n == BLOCK)
            for (int i = 0; i < BLOCK; i++)
                sum[i] += in[i] * weight;
        else
            for (int i = 0; i < n; i++)
                sum[i] += in[i] * weight;
    }
    for (int i = 0; i < n; i++) {
        int32_t v = sum[i] >> (WEIGHT_BITS + POINT);
        out[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

void resample_fast(const struct pass_rows *p, const struct axis_filter *x,
                   const struct axis_filter *y, int16_t *between)
{
    size_t stride = 3 * (size_t)p->width;
    for (int row = 0; row < y->span; row++)
        row_pass(p->source + (size_t)row * p->stride, x, p->width, between + (size_t)row * stride);
    for (int o = 0; o < p->height; o++) {
        const int16_t *in = between + (size_t)y->first[o] * stride;
        const int32_t *w = y->weight + (size_t)o * (size_t)y->taps;
        for (size_t i = 0; i < stride; i += BLOCK) {
            int n = stride - i < BLOCK ? (int)(stride - i) : BLOCK;
            column_block(in + i, stride, w, y->count[o], n, p->out + (size_t)o * p->out_stride + i);
        }
    }
}
