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
    uint8_t *pixels;         /* owned: RGB, the part that was decoded, as the file has it */
    size_t capacity;
    uint8_t *turned; /* owned: the same after EXIF, where applied */
    size_t turned_capacity;
    char warnings[512];
};

/* Room for the pixels of `part` in d->pixels. */
int decode_reserve(struct decoder *d, struct rect part, struct error *err);

/* Add a line's part to the decoder's warnings. */
void decode_warn(struct decoder *d, const char *text);

int jpeg_decoder_open(struct jpeg_decoder **jpeg, struct decoder *owner, struct error *err);
/* Fill owner->info from owner->bytes. */
int jpeg_decoder_header(struct jpeg_decoder *jpeg, struct error *err);
/* At least the pixels of `need` into owner->pixels, row by row without gaps; `got` is what they
 * are. Both as the file has them. */
int jpeg_decoder_pixels(struct jpeg_decoder *jpeg, struct rect need, struct rect *got,
                        struct error *err);
void jpeg_decoder_close(struct jpeg_decoder *jpeg);

int png_decoder_open(struct png_decoder **png, struct decoder *owner, struct error *err);
int png_decoder_header(struct png_decoder *png, struct error *err);
/* All of them. */
int png_decoder_pixels(struct png_decoder *png, struct rect *got, struct error *err);
void png_decoder_close(struct png_decoder *png);

/* The orientation 1..8 that an EXIF block (TIFF header first) states; 1 where it states none or is
 * broken. */
int exif_orientation(const uint8_t *tiff, size_t size);

/* Where `part` of an image of width x height (as the file has it) is after turning it, and back. */
struct rect exif_turn_rect(struct rect part, int width, int height, int orientation);
struct rect exif_turn_back(struct rect part, int width, int height, int orientation);

/* `from` (width x height) turned as `orientation` says into `to`, which has as many pixels. */
void exif_turn(const uint8_t *from, int width, int height, int orientation, uint8_t *to);

#endif
