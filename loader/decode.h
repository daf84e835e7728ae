/*
 * From file bytes to 8-bit RGB pixels, told apart by the first bytes: JPEG by libjpeg-turbo
 * (accurate integer DCT, fancy upsampling), PNG by libpng; exactly what Pillow's convert("RGB")
 * gives (gray, palette, alpha dropped, CMYK and YCCK with Adobe's inversion; of 16-bit samples the
 * high byte). One decoder per thread: it owns the library's state and the pixels, and reuses both.
 *
 *     struct decoder *d;
 *     if (decoder_open(&d, NULL, &err) < 0) ...
 *     struct decode_info info;
 *     if (decode_header(d, bytes, size, &info, &err) < 0) ...
 *     // draw the plan from info.width x info.height ...
 *     struct image image; int x, y;
 *     if (decode_pixels(d, plan_needs(&plan), &image, &x, &y, &err) < 0) ...
 *     if (decode_warnings(d)) ...                       // text for the ledger
 *
 * Of a baseline JPEG only what `need` asks for is decoded: nothing below its last row, no column
 * beside it; and where restart markers tile the image's rows, nothing but the segments between them
 * that it lies in. The pixels of `need` are the full decode's, to the bit. Other files
 * (progressive, CMYK, PNG, small ones) are decoded whole.
 *
 * Rule for damaged files: extraneous bytes between JPEG markers are a warning; any other libjpeg or
 * libpng warning that touches pixels (premature end, bad code, bad CRC of a critical chunk) is an
 * error. What is not decoded is not seen: in training, a file that is damaged somewhere passes with
 * the crops that lie elsewhere. `nndata verify` and evaluation decode files whole.
 */
#ifndef TENFOLD_LOADER_DECODE_H
#define TENFOLD_LOADER_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/image.h"

enum decode_kind { DECODE_JPEG, DECODE_PNG };

struct decode_options {
    bool exif_apply; /* turn the image as its EXIF orientation says; default: ignore, as torchvision
                      */
    bool whole;      /* whatever is needed, so that damage anywhere refuses the file */
    bool
        plain; /* JPEG by libjpeg alone; default: with Huffman decoding of our own, the same bits */
    uint64_t pixels_max; /* refused above; 0: 100 million */
};

/* After EXIF, where applied. */
struct decode_info {
    enum decode_kind kind;
    int width, height;
    int orientation; /* EXIF's 1..8; 1 when absent */
    bool progressive;
    const char *mode; /* what the file holds: "L", "RGB", "CMYK", "P", "LA", "RGBA", "I;16", ... */
};

struct decoder;

int decoder_open(struct decoder **decoder, const struct decode_options *options, struct error *err);
/* Whether the images to come are turned as EXIF says, in place of what was said when opening. */
void decoder_exif(struct decoder *decoder, bool apply);

/* Read the header of `size` bytes, which must stay until decode_pixels is done. ERROR_DATA with one
 * line. */
int decode_header(struct decoder *decoder, const void *bytes, size_t size, struct decode_info *info,
                  struct error *err);

/* Decode at least `need`, a part of the image (after EXIF, where applied); `image` is borrowed
 * until the next call on this decoder, its first pixel is the image's (*origin_x, *origin_y). Once
 * after each decode_header. */
int decode_pixels(struct decoder *decoder, struct rect need, struct image *image, int *origin_x,
                  int *origin_y, struct error *err);

/* Text of the warnings of the last image, NULL when there was none. */
const char *decode_warnings(const struct decoder *decoder);

void decoder_close(struct decoder *decoder);

#endif
