/*
 * A JPEG rewritten without loss: the same DCT coefficients, quantization tables, sampling and
 * metadata, in one sequential Huffman-coded scan with tables of its own and restart markers every
 * few MCUs, so that a decoder can read a part of it and leave the rest alone. What was written is
 * read again and compared, coefficient by coefficient, before it is handed out.
 *
 *     struct transcoder *t;
 *     if (transcoder_open(&t, &err) < 0) ...              // one a thread
 *     if (transcode(t, bytes, size, 64, &out, &err) < 0)   // ERROR_DATA: keep the bytes as they
 * are
 *         ...
 *     transcoder_close(t);
 */
#ifndef TENFOLD_LOADER_PACK_JPEG_H
#define TENFOLD_LOADER_PACK_JPEG_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

struct transcoder;

int transcoder_open(struct transcoder **transcoder, struct error *err);

/* `size` bytes that decode without a warning (decode.h), rewritten into `out` (replaced; its memory
 * is reused). `pixels` of a row lie between two restart markers, about (see transcode_interval); 0:
 * no markers, as in images no larger than that. APP and COM segments keep their bytes and order,
 * and stand before the tables; what follows the image in the file is kept. ERROR_DATA with the
 * reason where the image cannot be written so. */
int transcode(struct transcoder *transcoder, const void *bytes, size_t size, int pixels,
              struct buffer *out, struct error *err);

/* The APP and COM segments of a file that libjpeg reads without a warning, as they are, appended to
 * `out`: those for which `wanted` (of the marker, 0xe0..0xef and 0xfe) is not false. */
int transcode_metadata(const void *bytes, size_t size, int (*wanted)(int marker),
                       struct buffer *out, struct error *err);

/* MCUs between two markers: of the divisors of `row`, the MCUs of a row, that nearest to `pixels`
 * by ratio where an MCU is `mcu` pixels wide, but more than half of it: markers cost bytes. So
 * every row of MCUs begins behind a marker. */
int transcode_interval(int row, int mcu, int pixels);

void transcoder_close(struct transcoder *transcoder);

#endif
