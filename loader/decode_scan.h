/*
 * The entropy-coded data of a sequential JPEG, decoded in the place of libjpeg's own Huffman
 * decoder, which takes two thirds of a decode: tables that answer with whole symbols, and blocks
 * that nobody wants (above a part of an image and beside it) passed over several symbols at a time.
 * All else stays libjpeg's: header, inverse DCT, upsampling, color.
 *
 * It takes files that are in order and no others. At the first thing that is not (a code that there
 * is none of, bits that are missing or left over, another marker than the next one) it gives up by
 * jumping to the decoder's `out` with JPEG_AGAIN, and the image is decoded once more by libjpeg
 * alone, which says what is wrong, or that nothing is.
 *
 *     if (scan_reserve(&scan, jpeg, &err) < 0) ...
 *     jpeg_start_decompress(jpeg);
 *     jpeg_crop_scanline(jpeg, &x, &width);
 *     scan_begin(&scan, jpeg, 90000);             // from here on the MCUs are decoded here
 *     scan_release(&scan);
 */
#ifndef TENFOLD_LOADER_DECODE_SCAN_H
#define TENFOLD_LOADER_DECODE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jpeglib.h>

#include "base/error.h"
#include "loader/decode_huffman.h"

struct scan {
    struct huffman *dc[NUM_HUFF_TBLS], *ac[NUM_HUFF_TBLS]; /* owned; NULL: not met yet */
    uint8_t *bytes;  /* owned: the current segment without stuffing, and HUFFMAN_PAD bytes */
    size_t capacity; /* of bytes */
    const uint8_t *file, *file_end; /* borrowed: what follows the current segment */
    struct bit_reader reader;
    int64_t segment_bits;
    int dc_value[MAX_COMPS_IN_SCAN];
    unsigned segment_mcus; /* left in the current segment */
    uint64_t mcus;         /* left in the scan */
    unsigned column;       /* of the next MCU */
    int restart;           /* number of the next marker */
    bool skips;            /* tables to skip with were made */
};

/* Make room for the scan whose header `jpeg` has read, the rest of the file in its source. -1: no
 * memory. */
int scan_reserve(struct scan *scan, const struct jpeg_decompress_struct *jpeg, struct error *err);

/* Take over, after jpeg_start_decompress and jpeg_crop_scanline, the decoding of a file whose
 * components lie in one sequential scan. `unwanted`: pixels that will be passed over. */
void scan_begin(struct scan *scan, j_decompress_ptr jpeg, int64_t unwanted);

void scan_release(struct scan *scan);

#endif
