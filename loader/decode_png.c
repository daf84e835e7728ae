/*
 * PNG by libpng, as Pillow's convert("RGB") gives it: palettes looked up, gray spread, alpha and
 * transparency dropped, of 16-bit samples the high byte; gamma and profiles are not applied. libpng
 * reports by longjmp: setjmp stands in two small functions that keep what they change in the
 * decoder's struct. libpng's structs cannot be reset: a pair is made for each image, from memory
 * that is kept. Images are read whole, whatever part is needed: pixels count only once their
 * chunk's checksum, at its end, has been seen.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/memory.h"
#include "loader/decode_pool.h"
#include "loader/decode_private.h"

enum {
    CHUNK_MAX = 8000000,
    CHUNKS_MAX = 1000,
    SIDE_MAX = 65535,
    FIRST_YEAR = 1995,
    SIGNATURE = 8,
    CHUNK_FRAME = 12
};

struct png_decoder {
    png_structp png; /* owned while an image is read */
    png_infop info;
    struct decoder *owner; /* borrowed */
    size_t at;             /* bytes read */
    int passes;
    char message[256];
    uint8_t **rows; /* owned */
    size_t rows_capacity;
    struct pool pool; /* owned: libpng's memory and zlib's */
};

static void on_error(png_structp png, png_const_charp text)
{
    struct png_decoder *p = png_get_error_ptr(png);
    snprintf(p->message, sizeof(p->message), "%s", text);
    longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    struct png_decoder *p = png_get_error_ptr(png);
    /* PNG has one method of compression: a file that names another was written by nobody. */
    if (strstr(text, "bad compression method"))
        png_error(png, text);
    decode_warn(p->owner, text);
}

static void on_read(png_structp png, png_bytep data, size_t size)
{
    struct png_decoder *p = png_get_io_ptr(png);
    if (size > p->owner->size - p->at)
        png_error(png, "premature end of file");
    memcpy(data, p->owner->bytes + p->at, size);
    p->at += size;
}

static png_voidp on_take(png_structp png, png_alloc_size_t size)
{
    return pool_take(&((struct png_decoder *)png_get_mem_ptr(png))->pool, size);
}

static void on_give(png_structp png, png_voidp block)
{
    pool_give(&((struct png_decoder *)png_get_mem_ptr(png))->pool, block);
}

int png_decoder_open(struct png_decoder **png, struct decoder *owner, struct error *err)
{
    *png = memory_array(1, sizeof(**png), err);
    if (!*png)
        return -1;
    (*png)->owner = owner;
    return 0;
}

static void drop(struct png_decoder *p)
{
    if (p->png)
        png_destroy_read_struct(&p->png, &p->info, NULL);
    p->png = NULL;
    p->info = NULL;
}

void png_decoder_close(struct png_decoder *p)
{
    if (!p)
        return;
    drop(p);
    pool_release(&p->pool);
    free(p->rows);
    free(p);
}

static int refuse(struct png_decoder *p, struct error *err)
{
    drop(p);
    return error_set(err, ERROR_DATA, NULL, "PNG: %s", p->message);
}

static const char *mode_name(int color, int depth)
{
    switch (color) {
    case PNG_COLOR_TYPE_GRAY:
        return depth == 16 ? "I;16" : depth == 1 ? "1" : "L";
    case PNG_COLOR_TYPE_GRAY_ALPHA:
        return "LA";
    case PNG_COLOR_TYPE_PALETTE:
        return "P";
    case PNG_COLOR_TYPE_RGB_ALPHA:
        return "RGBA";
    default:
        return "RGB";
    }
}

