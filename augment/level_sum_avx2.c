/* Three vectors are a period, after which a vector begins with R again; the bytes of a channel are
 * cut out by masks and summed eight to a lane. */
#include "augment/level_sum_private.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <string.h>

enum { VECTOR = 32, PERIOD = 96 };

/* 255 where byte i of vector v of a period belongs to `channel`. */
SIMD_AVX2 static inline __m256i channel_mask(size_t v, size_t channel)
{
    uint8_t bytes[VECTOR];
    for (size_t i = 0; i < VECTOR; i++)
        bytes[i] = (VECTOR * v + i) % 3 == channel ? 255 : 0;
    return _mm256_loadu_si256((const __m256i *)bytes);
}

SIMD_AVX2 static inline __m256i add_masked(__m256i total, __m256i x, __m256i mask)
{
    return _mm256_add_epi64(total,
                            _mm256_sad_epu8(_mm256_and_si256(x, mask), _mm256_setzero_si256()));
}

SIMD_AVX2 size_t level_sum_avx2(const uint8_t *rgb, size_t count, uint64_t sum[3])
{
    /* Vector v's byte 0 belongs to channel 2 v mod 3: the masks of one vector serve all. */
    __m256i first = channel_mask(0, 0), second = channel_mask(0, 1), third = channel_mask(0, 2);
    __m256i r = _mm256_setzero_si256(), g = r, b = r;
    size_t periods = 3 * count / PERIOD;
    for (size_t i = 0; i < periods; i++, rgb += PERIOD) {
        __m256i x = _mm256_loadu_si256((const __m256i *)rgb),
                y = _mm256_loadu_si256((const __m256i *)(rgb + VECTOR)),
                z = _mm256_loadu_si256((const __m256i *)(rgb + 2 * VECTOR));
        r = add_masked(add_masked(add_masked(r, x, first), y, second), z, third);
        g = add_masked(add_masked(add_masked(g, x, second), y, third), z, first);
        b = add_masked(add_masked(add_masked(b, x, third), y, first), z, second);
    }
    __m256i total[3] = { r, g, b };
    for (size_t c = 0; c < 3; c++) {
        uint64_t part[4];
        memcpy(part, &total[c], sizeof(part));
        sum[c] += part[0] + part[1] + part[2] + part[3];
    }
    return periods * (PERIOD / 3);
}
#endif
