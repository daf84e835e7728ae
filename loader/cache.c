/*
 * One run of reserved addresses, given out from its beginning by an atomic add, and a table of one
 * word a sample: 0 nothing, 1 somebody is putting it in, else where its record lies. The record is
 * written before the word is (release), and read after it (acquire).
 */
#include "loader/cache.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

enum { LINE = 64, CLAIMED = 1 };

/* In front of the data, which begins on the next line. */
struct record {
    uint64_t size;
    int32_t width, height;
};

struct cache {
    enum cache_kind kind;
    uint64_t count;
    size_t budget, table_bytes;
    uint8_t *memory; /* owned: the table, then records */
    _Atomic uint64_t *table;
    _Atomic uint64_t used; /* bytes from the memory's beginning; never above budget */
    _Atomic uint64_t items;
};

int cache_open(struct cache **result, enum cache_kind kind, uint64_t count, uint64_t budget,
               struct error *err)
{
    size_t table;
    if (budget == 0)
        budget = memory_free() / 2;
    if (!size_mul(count, sizeof(uint64_t), &table) || table > budget / 2 || budget > SIZE_MAX)
        return error_set(err, ERROR_USAGE, "data.cache_memory",
                         "%llu MiB are too few: the table of %llu samples takes %llu MiB",
                         (unsigned long long)(budget >> 20), (unsigned long long)count,
                         (unsigned long long)(count >> 17) + 1);
    struct cache *cache = memory_array(1, sizeof(*cache), err);
    if (!cache)
        return -1;
    void *memory = mmap(NULL, budget, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        free(cache);
        return error_errno(err, "data.cache_memory", "%llu MiB cannot be reserved",
                           (unsigned long long)(budget >> 20));
    }
    cache->kind = kind;
    cache->count = count;
    cache->budget = budget;
    cache->memory = memory;
    cache->table = memory;
    cache->table_bytes = (table + LINE - 1) / LINE * LINE;
    cache->used = cache->table_bytes;
    *result = cache;
    return 0;
}

void cache_close(struct cache *cache)
{
    if (!cache)
        return;
    munmap(cache->memory, cache->budget);
    free(cache);
}

enum cache_kind cache_kind(const struct cache *cache)
{
    return cache ? cache->kind : CACHE_NONE;
}

bool cache_get(const struct cache *cache, uint64_t id, struct cached *found)
{
    uint64_t at = atomic_load_explicit(&cache->table[id], memory_order_acquire);
    if (at <= CLAIMED)
        return false;
    const struct record *record = (const struct record *)(cache->memory + at);
    *found =
        (struct cached){ cache->memory + at + LINE, record->size, record->width, record->height };
    return true;
}

/* A record's bytes with its line in front; 0 when they do not fit. */
static size_t record_bytes(const struct cache *cache, size_t size)
{
    return size < cache->budget - 2 * LINE ? LINE + (size + LINE - 1) / LINE * LINE : 0;
}

bool cache_has_room(const struct cache *cache, size_t size)
{
    size_t bytes = record_bytes(cache, size);
    return bytes && bytes <= cache->budget - cache->used;
}

/* 0: no room. */
static uint64_t take(struct cache *cache, size_t size)
{
    size_t bytes = record_bytes(cache, size);
    uint64_t at = cache->used;
    do {
        if (!bytes || bytes > cache->budget - at)
            return 0;
    } while (!atomic_compare_exchange_weak(&cache->used, &at, at + bytes));
    return at;
}

void cache_put(struct cache *cache, uint64_t id, const struct cached *item)
{
    uint64_t nothing = 0;
    if (!cache_has_room(cache, item->size) ||
        !atomic_compare_exchange_strong(&cache->table[id], &nothing, CLAIMED))
        return;
    uint64_t at = take(cache, item->size);
    if (at) {
        struct record *record = (struct record *)(cache->memory + at);
        *record = (struct record){ item->size, item->width, item->height };
        memcpy(cache->memory + at + LINE, item->data, item->size);
        cache->items++;
    }
    atomic_store_explicit(&cache->table[id], at, memory_order_release);
}

uint64_t cache_items(const struct cache *cache)
{
    return cache ? cache->items : 0;
}

uint64_t cache_used(const struct cache *cache)
{
    return cache ? cache->used : 0;
}

uint64_t cache_budget(const struct cache *cache)
{
    return cache ? cache->budget : 0;
}
