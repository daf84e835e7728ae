/*
 * JPEG by libjpeg-turbo, as Pillow decodes it: accurate integer DCT, fancy upsampling, and four
 * components taken for Adobe's inverted CMYK. libjpeg reports by longjmp: setjmp stands in two
 * functions that keep all they change in the decoder's struct. The decompressor lives as long as
 * the decoder and is reset between images.
 *
 * Of libjpeg's warnings those that leave the pixels whole (extraneous bytes between markers,
 * unknown versions of APP markers) are kept as text; every other one means that pixels were made
 * up, and ends the image.
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "base/memory.h"
#include "loader/decode_private.h"

enum {
    SCANS_MAX =
        500, /* a progressive file needs about 10; each scan costs a pass over all coefficients */
    /* Coefficient passes over pixels: a bomb of scans on a large image is bounded in time. */
    ROWS_AT_ONCE = 16,
};
static const uint64_t SCAN_PIXELS_MAX = 400000000;

struct jpeg_decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    struct decoder *owner; /* borrowed */
    char message[JMSG_LENGTH_MAX];
    int orientation; /* of the first EXIF block; 0: none yet */
    uint8_t *line;   /* owned: one row of CMYK */
    size_t line_capacity;
};

static struct jpeg_decoder *of(j_common_ptr info)
{
    return (struct jpeg_decoder *)info->client_data;
}

static void on_error(j_common_ptr info)
{
    struct jpeg_decoder *j = of(info);
    info->err->format_message(info, j->message);
    longjmp(j->out, 1);
}

static bool leaves_pixels_whole(int code)
{
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR ||
           code == JWRN_BOGUS_ICC;
}

static void on_message(j_common_ptr info, int level)
{
    if (level >= 0) /* a trace */
        return;
    if (!leaves_pixels_whole(info->err->msg_code))
        on_error(info);
    info->err->num_warnings++;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    decode_warn(of(info)->owner, text);
}

static void on_progress(j_common_ptr info)
{
    struct jpeg_decoder *j = of(info);
    uint64_t pixels = (uint64_t)j->jpeg.image_width * j->jpeg.image_height;
    int scans = j->jpeg.input_scan_number;
    if (scans <= SCANS_MAX && (scans <= 16 || pixels * (uint64_t)scans <= SCAN_PIXELS_MAX))
        return;
    snprintf(j->message, sizeof(j->message), "more than %d scans for %ux%u pixels", scans - 1,
             j->jpeg.image_width, j->jpeg.image_height);
    longjmp(j->out, 1);
}

static void no_output(j_common_ptr info)
{
    (void)info;
}

/* APP1: the orientation of the first EXIF block is all that is wanted. libjpeg's own keeping of
 * markers walks its list for each, which a file of 100,000 of them turns into 16 seconds. */
static boolean on_app1(j_decompress_ptr jpeg)
{
    struct jpeg_decoder *j = of((j_common_ptr)jpeg);
    struct jpeg_source_mgr *source = jpeg->src; /* holds the whole file */
    if (source->bytes_in_buffer < 2) {
        snprintf(j->message, sizeof(j->message), "premature end of file in a marker");
        longjmp(j->out, 1);
    }
    const uint8_t *data = source->next_input_byte;
    size_t length = (size_t)data[0] << 8 | data[1];
    if (length < 2 || length > source->bytes_in_buffer) {
        snprintf(j->message, sizeof(j->message), "a marker of %zu bytes, of which %zu are there",
                 length, source->bytes_in_buffer);
        longjmp(j->out, 1);
    }
    if (j->orientation == 0 && length > 8 && memcmp(data + 2, "Exif\0\0", 6) == 0)
        j->orientation = exif_orientation(data + 8, length - 8);
    source->next_input_byte += length;
    source->bytes_in_buffer -= length;
    return TRUE;
}

