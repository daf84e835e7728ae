/*
 * Writing PNG by libpng, which leaves by longjmp when something goes wrong: the jump ends in
 * write_rows, which owns nothing.
 */
#include <setjmp.h>
#include <stdio.h>

#include <png.h>

#include "base/canvas.h"
#include "base/file.h"

enum { LEVEL = 6 }; /* zlib's own default */

/* Where the bytes go; also where libpng's complaints do. */
struct target {
    struct buffer *out;
    struct error *err;
};

static void on_error(png_structp png, png_const_charp text)
{
    struct target *target = png_get_error_ptr(png);
    error_set(target->err, ERROR_FAILED, NULL, "cannot be written as PNG: %s", text);
    longjmp(png_jmpbuf(png), 1);
}

/* Our own rows and sizes give no reason for warnings that a user could act on. */
static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void put(png_structp png, png_bytep data, size_t size)
{
    struct target *target = png_get_io_ptr(png);
    if (buffer_append(target->out, data, size, target->err) < 0)
        png_error(png, "no memory");
}

static void nothing_to_flush(png_structp png)
{
    (void)png;
}

static int write_rows(png_structp png, png_infop info, const struct image *image, int level)
{
    if (setjmp(png_jmpbuf(png)))
        return -1;
    png_set_compression_level(png, level);
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < image->height; y++)
        png_write_row(png, image->pixels + (size_t)y * image->stride);
    png_write_end(png, info);
    return 0;
}

int png_encode(const struct image *image, int level, struct buffer *out, struct error *err)
{
    struct target target = { out, err };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &target, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int rc = -1;
    out->size = 0;
    if (info) {
        png_set_write_fn(png, &target, put, nothing_to_flush);
        rc = write_rows(png, info, image, level);
    } else {
        error_set(err, ERROR_FAILED, NULL, "no memory for writing PNG");
    }
    png_destroy_write_struct(&png, &info);
    return rc;
}

int png_write(const char *path, const struct image *image, struct error *err)
{
    struct buffer bytes = { 0 };
    int rc = png_encode(image, LEVEL, &bytes, err);
    if (rc == 0)
        rc = file_write(path, bytes.data, bytes.size, err);
    buffer_release(&bytes);
    return rc;
}
