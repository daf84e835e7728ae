/* All kernels of one SIMD level, which the file that includes this names by vec.h's VEC_AVX512 or
 * VEC_AVX2:
 *
 *     const struct blocked_kernels blocked_avx2 = BLOCKED_KERNELS;
 */
#ifndef TENFOLD_MODEL_BLOCKED_KERNELS_H
#define TENFOLD_MODEL_BLOCKED_KERNELS_H

#include "model/blocked_pixels.h"
#include "model/blocked_product.h"
#include "model/blocked_winograd.h"

#define BLOCKED_KERNELS                                                                            \
    {                                                                                              \
        .lanes = VEC_LANES, .rows = TILE_ROWS, .spread = spread, .collect = collect,               \
        .maxpool = maxpool, .average = average, .add = add, .depthwise = depthwise,                \
        .product = product, .gather = gather, .scatter = scatter,                                  \
        .transform_weights = transform_weights, .tiles_in = tiles_in, .tiles_out = tiles_out       \
    }

#endif
