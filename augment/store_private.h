/* store_pixels at every level of vector code. */
#ifndef TENFOLD_AUGMENT_STORE_PRIVATE_H
#define TENFOLD_AUGMENT_STORE_PRIVATE_H

#include "augment/store.h"
#include "base/simd.h"

typedef void store_pixels_kernel(const struct store *s, const uint8_t *rgb, size_t n, bool mirror,
                                 size_t at, void *out);

store_pixels_kernel store_pixels_plain;
#ifdef SIMD_X86
store_pixels_kernel store_pixels_avx2; /* n at least 8 */
#endif

#endif
