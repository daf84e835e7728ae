/*
 * Ten pixels at a time, five in each of two registers: 15 bytes are turned around, the 16th is
 * written again by what comes next. So the loop ends where a register would reach beyond a row.
 */
#include "augment/mirror.h"
#include "base/simd.h"

#ifdef SIMD_X86
#include <immintrin.h>

SIMD_AVX2 void mirror_row_avx2(const uint8_t *line, size_t n, uint8_t *row)
{
    /* The line's last five pixels are bytes 1..15 of the 16 that end with them. */
    const __m128i turn = _mm_setr_epi8(13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0);
    size_t done = 0;
    for (; done + 11 <= n; done += 10, row += 30) {
        const uint8_t *end = line + 3 * (n - done);
        __m128i a = _mm_loadu_si128((const __m128i *)(end - 16));
        __m128i b = _mm_loadu_si128((const __m128i *)(end - 31));
        _mm_storeu_si128((__m128i *)row, _mm_shuffle_epi8(a, turn));
        _mm_storeu_si128((__m128i *)(row + 15), _mm_shuffle_epi8(b, turn));
    }
    mirror_row_plain(line, n - done, row);
}
#endif
