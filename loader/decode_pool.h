/*
 * Memory for a library that takes the same blocks again for each image: what it gives back is kept
 * for the next time. One pool per thread.
 *
 *     struct pool pool = { 0 };
 *     void *block = pool_take(&pool, size);       // NULL: no memory
 *     pool_give(&pool, block);                    // NULL is a no-op
 *     pool_release(&pool);
 */
#ifndef TENFOLD_LOADER_DECODE_POOL_H
#define TENFOLD_LOADER_DECODE_POOL_H

#include <stddef.h>

enum {
    POOL_BLOCKS = 24,         /* libpng and zlib take 7 an image, two of them of its rows' size */
    POOL_BYTES_MAX = 1 << 20, /* of a block that is kept: more is a rare image's */
};

struct pool {
    struct pool_block *kept[POOL_BLOCKS]; /* owned; NULL: a free place */
};

void *pool_take(struct pool *pool, size_t size);
void pool_give(struct pool *pool, void *block);
void pool_release(struct pool *pool);

#endif
