#include "loader/encode.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "base/canvas.h"

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

int encode_image(const struct image *image, const struct encode_form *form, struct buffer *out,
                 struct error *err)
{
    if (form->kind == ENCODE_PNG)
        return png_encode(image, form->level, out, err);
    out->size = 0;
    return encode_jpeg(image, form, out, err);
}
