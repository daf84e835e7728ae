/*
 * JPEG by libjpeg-turbo, as Pillow decodes it: accurate integer DCT, fancy upsampling, and four
 * components taken for Adobe's inverted CMYK. Here: errors and the header; decode_jpeg_pixels.c has
 * the rest. libjpeg reports by longjmp: setjmp stands in small functions that keep all they change
 * in the decoder's struct. The decompressor lives as long as the decoder and is reset between
 * images.
 *
 * Of libjpeg's warnings those that leave the pixels whole (extraneous bytes between markers,
 * unknown versions of APP markers) are kept as text; every other one means that pixels were made
 * up, and ends the image.
 */
#include "loader/decode_jpeg.h"

#include <stdlib.h>
#include <string.h>

#include <jerror.h>

#include "base/memory.h"

/* A progressive file needs about 10; each scan costs a pass over all coefficients. */
enum { SCANS_MAX = 500 };
/* Coefficient passes over pixels: a bomb of scans on a large image is bounded in time. */
static const uint64_t SCAN_PIXELS_MAX = 400000000;

static struct jpeg_decoder *of(j_common_ptr info)
{
    return (struct jpeg_decoder *)info->client_data;
}

static void on_error(j_common_ptr info)
{
    struct jpeg_decoder *j = of(info);
    info->err->format_message(info, j->message);
    longjmp(j->out, JPEG_ERROR);
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
    longjmp(j->out, JPEG_ERROR);
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
        longjmp(j->out, JPEG_ERROR);
    }
    const uint8_t *data = source->next_input_byte;
    size_t length = (size_t)data[0] << 8 | data[1];
    if (length < 2 || length > source->bytes_in_buffer) {
        snprintf(j->message, sizeof(j->message), "a marker of %zu bytes, of which %zu are there",
                 length, source->bytes_in_buffer);
        longjmp(j->out, JPEG_ERROR);
    }
    if (j->orientation == 0 && length > 8 && memcmp(data + 2, "Exif\0\0", 6) == 0)
        j->orientation = exif_orientation(data + 8, length - 8);
    source->next_input_byte += length;
    source->bytes_in_buffer -= length;
    return TRUE;
}

/* An empty decompressor in the place of the one there is, if any. */
static int renew(struct jpeg_decoder *j, struct error *err)
{
    jpeg_destroy_decompress(&j->jpeg);
    if (setjmp(j->out)) {
        jpeg_destroy_decompress(&j->jpeg);
        return error_set(err, ERROR_FAILED, "libjpeg", "%s", j->message);
    }
    jpeg_create_decompress(&j->jpeg);
    j->jpeg.client_data = j;
    jpeg_set_marker_processor(&j->jpeg, JPEG_APP0 + 1, on_app1);
    return 0;
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
    j->progress.progress_monitor = on_progress;
    j->jpeg.client_data = j;
    if (renew(j, err) < 0) {
        free(j);
        return -1;
    }
    *result = j;
    return 0;
}

void jpeg_decoder_close(struct jpeg_decoder *j)
{
    if (!j)
        return;
    jpeg_destroy_decompress(&j->jpeg);
    restart_release(&j->restart);
    scan_release(&j->scan);
    free(j->line);
    free(j);
}

int jpeg_decoder_refuse(struct jpeg_decoder *j, struct error *err)
{
    jpeg_abort_decompress(&j->jpeg);
    return error_set(err, ERROR_DATA, NULL, "JPEG: %s", j->message);
}

/* libjpeg keeps tables from image to image, for files that leave them out. Here a file's pixels are
 * its own: before a header is read the tables there are get a mark, in places that reading a table
 * overwrites and that no table of a sane file has. */
static void mark_tables(struct jpeg_decompress_struct *jpeg)
{
    for (int i = 0; i < NUM_QUANT_TBLS; i++)
        if (jpeg->quant_tbl_ptrs[i])
            jpeg->quant_tbl_ptrs[i]->quantval[0] = 0;
    for (int i = 0; i < NUM_HUFF_TBLS; i++) {
        if (jpeg->dc_huff_tbl_ptrs[i])
            jpeg->dc_huff_tbl_ptrs[i]->bits[0] = 1;
        if (jpeg->ac_huff_tbl_ptrs[i])
            jpeg->ac_huff_tbl_ptrs[i]->bits[0] = 1;
    }
}

static bool is_foreign(const JHUFF_TBL *table)
{
    return table && table->bits[0] != 0;
}

/* Whether the scan whose header was just read would be decoded with tables of another file. Scans
 * that follow would have to be looked at, too: these files may be. */
static bool may_borrow(const struct jpeg_decompress_struct *jpeg)
{
    if (jpeg->progressive_mode || jpeg->comps_in_scan < jpeg->num_components)
        return true;
    for (int i = 0; i < jpeg->comps_in_scan; i++) {
        const jpeg_component_info *c = jpeg->cur_comp_info[i];
        if (c->quant_tbl_no >= NUM_QUANT_TBLS || c->dc_tbl_no >= NUM_HUFF_TBLS ||
            c->ac_tbl_no >= NUM_HUFF_TBLS) /* refused when decoding starts */
            continue;
        const JQUANT_TBL *quant = jpeg->quant_tbl_ptrs[c->quant_tbl_no];
        if ((quant && quant->quantval[0] == 0) ||
            is_foreign(jpeg->dc_huff_tbl_ptrs[c->dc_tbl_no]) ||
            is_foreign(jpeg->ac_huff_tbl_ptrs[c->ac_tbl_no]))
            return true;
    }
    return false;
}

static int read_header(struct jpeg_decoder *j, struct error *err)
{
    j->orientation = 0;
    if (setjmp(j->out))
        return jpeg_decoder_refuse(j, err);
    jpeg_mem_src(&j->jpeg, j->owner->bytes, j->owner->size);
    jpeg_read_header(&j->jpeg, TRUE);
    return 0;
}

int jpeg_decoder_header(struct jpeg_decoder *j, struct error *err)
{
    struct jpeg_decompress_struct *jpeg = &j->jpeg;
    jpeg_abort_decompress(jpeg); /* the image before may have been left half-way */
    jpeg->progress = NULL;
    if (jpeg->mem)
        mark_tables(jpeg);
    else if (renew(j, err) < 0)
        return -1;
    if (read_header(j, err) < 0 ||
        (may_borrow(jpeg) && (renew(j, err) < 0 || read_header(j, err) < 0)))
        return -1;
    struct decode_info *info = &j->owner->info;
    info->width = (int)jpeg->image_width;
    info->height = (int)jpeg->image_height;
    info->progressive = jpeg->progressive_mode;
    info->orientation = j->orientation ? j->orientation : 1;
    info->mode = jpeg->num_components == 1 ? "L" : jpeg->num_components == 4 ? "CMYK" : "RGB";
    if (jpeg->num_components == 2 || jpeg->num_components > 4) {
        snprintf(j->message, sizeof(j->message), "%d components; 1, 3 and 4 are accepted",
                 jpeg->num_components);
        return jpeg_decoder_refuse(j, err);
    }
    return 0;
}
