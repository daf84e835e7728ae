/*
 * Samples kept in memory: compressed bytes or decoded pixels, put in as they are first met and
 * never thrown out, for an epoch meets each sample once: what is thrown out to make room is as
 * likely to be met next as what takes its place (Mohan et al., "Analyzing and Mitigating Data
 * Stalls in DNN Training", VLDB 2021). Once the budget is used, the other samples are read as ever.
 *
 *     struct cache *cache;
 *     if (cache_open(&cache, CACHE_BYTES, index_count(index), budget, &err) < 0) ...
 *     struct cached found;
 *     if (!cache_get(cache, id, &found)) {
 *         ... read ...
 *         cache_put(cache, id, &(struct cached){ .data = bytes, .size = n });
 *     }
 *
 * Any thread, without locks. What was found stays where it is until cache_close.
 */
#ifndef TENFOLD_LOADER_CACHE_H
#define TENFOLD_LOADER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum cache_kind { CACHE_NONE, CACHE_BYTES, CACHE_PIXELS };

struct cached {
    const void *data; /* a file's bytes, or rows of 8-bit RGB without gaps */
    size_t size;
    int width, height; /* of pixels */
};

struct cache;

/* `count` samples and at most `budget` bytes with all that belongs to it; 0: half of the memory
 * that is free now. Memory is taken as it is filled. ERROR_USAGE when the budget is too small for
 * the table of `count` places. */
int cache_open(struct cache **cache, enum cache_kind kind, uint64_t count, uint64_t budget,
               struct error *err);
/* CACHE_NONE for a NULL cache. */
enum cache_kind cache_kind(const struct cache *cache);

bool cache_get(const struct cache *cache, uint64_t id, struct cached *found);
/* Is there room for `size` bytes? For deciding what to decode; cache_put says for certain. */
bool cache_has_room(const struct cache *cache, size_t size);
/* Copy what `item` describes, unless it is there already or there is no room. */
void cache_put(struct cache *cache, uint64_t id, const struct cached *item);

/* Samples in it, and bytes used of its budget. */
uint64_t cache_items(const struct cache *cache);
uint64_t cache_used(const struct cache *cache);
uint64_t cache_budget(const struct cache *cache);

void cache_close(struct cache *cache); /* NULL is a no-op */

#endif
