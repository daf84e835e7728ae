/*
 * Three libjpeg objects: the source's coefficients are read whole, written from where they lie, and
 * read again from what was written. They are made anew for each image, for libjpeg keeps the tables
 * of one for the next, which may leave out its own. libjpeg reports by longjmp: setjmp stands in
 * small functions that keep all they change in the transcoder's struct. Metadata does not go
 * through libjpeg, whose list of kept markers takes a time of its square; segments are copied as
 * they are.
 */
#include "loader/pack_jpeg.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "base/memory.h"

/* Markers, the byte behind 0xff. */
enum {
    TEM = 0x01,
    RST0 = 0xd0,
    RST7 = 0xd7,
    EOI = 0xd9,
    APP0 = 0xe0,
    APP15 = 0xef,
    COM = 0xfe,
};
enum { FIRST_ROOM = 1 << 16 };

struct transcoder {
    struct jpeg_decompress_struct source, check;
    struct jpeg_compress_struct writer;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    jmp_buf out;
    char message[JMSG_LENGTH_MAX];
    struct buffer coded;    /* what libjpeg writes */
    struct buffer metadata; /* of the source */
};

static void on_error(j_common_ptr info)
{
    struct transcoder *t = info->client_data;
    info->err->format_message(info, t->message);
    longjmp(t->out, 1);
}

/* A warning says that something was made up or passed over: no such file is rewritten. */
static void on_message(j_common_ptr info, int level)
{
    if (level < 0)
        on_error(info);
}

static void no_output(j_common_ptr info)
{
    (void)info;
}

static void fail(struct transcoder *t, const char *why)
{
    snprintf(t->message, sizeof(t->message), "%s", why);
    longjmp(t->out, 1);
}

static void reserve(struct transcoder *t, size_t room)
{
    struct error err;
    if (buffer_reserve(&t->coded, room, &err) < 0)
        fail(t, err.message);
}

static void start_output(j_compress_ptr jpeg)
{
    struct transcoder *t = jpeg->client_data;
    t->coded.size = 0;
    reserve(t, FIRST_ROOM);
    t->destination.next_output_byte = (JOCTET *)t->coded.data;
    t->destination.free_in_buffer = t->coded.capacity;
}

static boolean more_output(j_compress_ptr jpeg)
{
    struct transcoder *t = jpeg->client_data;
    size_t used = t->coded.capacity; /* libjpeg calls when all is full, whatever it left behind */
    t->coded.size = used;
    reserve(t, used + used / 2);
    t->destination.next_output_byte = (JOCTET *)t->coded.data + used;
    t->destination.free_in_buffer = t->coded.capacity - used;
    return TRUE;
}

static void end_output(j_compress_ptr jpeg)
{
    struct transcoder *t = jpeg->client_data;
    t->coded.size = t->coded.capacity - t->destination.free_in_buffer;
}

static int create(struct transcoder *t)
{
    if (setjmp(t->out))
        return -1;
    jpeg_create_decompress(&t->source);
    jpeg_create_decompress(&t->check);
    jpeg_create_compress(&t->writer);
    t->writer.dest = &t->destination;
    return 0;
}

static void destroy(struct transcoder *t)
{
    jpeg_destroy_compress(&t->writer);
    jpeg_destroy_decompress(&t->check);
    jpeg_destroy_decompress(&t->source);
}

int transcoder_open(struct transcoder **result, struct error *err)
{
    struct transcoder *t = memory_array(1, sizeof(*t), err);
    if (!t)
        return -1;
    struct jpeg_error_mgr *errors = jpeg_std_error(&t->errors);
    errors->error_exit = on_error;
    errors->emit_message = on_message;
    errors->output_message = no_output;
    t->source.err = t->check.err = t->writer.err = errors; /* these two stay when libjpeg creates */
    t->source.client_data = t->check.client_data = t->writer.client_data = t;
    t->destination = (struct jpeg_destination_mgr){ .init_destination = start_output,
                                                    .empty_output_buffer = more_output,
                                                    .term_destination = end_output };
    *result = t;
    return 0;
}

void transcoder_close(struct transcoder *t)
{
    if (!t)
        return;
    buffer_release(&t->coded);
    buffer_release(&t->metadata);
    free(t);
}

/* How many times the larger is the smaller. */
static double ratio(int a, int b)
{
    return a > b ? (double)a / b : (double)b / a;
}

int transcode_interval(int row, int mcu, int pixels)
{
    int best = row;
    for (int d = row - 1; d >= 1 && 2 * d * mcu > pixels; d--)
        if (row % d == 0 && ratio(d * mcu, pixels) < ratio(best * mcu, pixels))
            best = d;
    return best;
}

/* In a scan of one component an MCU is one block, whatever its sampling factors. An image that is
 * no larger than the distance of two markers is always read whole. */
static unsigned restart_interval(const struct jpeg_decompress_struct *jpeg, int pixels)
{
    int width = (int)jpeg->image_width, height = (int)jpeg->image_height;
    if (pixels == 0 || (width <= pixels && height <= pixels))
        return 0;
    int mcu = jpeg->num_components == 1 ? DCTSIZE : jpeg->max_h_samp_factor * DCTSIZE;
    return (unsigned)transcode_interval((width + mcu - 1) / mcu, mcu, pixels);
}

static bool same_quantization(const JQUANT_TBL *a, const JQUANT_TBL *b)
{
    return a && b && memcmp(a->quantval, b->quantval, sizeof(a->quantval)) == 0;
}

