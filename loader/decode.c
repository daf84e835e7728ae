#include "loader/decode.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/decode_private.h"

static const uint64_t PIXELS_MAX =
    100000000; /* 300 MB of RGB; Pillow warns of a bomb from 89 million */

int decoder_open(struct decoder **result, const struct decode_options *options, struct error *err)
{
    struct decoder *d = memory_array(1, sizeof(*d), err);
    if (!d)
        return -1;
    if (options)
        d->options = *options;
    if (d->options.pixels_max == 0)
        d->options.pixels_max = PIXELS_MAX;
    if (jpeg_decoder_open(&d->jpeg, d, err) < 0 || png_decoder_open(&d->png, d, err) < 0) {
        decoder_close(d);
        return -1;
    }
    *result = d;
    return 0;
}

void decoder_exif(struct decoder *d, bool apply)
{
    d->options.exif_apply = apply;
}

void decoder_close(struct decoder *d)
{
    if (!d)
        return;
    png_decoder_close(d->png);
    jpeg_decoder_close(d->jpeg);
    free(d->turned);
    free(d->pixels);
    free(d);
}

void decode_warn(struct decoder *d, const char *text)
{
    size_t used = strlen(d->warnings);
    if (strstr(d->warnings, text)) /* the same again says nothing new */
        return;
    snprintf(d->warnings + used, sizeof(d->warnings) - used, "%s%s", used ? "; " : "", text);
}

const char *decode_warnings(const struct decoder *d)
{
    return d->warnings[0] ? d->warnings : NULL;
}

/* What the first bytes of other files that people put into image folders say. */
static const struct {
    size_t at, size;
    const char *bytes, *name;
} others[] = {
    { 0, 4, "GIF8", "a GIF" },
    { 8, 4, "WEBP", "a WebP" },
    { 0, 2, "BM", "a BMP" },
    { 0, 4, "II*\0", "a TIFF" },
    { 0, 4, "MM\0*", "a TIFF" },
    { 4, 8, "ftypheic", "an HEIC" },
    { 4, 8, "ftypavif", "an AVIF" },
    { 0, 5, "<?xml", "an XML file" },
    { 0, 4, "%PDF", "a PDF" },
    { 0, 9, "<!DOCTYPE", "an HTML page" },
    { 0, 5, "<html", "an HTML page" },
    { 0, 23, "version https://git-lfs", "a Git-LFS pointer (run `git lfs pull`)" },
    { 0, 2, "\x1f\x8b", "gzip data" },
    { 0, 4, "\0\0\0\x0c", "a JPEG 2000" },
};

static int refuse(const uint8_t *bytes, size_t size, struct error *err)
{
    if (size == 0)
        return error_set(err, ERROR_DATA, NULL, "is empty");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (size >= others[i].at + others[i].size &&
            memcmp(bytes + others[i].at, others[i].bytes, others[i].size) == 0)
            return error_set(err, ERROR_DATA, NULL, "is %s; JPEG and PNG are accepted",
                             others[i].name);
    char hex[3 * 8 + 1] = "";
    for (size_t i = 0; i < 8 && i < size; i++)
        snprintf(hex + 3 * i, 4, " %02x", bytes[i]);
    return error_set(err, ERROR_DATA, NULL, "is no image: begins with%s; JPEG and PNG are accepted",
                     hex);
}

int decode_header(struct decoder *d, const void *bytes, size_t size, struct decode_info *info,
                  struct error *err)
{
    d->bytes = bytes;
    d->size = size;
    d->warnings[0] = '\0';
    d->info = (struct decode_info){ .orientation = 1 };
    int rc;
    if (size >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) {
        d->info.kind = DECODE_JPEG;
        rc = jpeg_decoder_header(d->jpeg, err);
    } else if (size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) {
        d->info.kind = DECODE_PNG;
        rc = png_decoder_header(d->png, err);
    } else
        return refuse(bytes, size, err);
    if (rc < 0)
        return -1;
    uint64_t pixels = (uint64_t)d->info.width * (uint64_t)d->info.height;
    if (pixels == 0 || pixels > d->options.pixels_max || d->info.width > 65535 ||
        d->info.height > 65535)
        return error_set(err, ERROR_DATA, NULL,
                         "is %dx%d; at most %llu pixels and sides of 65535 are accepted",
                         d->info.width, d->info.height, (unsigned long long)d->options.pixels_max);
    *info = d->info;
    if (d->options.exif_apply && d->info.orientation >= 5) {
        info->width = d->info.height;
        info->height = d->info.width;
    }
    return 0;
}

int decode_reserve(struct decoder *d, struct rect part, struct error *err)
{
    void *pixels = d->pixels;
    size_t bytes = 3 * (size_t)part.width * (size_t)part.height;
    if (memory_grow(&pixels, &d->capacity, bytes, 1, err) < 0)
        return -1;
    d->pixels = pixels;
    return 0;
}

/* Turn what was decoded, `got`, which becomes its place in the turned image. */
static int turn(struct decoder *d, struct rect *got, struct error *err)
{
    void *turned = d->turned;
    size_t bytes = 3 * (size_t)got->width * (size_t)got->height;
    if (memory_grow(&turned, &d->turned_capacity, bytes, 1, err) < 0)
        return -1;
    d->turned = turned;
    exif_turn(d->pixels, got->width, got->height, d->info.orientation, d->turned);
    *got = exif_turn_rect(*got, d->info.width, d->info.height, d->info.orientation);
    return 0;
}

int decode_pixels(struct decoder *d, struct rect need, struct image *image, int *origin_x,
                  int *origin_y, struct error *err)
{
    const struct decode_info *info = &d->info;
    bool turns = d->options.exif_apply && info->orientation != 1;
    struct rect got;
    if (turns)
        need = exif_turn_back(need, info->width, info->height, info->orientation);
    if (d->options.whole)
        need = (struct rect){ 0, 0, info->width, info->height };
    assert(need.x >= 0 && need.width > 0 && need.x + need.width <= info->width);
    assert(need.y >= 0 && need.height > 0 && need.y + need.height <= info->height);
    int rc = info->kind == DECODE_JPEG ? jpeg_decoder_pixels(d->jpeg, need, &got, err)
                                       : png_decoder_pixels(d->png, &got, err);
    if (rc < 0 || (turns && turn(d, &got, err) < 0))
        return -1;
    *origin_x = got.x;
    *origin_y = got.y;
    *image = (struct image){ turns ? d->turned : d->pixels, got.width, got.height,
                             3 * (size_t)got.width };
    return 0;
}
