/* The vector code behind level_sum.h. */
#ifndef TENFOLD_AUGMENT_LEVEL_SUM_PRIVATE_H
#define TENFOLD_AUGMENT_LEVEL_SUM_PRIVATE_H

#include "augment/level_sum.h"
#include "base/simd.h"

/* Whole blocks; gives the number of pixels done. */
size_t level_sum_avx2(const uint8_t *rgb, size_t count, uint64_t sum[3]);

#endif
