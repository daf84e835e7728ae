/*
 * Many small pieces of memory that live and die together, such as the nodes of a tree.
 *
 *     struct arena arena = { 0 };
 *     struct node *node = arena_take(&arena, 1, sizeof(*node), &err);
 *     arena_release(&arena);
 *
 * One thread at a time.
 */
#ifndef TENFOLD_BASE_ARENA_H
#define TENFOLD_BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

struct arena_block;

struct arena {
    struct arena_block *last; /* owned: the block in use, linked to those before it */
};

/* `count` zeroed elements of `size` bytes, aligned for any type; valid until arena_release. NULL
 * and ERROR_FAILED when there is no memory. */
void *arena_take(struct arena *arena, size_t count, size_t size, struct error *err);

/* A copy of `size` bytes of text, with a NUL behind it. */
char *arena_text(struct arena *arena, const char *text, size_t size, struct error *err);

void arena_release(struct arena *arena);

#endif
