#include "augment/mirror.h"

#include "base/simd.h"

void mirror_row_plain(const uint8_t *line, size_t n, uint8_t *row)
{
    for (const uint8_t *pixel = line + 3 * n; pixel > line; row += 3) {
        pixel -= 3;
        row[0] = pixel[0];
        row[1] = pixel[1];
        row[2] = pixel[2];
    }
}

void mirror_row(const uint8_t *line, size_t n, uint8_t *row)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        mirror_row_avx2(line, n, row);
        return;
    }
#endif
    mirror_row_plain(line, n, row);
}
