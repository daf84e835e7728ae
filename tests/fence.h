/*
 * Memory between unmapped pages: a byte read or written too many is a crash.
 *
 *     struct fence f = fence_open(bytes, true);
 *     kernel(f.bytes, n);
 *     fence_close(&f);
 */
#ifndef TENFOLD_TESTS_FENCE_H
#define TENFOLD_TESTS_FENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fence {
    uint8_t *base, *bytes;
    size_t size;
};

/* `bytes` zeroed bytes that end where an unmapped page begins (`at_end`), or begin where one ends.
 */
struct fence fence_open(size_t bytes, bool at_end);
void fence_close(struct fence *fence);

#endif