int jpeg_decoder_open(struct jpeg_decoder **result, struct decoder *owner, struct error *err)
{
    struct jpeg_decoder *j = memory_array(1, sizeof(*j), err);
    if (!j)
        return -1;
    j->owner = owner;
    j->jpeg.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = on_error;
    j->errors.emit_message = on_message;
    j->errors.output_message = no_output;
    j->jpeg.client_data = j;
    if (setjmp(j->out)) {
        error_set(err, ERROR_FAILED, "libjpeg", "%s", j->message);
        jpeg_destroy_decompress(&j->jpeg);
        free(j);
        return -1;
    }
    jpeg_create_decompress(&j->jpeg);
    j->jpeg.client_data = j; /* create clears the struct but for err */
    j->progress.progress_monitor = on_progress;
    jpeg_set_marker_processor(&j->jpeg, JPEG_APP0 + 1, on_app1);
    *result = j;
    return 0;
}

void jpeg_decoder_close(struct jpeg_decoder *j)
{
    if (!j)
        return;
    jpeg_destroy_decompress(&j->jpeg);
    free(j->line);
    free(j);
}

static int refuse(struct jpeg_decoder *j, struct error *err)
{
    jpeg_abort_decompress(&j->jpeg);
    return error_set(err, ERROR_DATA, NULL, "JPEG: %s", j->message);
}

int jpeg_decoder_header(struct jpeg_decoder *j, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    jpeg_abort_decompress(jpeg); /* the image before may have been left half-way */
    jpeg->progress = NULL;
    j->orientation = 0;
    if (setjmp(j->out))
        return refuse(j, err);
    jpeg_mem_src(jpeg, j->owner->bytes, j->owner->size);
    jpeg_read_header(jpeg, TRUE);
    struct decode_info *info = &j->owner->info;
    info->width = (int)jpeg->image_width;
    info->height = (int)jpeg->image_height;
    info->progressive = jpeg->progressive_mode;
    info->orientation = j->orientation ? j->orientation : 1;
    info->mode = jpeg->num_components == 1 ? "L" : jpeg->num_components == 4 ? "CMYK" : "RGB";
    if (jpeg->num_components == 2 || jpeg->num_components > 4) {
        snprintf(j->message, sizeof(j->message), "%d components; 1, 3 and 4 are accepted",
                 jpeg->num_components);
        return refuse(j, err);
    }
    return 0;
}

/* Pillow's rounding of a * b / 255. */
static unsigned muldiv255(unsigned a, unsigned b)
{
    unsigned t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

/* `line` as the file has it: inverted, so 255 is no ink. */
static void cmyk_to_rgb(const uint8_t *line, int width, uint8_t *out)
{
    for (int x = 0; x < width; x++, line += 4, out += 3) {
        unsigned white = line[3];
        for (int c = 0; c < 3; c++)
            out[c] = (uint8_t)(white - muldiv255(255u - line[c], white));
    }
}

static int reserve_line(struct jpeg_decoder *j, struct error *err)
{
    void *line = j->line;
    if (memory_grow(&line, &j->line_capacity, 4 * (size_t)j->owner->info.width, 1, err) < 0)
        return -1;
    j->line = line;
    return 0;
}

int jpeg_decoder_pixels(struct jpeg_decoder *j, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    if (jpeg->num_components == 4 && reserve_line(j, err) < 0)
        return -1;
    if (setjmp(j->out))
        return refuse(j, err);
    jpeg->out_color_space = jpeg->num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg->progress = &j->progress;
    jpeg_start_decompress(jpeg);
    size_t stride = 3 * (size_t)jpeg->output_width;
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = j->owner->pixels + (size_t)jpeg->output_scanline * stride;
        if (jpeg->out_color_space == JCS_CMYK) {
            jpeg_read_scanlines(jpeg, &j->line, 1);
            cmyk_to_rgb(j->line, (int)jpeg->output_width, to);
            continue;
        }
        JSAMPROW rows[ROWS_AT_ONCE];
        JDIMENSION left = jpeg->output_height - jpeg->output_scanline;
        JDIMENSION count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (JDIMENSION i = 0; i < count; i++)
            rows[i] = to + i * stride;
        jpeg_read_scanlines(jpeg, rows, count);
    }
    jpeg_finish_decompress(jpeg);
    return 0;
}
