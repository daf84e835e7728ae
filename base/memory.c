#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 }; /* a cache line, and an AVX-512 register */

bool size_mul(size_t a, size_t b, size_t *result)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *result = a * b;
    return true;
}

bool size_add(size_t a, size_t b, size_t *result)
{
    if (a > SIZE_MAX - b)
        return false;
    *result = a + b;
    return true;
}

static int no_memory(size_t count, size_t size, struct error *err)
{
    return error_set(err, ERROR_FAILED, NULL, "no memory for %zu elements of %zu bytes", count,
                     size);
}

void *memory_array(size_t count, size_t size, struct error *err)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        no_memory(count, size, err);
    return memory;
}

void *memory_aligned(size_t count, size_t size, struct error *err)
{
    size_t bytes;
    if (!size_mul(count, size, &bytes) || !size_add(bytes, ALIGNMENT, &bytes)) {
        no_memory(count, size, err);
        return NULL;
    }
    bytes -= bytes % ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, bytes);
    if (!memory) {
        no_memory(count, size, err);
        return NULL;
    }
    return memset(memory, 0, bytes);
}

int memory_grow(void **array, size_t *capacity, size_t need, size_t size, struct error *err)
{
    if (need <= *capacity)
        return 0;
    size_t count = *capacity > SIZE_MAX / 2 ? need : *capacity * 2;
    if (count < need)
        count = need;
    if (count < 16)
        count = 16;
    size_t bytes;
    void *grown = size_mul(count, size, &bytes) ? realloc(*array, bytes) : NULL;
    if (!grown)
        return no_memory(count, size, err);
    *array = grown;
    *capacity = count;
    return 0;
}

char *memory_text(const char *text, struct error *err)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_array(size, 1, err);
    return copy ? memcpy(copy, text, size) : NULL;
}
