/* What the decoder and its two formats share. */
#ifndef TENFOLD_LOADER_DECODE_PRIVATE_H
#define TENFOLD_LOADER_DECODE_PRIVATE_H

#include "loader/decode.h"

struct jpeg_decoder;
struct png_decoder;

struct decoder {
    struct decode_options options;
    struct jpeg_decoder *jpeg; /* owned */
    struct png_decoder *png;   /* owned */
    const uint8_t *bytes;      /* borrowed from the caller between header and pixels */
    size_t size;
    struct decode_info info; /* as the file has it: EXIF is not applied to the sizes here */
    uint8_t *pixels;         /* owned: RGB, whole image, as the file has it */
    size_t capacity;
    uint8_t *turned; /* owned: the same after EXIF, where applied */
    size_t turned_capacity;
    char warnings[512];
};

/* Add a line's part to the decoder's warnings. */
void decode_warn(struct decoder *d, const char *text);

int jpeg_decoder_open(struct jpeg_decoder **jpeg, struct decoder *owner, struct error *err);
/* Fill owner->info from owner->bytes. */
int jpeg_decoder_header(struct jpeg_decoder *jpeg, struct error *err);
/* All rows into owner->pixels, which has room. */
int jpeg_decoder_pixels(struct jpeg_decoder *jpeg, struct error *err);
void jpeg_decoder_close(struct jpeg_decoder *jpeg);

int png_decoder_open(struct png_decoder **png, struct decoder *owner, struct error *err);
int png_decoder_header(struct png_decoder *png, struct error *err);
int png_decoder_pixels(struct png_decoder *png, struct error *err);
void png_decoder_close(struct png_decoder *png);

/* The orientation 1..8 that an EXIF block (TIFF header first) states; 1 where it states none or is
 * broken. */
int exif_orientation(const uint8_t *tiff, size_t size);

/* `from` (width x height) turned as `orientation` says into `to`, which has as many pixels. */
void exif_turn(const uint8_t *from, int width, int height, int orientation, uint8_t *to);

#endif
