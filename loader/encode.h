/*
 * From 8-bit RGB pixels to the bytes of an image file: JPEG by libjpeg-turbo, PNG by base's
 * png_encode.
 *
 *     struct buffer file = { 0 };
 *     struct encode_form form = { .kind = ENCODE_JPEG, .quality = 85, .chroma = CHROMA_420 };
 *     if (encode_image(&image, &form, &file, &err) < 0) ...
 *     buffer_release(&file);
 *
 * All threads, each with its own buffer.
 */
#ifndef TENFOLD_LOADER_ENCODE_H
#define TENFOLD_LOADER_ENCODE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/image.h"

enum encode_kind { ENCODE_JPEG, ENCODE_PNG };
enum encode_chroma { CHROMA_444, CHROMA_422, CHROMA_420, CHROMA_GRAY };

struct encode_form {
    enum encode_kind kind;
    int quality;               /* JPEG: 1..100 */
    enum encode_chroma chroma; /* JPEG: resolution of the color channels */
    int level;                 /* PNG: zlib's effort, 0..9 */
};

/* "jpg" or "png". */
const char *encode_extension(const struct encode_form *form);

/* Replaces the content of `out`; its memory is reused. Fails with ERROR_FAILED where the library
 * does. */
int encode_image(const struct image *image, const struct encode_form *form, struct buffer *out,
                 struct error *err);

#endif
