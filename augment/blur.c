/* Rows blurred along x wait in a ring that holds as many as the kernel along y sees. */
#include "augment/blur.h"

#include <string.h>

#include "augment/blur_private.h"
#include "base/real.h"

void blur_gaussian(int size, double sigma, struct blur_kernel *k)
{
    double w[BLUR_HALF_MAX + 1], sum = 0;
    k->half = size / 2;
    for (int j = 0; j <= k->half; j++) {
        w[j] = real_exp(-0.5 * (j / sigma) * (j / sigma));
        sum += j ? 2 * w[j] : w[j];
    }
    k->bits = 17;
    while (k->bits > 14 && w[0] / sum * (1 << k->bits) > 32000) /* the center takes what is left */
        k->bits--;
    memset(k->weight, 0, sizeof(k->weight));
    int left = 1 << k->bits;
    for (int j = 1; j <= k->half; j++) {
        k->weight[j] = (int16_t)(w[j] / sum * (1 << k->bits) + 0.5);
        left -= 2 * k->weight[j];
    }
    k->weight[0] = (int16_t)left;
}

/* What the scratch is made of. */
struct layout {
    size_t padded; /* bytes of a row with its mirrored ends */
    size_t stride; /* values of a blurred row */
    int rows;
};

static struct layout layout_of(int width, int height, const struct blur_kernel *x,
                               const struct blur_kernel *y)
{
    const size_t whole = BLUR_VALUES, line = 64;
    struct layout l = { .rows = 2 * y->half + 1 < height ? 2 * y->half + 1 : height };
    size_t padded = 3 * ((size_t)width + 2 * (size_t)x->half) + whole;
    l.padded = (padded + line - 1) / line * line;
    l.stride = (3 * (size_t)width + whole - 1) / whole * whole;
    return l;
}

size_t blur_scratch(int width, int height, const struct blur_kernel *x, const struct blur_kernel *y)
{
    struct layout l = layout_of(width, height, x, y);
    return l.padded + (size_t)l.rows * l.stride * sizeof(int16_t);
}

/* i mirrored at 0 and n - 1 until it lies between. */
static int mirror(int i, int n)
{
    if (n == 1)
        return 0;
    int period = 2 * (n - 1);
    i = i < 0 ? -i % period : i % period;
    return i < n ? i : period - i;
}

static void pad_row(const uint8_t *row, int width, int half, uint8_t *padded)
{
    uint8_t *inside = padded + 3 * (size_t)half;
    memcpy(inside, row, 3 * (size_t)width);
    for (int x = -half; x < 0; x++)
        memcpy(inside + 3 * x, row + 3 * mirror(x, width), 3);
    for (int x = width; x < width + half; x++)
        memcpy(inside + 3 * x, row + 3 * mirror(x, width), 3);
}

static void row_plain(const uint8_t *in, const struct blur_kernel *k, size_t values, int16_t *out)
{
    int shift = k->bits - BLUR_POINT;
    for (size_t i = 0; i < values; i++) {
        int32_t sum = (1 << (shift - 1)) + k->weight[0] * in[i];
        for (int j = 1; j <= k->half; j++)
            sum += k->weight[j] * (in[(ptrdiff_t)i - 3 * j] + in[(ptrdiff_t)i + 3 * j]);
        out[i] = (int16_t)(sum >> shift);
    }
}

static void column_plain(const int16_t *const *row, const struct blur_kernel *k, size_t values,
                         uint8_t *out)
{
    int shift = k->bits + BLUR_POINT;
    const int16_t *const *center = row + k->half;
    for (size_t i = 0; i < values; i++) {
        int32_t sum = (1 << (shift - 1)) + k->weight[0] * center[0][i];
        for (int j = 1; j <= k->half; j++)
            sum += k->weight[j] * (center[-j][i] + center[j][i]);
        out[i] = (uint8_t)(sum >> shift);
    }
}

static void blur_row(const uint8_t *in, const struct blur_kernel *k, size_t values, int16_t *out)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        blur_row_avx2(in, k, values, out);
        return;
    }
#endif
    row_plain(in, k, values, out);
}

static void blur_column(const int16_t *const *row, const struct blur_kernel *k, size_t values,
                        uint8_t *out)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        blur_column_avx2(row, k, values, out);
        return;
    }
#endif
    column_plain(row, k, values, out);
}

void blur_run(const struct image *from, const struct blur_kernel *x, const struct blur_kernel *y,
              void *scratch, const struct image *to)
{
    struct layout l = layout_of(from->width, from->height, x, y);
    uint8_t *padded = scratch;
    int16_t *ring = (int16_t *)(padded + l.padded);
    const int16_t *row[BLUR_TAPS_MAX];
    size_t values = 3 * (size_t)from->width;
    int height = from->height, made = 0;
    memset(padded, 0, l.padded);
    for (int at = 0; at < height; at++) {
        for (; made < height && made <= at + y->half; made++) {
            pad_row(from->pixels + (size_t)made * from->stride, from->width, x->half, padded);
            blur_row(padded + 3 * (size_t)x->half, x, values,
                     ring + (size_t)(made % l.rows) * l.stride);
        }
        for (int j = -y->half; j <= y->half; j++)
            row[j + y->half] = ring + (size_t)(mirror(at + j, height) % l.rows) * l.stride;
        blur_column(row, y, values, to->pixels + (size_t)at * to->stride);
    }
}