static bool same_frame(const struct jpeg_decompress_struct *a,
                       const struct jpeg_decompress_struct *b)
{
    bool same =
        a->image_width == b->image_width && a->image_height == b->image_height &&
        a->num_components == b->num_components && a->jpeg_color_space == b->jpeg_color_space &&
        a->saw_Adobe_marker == b->saw_Adobe_marker && a->Adobe_transform == b->Adobe_transform;
    for (int c = 0; same && c < a->num_components; c++) {
        const jpeg_component_info *x = &a->comp_info[c], *y = &b->comp_info[c];
        same = x->component_id == y->component_id && x->h_samp_factor == y->h_samp_factor &&
               x->v_samp_factor == y->v_samp_factor && x->width_in_blocks == y->width_in_blocks &&
               x->height_in_blocks == y->height_in_blocks &&
               same_quantization(x->quant_table, y->quant_table);
    }
    return same;
}

/* Blocks that only fill up an MCU are no part of the image, and not compared. */
static bool same_coefficients(struct transcoder *t, jvirt_barray_ptr *a, jvirt_barray_ptr *b)
{
    for (int c = 0; c < t->source.num_components; c++) {
        const jpeg_component_info *component = &t->source.comp_info[c];
        for (JDIMENSION y = 0; y < component->height_in_blocks; y++) {
            JBLOCKARRAY rows_a =
                t->source.mem->access_virt_barray((j_common_ptr)&t->source, a[c], y, 1, FALSE);
            JBLOCKARRAY rows_b =
                t->check.mem->access_virt_barray((j_common_ptr)&t->check, b[c], y, 1, FALSE);
            if (memcmp(rows_a[0], rows_b[0], component->width_in_blocks * sizeof(JBLOCK)) != 0)
                return false;
        }
    }
    return true;
}

/* The jump ends here. t->coded is the file without its metadata; *end is where the image ends in
 * the source. */
static int rewrite(struct transcoder *t, const void *bytes, size_t size, int pixels,
                   jvirt_barray_ptr **coefficients, size_t *end)
{
    if (setjmp(t->out))
        return -1;
    jpeg_mem_src(&t->source, bytes, size);
    jpeg_read_header(&t->source, TRUE);
    *coefficients = jpeg_read_coefficients(&t->source);
    *end = size - t->source.src->bytes_in_buffer;
    jpeg_copy_critical_parameters(&t->source, &t->writer);
    t->writer.optimize_coding = TRUE;
    t->writer.restart_interval = restart_interval(&t->source, pixels);
    t->writer.write_JFIF_header = FALSE;
    t->writer.write_Adobe_marker = FALSE;
    jpeg_write_coefficients(&t->writer, *coefficients);
    jpeg_finish_compress(&t->writer);
    return 0;
}

static int compare(struct transcoder *t, jvirt_barray_ptr *coefficients, const struct buffer *out)
{
    if (setjmp(t->out))
        return -1;
    jpeg_mem_src(&t->check, (const unsigned char *)out->data, out->size);
    jpeg_read_header(&t->check, TRUE);
    jvirt_barray_ptr *again = jpeg_read_coefficients(&t->check);
    if (!same_frame(&t->source, &t->check))
        fail(t, "tables or sampling would not be the same");
    if (!same_coefficients(t, coefficients, again))
        fail(t, "coefficients would not be the same");
    return 0;
}

int transcode_metadata(const void *bytes, size_t size, int (*wanted)(int marker),
                       struct buffer *out, struct error *err)
{
    const uint8_t *p = bytes;
    size_t at = 2; /* behind SOI */
    while (size - at >= 4) {
        const uint8_t *next = memchr(p + at, 0xff, size - at - 3); /* coded data before it */
        if (!next)
            break;
        at = (size_t)(next - p);
        int marker = p[at + 1];
        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        if (marker == 0 || marker == TEM || (marker >= RST0 && marker <= RST7)) {
            at += 2;
            continue;
        }
        size_t length = (size_t)p[at + 2] << 8 | p[at + 3];
        if (marker == EOI)
            break;
        if (length < 2 || length + 2 > size - at)
            return error_set(err, ERROR_DATA, NULL, "a marker at byte %zu is cut off", at);
        bool is_metadata = (marker >= APP0 && marker <= APP15) || marker == COM;
        if (is_metadata && (!wanted || wanted(marker)) &&
            buffer_append(out, p + at, length + 2, err) < 0)
            return -1;
        at += length + 2;
    }
    return 0;
}

/* `out` is the coded file with the metadata behind SOI, and what follows the image behind EOI. */
static int assemble(struct transcoder *t, const uint8_t *bytes, size_t size, size_t end,
                    struct buffer *out, struct error *err)
{
    t->metadata.size = out->size = 0;
    if (transcode_metadata(bytes, end, NULL, &t->metadata, err) < 0 ||
        buffer_append(out, t->coded.data, 2, err) < 0 ||
        buffer_append(out, t->metadata.data, t->metadata.size, err) < 0 ||
        buffer_append(out, t->coded.data + 2, t->coded.size - 2, err) < 0)
        return -1;
    return buffer_append(out, bytes + end, size - end, err);
}

int transcode(struct transcoder *t, const void *bytes, size_t size, int pixels, struct buffer *out,
              struct error *err)
{
    jvirt_barray_ptr *coefficients;
    size_t end;
    int rc = create(t);
    if (rc == 0)
        rc = rewrite(t, bytes, size, pixels, &coefficients, &end);
    if (rc < 0)
        error_set(err, ERROR_DATA, NULL, "JPEG: %s", t->message);
    else
        rc = assemble(t, bytes, size, end, out, err);
    if (rc == 0 && compare(t, coefficients, out) < 0)
        rc = error_set(err, ERROR_DATA, NULL, "rewritten JPEG: %s", t->message);
    destroy(t);
    return rc;
}
