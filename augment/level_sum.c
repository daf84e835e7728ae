#include "augment/level_sum.h"

#include "base/simd.h"

enum { BLOCK = 16, BLOCKS = 1 << 20 }; /* 2^20 levels' sum fits 32 bits */

/* Sums of each place of a block of 16 pixels over many blocks. */
VECTOR_CLONES static void add_blocks(const uint8_t *rgb, size_t blocks, uint32_t sum[3 * BLOCK])
{
    for (; blocks > 0; blocks--, rgb += 3 * BLOCK)
        for (int i = 0; i < 3 * BLOCK; i++)
            sum[i] += rgb[i];
}

void level_sum(const uint8_t *rgb, size_t count, uint64_t sum[3])
{
    size_t i = 0;
    while (count - i >= BLOCK) {
        uint32_t part[3 * BLOCK] = { 0 };
        size_t blocks = (count - i) / BLOCK;
        blocks = blocks < BLOCKS ? blocks : BLOCKS;
        add_blocks(rgb + 3 * i, blocks, part);
        for (int k = 0; k < 3 * BLOCK; k++)
            sum[k % 3] += part[k];
        i += blocks * BLOCK;
    }
    for (; i < count; i++)
        for (size_t c = 0; c < 3; c++)
            sum[c] += rgb[3 * i + c];
}