int png_decoder_header(struct png_decoder *p, struct error *err)
{
    drop(p);
    p->at = 0;
    p->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, p, on_error, on_warning, p, on_take,
                                      on_give);
    p->info = p->png ? png_create_info_struct(p->png) : NULL;
    if (!p->info) {
        drop(p);
        return error_set(err, ERROR_FAILED, "libpng", "no memory for a decoder");
    }
    if (setjmp(png_jmpbuf(p->png)))
        return refuse(p, err);
    png_set_read_fn(p->png, p, on_read);
    png_set_user_limits(p->png, SIDE_MAX, SIDE_MAX);
    png_set_chunk_malloc_max(p->png, CHUNK_MAX);
    png_set_chunk_cache_max(p->png, CHUNKS_MAX);
    png_read_info(p->png, p->info);
    struct decode_info *info = &p->owner->info;
    info->width = (int)png_get_image_width(p->png, p->info);
    info->height = (int)png_get_image_height(p->png, p->info);
    int depth = png_get_bit_depth(p->png, p->info), color = png_get_color_type(p->png, p->info);
    info->mode = mode_name(color, depth);
    png_uint_32 exif_size;
    png_bytep exif;
    if (png_get_eXIf_1(p->png, p->info, &exif_size, &exif))
        info->orientation = exif_orientation(exif, exif_size);
    png_set_strip_16(p->png);
    png_set_strip_alpha(p->png);
    if (color == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(p->png);
    if (!(color & PNG_COLOR_MASK_COLOR)) {
        if (depth < 8)
            png_set_expand_gray_1_2_4_to_8(p->png);
        png_set_gray_to_rgb(p->png);
    }
    p->passes = png_set_interlace_handling(p->png);
    png_read_update_info(p->png, p->info);
    if (png_get_rowbytes(p->png, p->info) != 3 * (size_t)info->width)
        png_error(p->png, "rows are not RGB after conversion");
    return 0;
}

static int read_rows(struct png_decoder *p, struct error *err)
{
    if (setjmp(png_jmpbuf(p->png)))
        return refuse(p, err);
    png_read_image(p->png, p->rows);
    return 0;
}

static uint32_t big_endian(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Broken rules that libpng lets pass in silence, since they touch no pixel. The file has been read
 * to its end by now, so chunks follow one another. */
static void check_chunks(struct png_decoder *p)
{
    const uint8_t *at = p->owner->bytes + SIGNATURE, *end = p->owner->bytes + p->at;
    while (end - at >= CHUNK_FRAME) {
        uint32_t size = big_endian(at);
        const uint8_t *data = at + 8;
        if (size > (size_t)(end - at) - CHUNK_FRAME)
            return;
        if (memcmp(at + 4, "tEXt", 4) == 0) {
            const uint8_t *text = memchr(data, '\0', size); /* behind the keyword */
            if (text && memchr(text + 1, '\0', (size_t)(data + size - text) - 1))
                decode_warn(p->owner, "tEXt: NUL in the text");
        }
        if (memcmp(at + 4, "tIME", 4) == 0 && size == 7 && (data[0] << 8 | data[1]) < FIRST_YEAR)
            decode_warn(p->owner, "tIME: before there was PNG");
        at += CHUNK_FRAME + size;
    }
}

/* What follows the pixels cannot harm them any more: a broken end is a warning. */
static void read_rest(struct png_decoder *p)
{
    if (setjmp(png_jmpbuf(p->png))) {
        decode_warn(p->owner, p->message);
        return;
    }
    png_read_end(p->png, NULL);
    check_chunks(p);
}

int png_decoder_pixels(struct png_decoder *p, struct rect *got, struct error *err)
{
    size_t height = (size_t)p->owner->info.height, stride = 3 * (size_t)p->owner->info.width;
    void *rows = p->rows;
    *got = (struct rect){ 0, 0, p->owner->info.width, p->owner->info.height };
    if (decode_reserve(p->owner, *got, err) < 0 ||
        memory_grow(&rows, &p->rows_capacity, height, sizeof(*p->rows), err) < 0)
        return -1;
    p->rows = rows;
    for (size_t y = 0; y < height; y++)
        p->rows[y] = p->owner->pixels + y * stride;
    if (read_rows(p, err) < 0)
        return -1;
    read_rest(p);
    drop(p);
    return 0;
}
