#include "augment/smooth.h"

#include <string.h>

#include "base/simd.h"

/* Column sums first: each is used three times. (2 n + 13) / 26 = (n + 6) / 13 in whole numbers. */
static void row_plain(const uint8_t *a, const uint8_t *b, const uint8_t *c, size_t values,
                      float factor, uint16_t *sums, uint8_t *out)
{
    for (size_t i = 0; i < values; i++)
        sums[i] = (uint16_t)(a[i] + b[i] + c[i]);
    for (size_t i = 3; i + 3 < values; i++) {
        int smooth = (sums[i - 3] + sums[i] + sums[i + 3] + 4 * b[i] + 6) / 13;
        float v = (float)smooth + factor * (float)(b[i] - smooth);
        out[i] = v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
    }
}

static void inside_row(const uint8_t *a, const uint8_t *b, const uint8_t *c, size_t values,
                       float factor, uint16_t *sums, uint8_t *out)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2 && values >= 22) {
        smooth_row_avx2(a, b, c, values, factor, sums, out);
        return;
    }
#endif
    row_plain(a, b, c, values, factor, sums, out);
}

void smooth_blend(const struct image *from, float factor, uint16_t *sums, const struct image *to)
{
    size_t width = (size_t)from->width, height = (size_t)from->height, values = 3 * width;
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = from->pixels + y * from->stride;
        uint8_t *out = to->pixels + y * to->stride;
        if (y == 0 || y + 1 == height || width < 3) {
            memcpy(out, row, values);
            continue;
        }
        memcpy(out, row, 3);
        memcpy(out + values - 3, row + values - 3, 3);
        inside_row(row - from->stride, row, row + from->stride, values, factor, sums, out);
    }
}
