/*
 * Feistel network, 8 rounds: (left, right) -> (right, left xor F(right)), halves of equal width.
 * A value of 2^(2 half_bits) or above count is encrypted again until it falls below count (cycle
 * walking: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002): since the
 * domain is less than four times count, four rounds of walking are expected at most.
 */
#include "loader/order.h"

#include <assert.h>

enum { ROUNDS = 8 };

struct order order_make(uint64_t count, uint64_t order_seed, bool shuffle)
{
    struct order order = {
        .count = count,
        .key = rng_derive(order_seed, "order", "permutation", 0),
        .half_bits = 1,
        .shuffle = shuffle,
    };
    while (order.half_bits < 32 && (UINT64_C(1) << (2 * order.half_bits)) < count)
        order.half_bits++;
    return order;
}

/* The round function, less than 2^half_bits. */
static uint32_t mangle(const struct order *order, uint32_t epoch, uint32_t round, uint32_t half)
{
    const uint32_t counter[4] = { half, 0, epoch, round };
    uint32_t out[4];
    philox4x32(counter, order->key.word, out);
    return out[0] & (uint32_t)((UINT64_C(1) << order->half_bits) - 1);
}

static uint64_t permute(const struct order *order, uint32_t epoch, uint64_t x)
{
    uint32_t mask = (uint32_t)((UINT64_C(1) << order->half_bits) - 1);
    uint32_t left = (uint32_t)(x >> order->half_bits), right = (uint32_t)x & mask;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t next = left ^ mangle(order, epoch, round, right);
        left = right;
        right = next;
    }
    return (uint64_t)left << order->half_bits | right;
}

static uint64_t permute_back(const struct order *order, uint32_t epoch, uint64_t x)
{
    uint32_t mask = (uint32_t)((UINT64_C(1) << order->half_bits) - 1);
    uint32_t left = (uint32_t)(x >> order->half_bits), right = (uint32_t)x & mask;
    for (uint32_t round = ROUNDS; round-- > 0;) {
        uint32_t before = right ^ mangle(order, epoch, round, left);
        right = left;
        left = before;
    }
    return (uint64_t)left << order->half_bits | right;
}

uint64_t order_at(const struct order *order, uint32_t epoch, uint64_t position)
{
    assert(position < order->count);
    if (!order->shuffle)
        return position;
    uint64_t x = permute(order, epoch, position);
    while (x >= order->count)
        x = permute(order, epoch, x);
    return x;
}

uint64_t order_of(const struct order *order, uint32_t epoch, uint64_t id)
{
    assert(id < order->count);
    if (!order->shuffle)
        return id;
    uint64_t x = permute_back(order, epoch, id);
    while (x >= order->count)
        x = permute_back(order, epoch, x);
    return x;
}
