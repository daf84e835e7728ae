#include "loader/encode.h"

#include <stdio.h>

#include <jpeglib.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

const char *encode_extension(const struct encode_form *form)
{
    return form->kind == ENCODE_PNG ? "png" : "jpg";
}

struct jpeg_jump {
    struct jpeg_error_mgr manager;
    jmp_buf out;
    char text[JMSG_LENGTH_MAX];
};

static void on_jpeg_error(j_common_ptr info)
{
    struct jpeg_jump *jump = (struct jpeg_jump *)info->err;
    info->err->format_message(info, jump->text);
    longjmp(jump->out, 1);
}

static void on_jpeg_message(j_common_ptr info)
{
    (void)info;
}

static void set_form(struct jpeg_compress_struct *jpeg, const struct encode_form *form)
{
    if (form->chroma == CHROMA_GRAY)
        jpeg_set_colorspace(jpeg, JCS_GRAYSCALE);
    jpeg_set_quality(jpeg, form->quality, TRUE);
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->comp_info[0].h_samp_factor =
        form->chroma == CHROMA_420 || form->chroma == CHROMA_422 ? 2 : 1;
    jpeg->comp_info[0].v_samp_factor = form->chroma == CHROMA_420 ? 2 : 1;
}

/* The jump ends here; `jpeg` and what it points to belong to the caller. */
static int compress(struct jpeg_compress_struct *jpeg, struct jpeg_jump *jump,
                    const struct image *image, const struct encode_form *form,
                    unsigned char **bytes, unsigned long *size)
{
    if (setjmp(jump->out))
        return -1;
    jpeg_create_compress(jpeg);
    jpeg_mem_dest(jpeg, bytes, size);
    jpeg->image_width = (JDIMENSION)image->width;
    jpeg->image_height = (JDIMENSION)image->height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    set_form(jpeg, form);
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = image->pixels + jpeg->next_scanline * image->stride;
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return 0;
}

static int encode_jpeg(const struct image *image, const struct encode_form *form,
                       struct buffer *out, struct error *err)
{
    struct jpeg_compress_struct jpeg = { 0 };
    struct jpeg_jump jump;
    unsigned char *bytes = NULL; /* libjpeg's, by malloc */
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&jump.manager);
    jump.manager.error_exit = on_jpeg_error;
    jump.manager.output_message = on_jpeg_message;
    int rc = compress(&jpeg, &jump, image, form, &bytes, &size);
    jpeg_destroy_compress(&jpeg);
    if (rc < 0)
        error_set(err, ERROR_FAILED, NULL, "cannot be written as JPEG: %s", jump.text);
    else
        rc = buffer_append(out, bytes, size, err);
    free(bytes);
    return rc;
}

struct png_target {
    struct buffer *out;
    struct error *err;
};

static void png_put(png_structp png, png_bytep data, size_t size)
{
    struct png_target *target = png_get_io_ptr(png);
    if (buffer_append(target->out, data, size, target->err) < 0)
        png_error(png, "no memory");
}

static void png_nothing_to_flush(png_structp png)
{
    (void)png;
}

static void on_png_error(png_structp png, png_const_charp text)
{
    struct error *err = png_get_error_ptr(png);
    error_set(err, ERROR_FAILED, NULL, "cannot be written as PNG: %s", text);
    longjmp(png_jmpbuf(png), 1);
}

static void on_png_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static int write_png(png_structp png, png_infop info, const struct image *image, int level)
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

static int encode_png(const struct image *image, const struct encode_form *form, struct buffer *out,
                      struct error *err)
{
    struct png_target target = { out, err };
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, err, on_png_error, on_png_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    int rc = -1;
    if (info) {
        png_set_write_fn(png, &target, png_put, png_nothing_to_flush);
        rc = write_png(png, info, image, form->level);
    } else {
        error_set(err, ERROR_FAILED, NULL, "no memory for writing PNG");
    }
    png_destroy_write_struct(&png, &info);
    return rc;
}

int encode_image(const struct image *image, const struct encode_form *form, struct buffer *out,
                 struct error *err)
{
    out->size = 0;
    return form->kind == ENCODE_PNG ? encode_png(image, form, out, err)
                                    : encode_jpeg(image, form, out, err);
}
