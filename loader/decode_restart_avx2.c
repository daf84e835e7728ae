#include "loader/decode_restart.h"

#ifdef SIMD_X86
#include <immintrin.h>

enum { BYTES = 32 };

SIMD_AVX2 size_t marker_find_avx2(const uint8_t *bytes, size_t at, size_t size)
{
    const __m256i ones = _mm256_set1_epi8(-1), zeros = _mm256_setzero_si256();
    for (; size - at > BYTES; at += BYTES) { /* a byte is looked at with the one behind it */
        __m256i here = _mm256_loadu_si256((const __m256i *)(bytes + at));
        __m256i next = _mm256_loadu_si256((const __m256i *)(bytes + at + 1));
        __m256i hit =
            _mm256_andnot_si256(_mm256_cmpeq_epi8(next, zeros), _mm256_cmpeq_epi8(here, ones));
        unsigned hits = (unsigned)_mm256_movemask_epi8(hit);
        if (hits)
            return at + (size_t)__builtin_ctz(hits);
    }
    return marker_find_plain(bytes, at, size);
}
#endif
