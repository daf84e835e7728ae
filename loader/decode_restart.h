/*
 * A smaller JPEG out of a larger one, without decoding it. Restart markers end the segments of a
 * baseline JPEG's entropy-coded data; each segment starts anew at a whole byte and predicts nothing
 * from the one before. So the segments of a rectangle, under a header with the rectangle's size and
 * with their markers numbered anew, are a JPEG of that rectangle. Its cost is the rectangle's: the
 * other segments are only looked through for markers.
 *
 *     struct restart restart = { 0 };
 *     int rc = restart_extract(&restart, &jpeg, jpeg.src->next_input_byte,
 *                              jpeg.src->bytes_in_buffer, &cut, &err);
 *     if (rc == 1) jpeg_mem_src(&jpeg, restart.file, restart.size);
 *     restart_release(&restart);
 *
 * Each thread has its own struct restart.
 */
#ifndef TENFOLD_LOADER_DECODE_RESTART_H
#define TENFOLD_LOADER_DECODE_RESTART_H

#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/error.h"
#include "base/simd.h"
#include "loader/decode_region.h"

struct restart_segment {
    size_t start, end; /* bytes of the scan's data */
};

struct restart {
    struct restart_segment *segments; /* owned */
    size_t segments_capacity;
    uint8_t *file; /* owned: the smaller JPEG, of `size` bytes */
    size_t size, capacity;
};

/*
 * Make the JPEG of `cut` from a file whose header `jpeg` has just read and whose entropy-coded data
 * is `scan` (up to the end of the file). The new file leaves the tables out: the decompressor that
 * has read the header still has them (and says what the color space is). 1: made; 0: the markers
 * are not exactly those that the header promises, in number and order; -1: no memory.
 */
int restart_extract(struct restart *restart, const struct jpeg_decompress_struct *jpeg,
                    const uint8_t *scan, size_t size, const struct restart_cut *cut,
                    struct error *err);

void restart_release(struct restart *restart);

/* The first place from `at` (at most `size`) on that holds 0xFF before a byte that is not 0: a
 * marker, or a fill byte before one. `size` when there is none. */
size_t marker_find(const uint8_t *bytes, size_t at, size_t size);
size_t marker_find_plain(const uint8_t *bytes, size_t at, size_t size);
#ifdef SIMD_X86
size_t marker_find_avx2(const uint8_t *bytes, size_t at, size_t size);
#endif

#endif
