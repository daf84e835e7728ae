#include "tests/jpeg_form.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

struct jump {
    struct jpeg_error_mgr manager;
    jmp_buf out;
};

static void on_error(j_common_ptr info)
{
    longjmp(((struct jump *)info->err)->out, 1);
}

static void on_message(j_common_ptr info)
{
    (void)info;
}

static struct jpeg_error_mgr *errors(struct jump *jump)
{
    struct jpeg_error_mgr *manager = jpeg_std_error(&jump->manager);
    manager->error_exit = on_error;
    manager->output_message = on_message;
    return manager;
}

static void set_form(struct jpeg_compress_struct *jpeg, const struct jpeg_form *form,
                     jpeg_scan_info scans[4])
{
    jpeg_set_defaults(jpeg);
    jpeg_set_colorspace(jpeg, form->components == 1   ? JCS_GRAYSCALE
                              : form->components == 4 ? JCS_CMYK
                              : form->rgb             ? JCS_RGB
                                                      : JCS_YCbCr);
    jpeg_set_quality(jpeg, form->quality ? form->quality : 90, TRUE);
    for (int i = 0; i < form->components; i++) {
        jpeg->comp_info[i].h_samp_factor = form->h[i] ? form->h[i] : 1;
        jpeg->comp_info[i].v_samp_factor = form->v[i] ? form->v[i] : 1;
        scans[i] = (jpeg_scan_info){ 1, { i }, 0, DCTSIZE2 - 1, 0, 0 };
    }
    jpeg->restart_interval = (unsigned)form->interval;
    jpeg->arith_code = form->arithmetic;
    if (form->progressive)
        jpeg_simple_progression(jpeg);
    if (form->split) {
        jpeg->scan_info = scans;
        jpeg->num_scans = form->components;
    }
}

/* A row of as many components as the file has; CMYK gets some black. */
static void spread(const uint8_t *rgb, int width, int components, JSAMPLE *row)
{
    for (int x = 0; x < width; x++, rgb += 3)
        for (int c = 0; c < components; c++)
            row[x * components + c] = c < 3 ? rgb[c] : (JSAMPLE)(255 - rgb[0] / 2);
}

static int compress(struct jpeg_compress_struct *jpeg, struct jump *jump, const struct image *image,
                    const struct jpeg_form *form, JSAMPLE *row, unsigned char **file,
                    unsigned long *size)
{
    jpeg_scan_info scans[4];
    if (setjmp(jump->out))
        return -1;
    jpeg_create_compress(jpeg);
    jpeg_mem_dest(jpeg, file, size);
    jpeg->image_width = (JDIMENSION)image->width;
    jpeg->image_height = (JDIMENSION)image->height;
    jpeg->input_components = form->components;
    jpeg->in_color_space = form->components == 1   ? JCS_GRAYSCALE
                           : form->components == 4 ? JCS_CMYK
                                                   : JCS_RGB;
    set_form(jpeg, form, scans);
    jpeg_start_compress(jpeg, TRUE);
    while (jpeg->next_scanline < jpeg->image_height) {
        spread(image->pixels + jpeg->next_scanline * image->stride, image->width, form->components,
               row);
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return 0;
}

int jpeg_form_write(const struct image *image, const struct jpeg_form *form, unsigned char **file,
                    size_t *size)
{
    struct jpeg_compress_struct jpeg = { 0 };
    struct jump jump;
    unsigned long written = 0;
    JSAMPLE *row = malloc(4 * (size_t)image->width);
    *file = NULL;
    jpeg.err = errors(&jump);
    int rc = row ? compress(&jpeg, &jump, image, form, row, file, &written) : -1;
    jpeg_destroy_compress(&jpeg);
    free(row);
    *size = written;
    return rc;
}

/* Coefficients are copied as they are. */
static int transcode(struct jpeg_decompress_struct *from, struct jpeg_compress_struct *to,
                     struct jump *jump, const void *bytes, size_t size, int interval,
                     unsigned char **file, unsigned long *file_size)
{
    if (setjmp(jump->out))
        return -1;
    jpeg_create_decompress(from);
    jpeg_create_compress(to);
    jpeg_mem_src(from, bytes, size);
    jpeg_mem_dest(to, file, file_size);
    jpeg_read_header(from, TRUE);
    jvirt_barray_ptr *coefficients = jpeg_read_coefficients(from);
    jpeg_copy_critical_parameters(from, to);
    to->restart_interval = (unsigned)interval;
    to->optimize_coding = TRUE;
    jpeg_write_coefficients(to, coefficients);
    jpeg_finish_compress(to);
    jpeg_finish_decompress(from);
    return 0;
}

int jpeg_form_transcode(const void *bytes, size_t size, int interval, unsigned char **file,
                        size_t *file_size)
{
    struct jpeg_decompress_struct from = { 0 };
    struct jpeg_compress_struct to = { 0 };
    struct jump jump;
    unsigned long written = 0;
    *file = NULL;
    from.err = to.err = errors(&jump);
    int rc = transcode(&from, &to, &jump, bytes, size, interval, file, &written);
    jpeg_destroy_compress(&to);
    jpeg_destroy_decompress(&from);
    *file_size = written;
    return rc;
}

static int read_columns(struct jpeg_decompress_struct *jpeg, struct jump *jump, const void *bytes,
                        size_t size)
{
    if (setjmp(jump->out))
        return -1;
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, bytes, size);
    jpeg_read_header(jpeg, TRUE);
    int side = DCTSIZE * (jpeg->num_components == 1 ? 1 : jpeg->max_h_samp_factor);
    return ((int)jpeg->image_width + side - 1) / side;
}

int jpeg_form_columns(const void *bytes, size_t size)
{
    struct jpeg_decompress_struct jpeg = { 0 };
    struct jump jump;
    jpeg.err = errors(&jump);
    int columns = read_columns(&jpeg, &jump, bytes, size);
    jpeg_destroy_decompress(&jpeg);
    return columns;
}

int jpeg_form_interval(int columns)
{
    int best = 1;
    for (int i = 2; i <= columns; i++)
        if (columns % i == 0 && abs(i - 4) < abs(best - 4))
            best = i;
    return best;
}
