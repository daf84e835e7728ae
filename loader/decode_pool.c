#include "loader/decode_pool.h"

#include <stdlib.h>

#include "base/memory.h"

enum { BLOCK_MIN = 64 };

/* What stands before a block's bytes. */
struct pool_block {
    _Alignas(max_align_t) size_t size;
};

/* Sizes are powers of two, so that images of other sizes ask for the same blocks. */
static size_t rounded(size_t size)
{
    size_t power = BLOCK_MIN;
    while (power < size)
        power *= 2;
    return power;
}

void *pool_take(struct pool *pool, size_t size)
{
    size_t bytes;
    if (size <= POOL_BYTES_MAX)
        size = rounded(size);
    for (int i = 0; i < POOL_BLOCKS; i++) {
        struct pool_block *kept = pool->kept[i];
        if (kept && kept->size == size) {
            pool->kept[i] = NULL;
            return kept + 1;
        }
    }
    struct pool_block *block = size_add(size, sizeof(*block), &bytes) ? malloc(bytes) : NULL;
    if (!block)
        return NULL;
    block->size = size;
    return block + 1;
}

/* Where all places are taken the smallest block has to go. */
void pool_give(struct pool *pool, void *bytes)
{
    if (!bytes)
        return;
    struct pool_block *block = (struct pool_block *)bytes - 1, **least = &pool->kept[0];
    if (block->size > POOL_BYTES_MAX) {
        free(block);
        return;
    }
    for (int i = 0; i < POOL_BLOCKS && *least; i++)
        if (!pool->kept[i] || pool->kept[i]->size < (*least)->size)
            least = &pool->kept[i];
    free(*least);
    *least = block;
}

void pool_release(struct pool *pool)
{
    for (int i = 0; i < POOL_BLOCKS; i++) {
        free(pool->kept[i]);
        pool->kept[i] = NULL;
    }
}
