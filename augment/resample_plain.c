/* The exact resampler's passes in plain C, which the vector kernels equal bit for bit. */
#include "augment/resample_private.h"

static inline uint8_t to_level(int32_t sum)
{
    int32_t level = sum >> EXACT_BITS; /* arithmetic: bicubic may fall below 0 */
    return level < 0 ? 0 : level > 255 ? 255 : (uint8_t)level;
}

static void exact_row(const uint8_t *in, const struct axis_filter *x, int width, uint8_t *out)
{
    for (int o = 0; o < width; o++, out += 3) {
        const int32_t *w = x->weight + (size_t)o * (size_t)x->taps;
        const uint8_t *pixel = in + 3 * (size_t)x->first[o];
        int32_t r = 1 << (EXACT_BITS - 1), g = r, b = r;
        for (int j = 0; j < x->count[o]; j++, pixel += 3) {
            r += pixel[0] * w[j];
            g += pixel[1] * w[j];
            b += pixel[2] * w[j];
        }
        out[0] = to_level(r);
        out[1] = to_level(g);
        out[2] = to_level(b);
    }
}

void exact_rows_plain(const uint8_t *const in[PASS_ROWS], const struct axis_filter *x, int width,
                      uint8_t *const out[PASS_ROWS])
{
    for (int row = 0; row < PASS_ROWS; row++)
        exact_row(in[row], x, width, out[row]);
}

/* A block of output values at a time: the sums stay in registers while the taps go by. */
enum { BLOCK = 64 };

static void column_block(const uint8_t *in, size_t stride, const int32_t *w, int count, size_t n,
                         uint8_t *out)
{
    int32_t sum[BLOCK];
    for (int i = 0; i < BLOCK; i++)
        sum[i] = 1 << (EXACT_BITS - 1);
    for (int j = 0; j < count; j++, in += stride)
        for (size_t i = 0; i < n; i++)
            sum[i] += in[i] * w[j];
    for (size_t i = 0; i < n; i++)
        out[i] = to_level(sum[i]);
}

void exact_column_plain(const uint8_t *in, size_t stride, const struct axis_filter *y, int o,
                        size_t n, uint8_t *out)
{
    const int32_t *w = y->weight + (size_t)o * (size_t)y->taps;
    for (size_t i = 0; i < n; i += BLOCK)
        column_block(in + i, stride, w, y->count[o], n - i < BLOCK ? n - i : BLOCK, out + i);
}
