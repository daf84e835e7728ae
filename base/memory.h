/*
 * Sizes that cannot overflow and allocations that say what failed.
 *
 *     float *x = memory_array(n * c, sizeof(*x), &err);   // zeroed, or NULL with err filled
 *     if (!x)
 *         return -1;
 *     free(x);
 */
#ifndef TENFOLD_BASE_MEMORY_H
#define TENFOLD_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* a*b and a+b; false when the result does not fit, `*result` is then untouched. */
bool size_mul(size_t a, size_t b, size_t *result);
bool size_add(size_t a, size_t b, size_t *result);

/* `count` zeroed elements of `size` bytes; 0 elements give a valid pointer. The caller frees with
 * free(). NULL and ERROR_FAILED when the product overflows or there is no memory. */
void *memory_array(size_t count, size_t size, struct error *err);

/* As memory_array, the start aligned to 64 bytes (a cache line, an AVX-512 register). Freed with
 * free(). */
void *memory_aligned(size_t count, size_t size, struct error *err);

/* Make `*array` (of `*capacity` elements of `size` bytes) hold at least `need`, doubling; old
 * content stays. */
int memory_grow(void **array, size_t *capacity, size_t need, size_t size, struct error *err);

/* Bytes that this process may still take: what the machine has available, within the cgroups'
 * limits. */
uint64_t memory_free(void);

/* A copy of `text`; NULL with err filled when there is no memory. */
char *memory_text(const char *text, struct error *err);

#endif
