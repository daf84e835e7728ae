/* Sums of 8-bit RGB pixels, exact, at memory speed: what means are made of. */
#ifndef TENFOLD_AUGMENT_LEVEL_SUM_H
#define TENFOLD_AUGMENT_LEVEL_SUM_H

#include <stddef.h>
#include <stdint.h>

/* Add the levels of `count` interleaved pixels to the sums of R, G, B. */
void level_sum(const uint8_t *rgb, size_t count, uint64_t sum[3]);

#endif
