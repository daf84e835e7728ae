#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK = 64 << 10 }; /* large enough that malloc does not count, small beside any config */

struct arena_block {
    struct arena_block *before; /* owned */
    size_t used, size;
    alignas(max_align_t) char data[];
};

void *arena_take(struct arena *arena, size_t count, size_t size, struct error *err)
{
    size_t bytes, total;
    const size_t unit = alignof(max_align_t);
    if (!size_mul(count, size, &bytes) ||
        !size_add(bytes, unit + sizeof(struct arena_block), &total)) {
        error_set(err, ERROR_FAILED, NULL, "no memory for %zu elements of %zu bytes", count, size);
        return NULL;
    }
    bytes = (bytes + unit - 1) / unit * unit;
    struct arena_block *block = arena->last;
    if (!block || block->size - block->used < bytes) {
        size_t room = bytes > BLOCK ? bytes : BLOCK;
        block = memory_array(1, sizeof(*block) + room, err);
        if (!block)
            return NULL;
        block->size = room;
        block->before = arena->last;
        arena->last = block;
    }
    void *piece = block->data + block->used;
    block->used += bytes;
    return piece;
}

char *arena_text(struct arena *arena, const char *text, size_t size, struct error *err)
{
    char *copy = arena_take(arena, size + 1, 1, err);
    return copy ? memcpy(copy, text, size) : NULL;
}

void arena_release(struct arena *arena)
{
    while (arena->last) {
        struct arena_block *block = arena->last;
        arena->last = block->before;
        free(block);
    }
}
