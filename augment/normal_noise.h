/*
 * Many normal numbers from one key, the same bits on every machine: Philox4x32-10 (base/rng.h) and
 * the method of Box and Muller ("A Note on the Generation of Random Normal Deviates", 1958) in
 * float, with series for logarithm, sine and cosine.
 *
 *     noise_add(key, 0, 0, width, 25.5f, red);
 *
 * Block b of a key's channel is Philox of the counter (b low, b high, channel, 0). Group g of 32
 * numbers is that of blocks 8 g .. 8 g + 7: block 8 g + l's words 0 and 1 give numbers l and 8 + l,
 * its words 2 and 3 numbers 16 + l and 24 + l. No number is beyond 5.8 deviations. Any thread.
 */
#ifndef TENFOLD_AUGMENT_NORMAL_NOISE_H
#define TENFOLD_AUGMENT_NORMAL_NOISE_H

#include <stddef.h>

#include "base/rng.h"

enum { NOISE_GROUP = 32 };

/* Add numbers first .. first + n - 1 of a channel, times std, to v; `first` begins a group. */
void noise_add(struct rng_key key, uint32_t channel, uint64_t first, size_t n, float std, float *v);

/* Whole groups from group `first` on. */
void noise_add_avx2(struct rng_key key, uint32_t channel, uint64_t first, size_t groups, float std,
                    float *v);

#endif
