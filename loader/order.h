/*
 * The epoch's order: a keyed permutation of 0..n-1, computed per position. A balanced Feistel
 * network of 8 rounds over the smallest even number of bits that holds n, with cycle walking; the
 * round function is Philox under the key of (order_seed, "order/permutation"), counter (half, 0,
 * epoch, round). No memory, instant seek, the same for one sample or ten billion. docs/formats.md
 * has known answers.
 *
 *     struct order order = order_make(n, order_seed, true);
 *     uint64_t id = order_at(&order, epoch, position);
 */
#ifndef TENFOLD_LOADER_ORDER_H
#define TENFOLD_LOADER_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

struct order {
    uint64_t count;
    struct rng_key key;
    int half_bits;
    bool shuffle;
};

struct order order_make(uint64_t count, uint64_t order_seed, bool shuffle);
/* The id at `position` (0..count-1) of `epoch`. Pure; any thread. Without shuffle: position itself.
 */
uint64_t order_at(const struct order *order, uint32_t epoch, uint64_t position);
/* The reverse: the position that `id` (0..count-1) has in `epoch`. */
uint64_t order_of(const struct order *order, uint32_t epoch, uint64_t id);

#endif
