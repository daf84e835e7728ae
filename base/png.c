/*
 * Writing PNG by libpng, which leaves by longjmp when something goes wrong: the jump ends in
 * write_rows, which owns nothing.
 */
#include <png.h>
#include <setjmp.h>
#include <stdio.h>

#include "base/canvas.h"
#include "base/file.h"

/* What libpng had to say. */
struct complaint {
    char text[128];
};

static void on_error(png_structp png, png_const_charp message)
{
    struct complaint *complaint = png_get_error_ptr(png);
    snprintf(complaint->text, sizeof(complaint->text), "%s", message);
    longjmp(png_jmpbuf(png), 1);
}

/* Our own rows and sizes give no reason for warnings that a user could act on. */
static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static int write_rows(png_structp png, png_infop info, FILE *stream, const struct image *image)
{
    if (setjmp(png_jmpbuf(png)))
        return -1;
    png_init_io(png, stream);
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < image->height; y++)
        png_write_row(png, image->pixels + (size_t)y * image->stride);
    png_write_end(png, info);
    return 0;
}

int png_write(const char *path, const struct image *image, struct error *err)
{
    struct file_out *out;
    if (file_create(&out, path, err) < 0)
        return -1;
    struct complaint complaint = { "no memory" };
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &complaint, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int rc = info ? write_rows(png, info, file_stream(out), image) : -1;
    png_destroy_write_struct(&png, &info);
    if (rc == 0)
        return file_commit(out, err);
    file_abandon(out);
    return error_set(err, ERROR_FAILED, path, "cannot be written as PNG: %s", complaint.text);
}
