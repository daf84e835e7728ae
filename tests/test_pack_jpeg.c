/*
 * Claim: a JPEG that is rewritten has the same DCT coefficients, quantization tables, sampling and
 * pixels, the same APP and COM segments in the same order, one baseline scan, and restart markers
 * that divide its rows of MCUs evenly; rewritten again it has the same bytes. A broken one is
 * refused, or gives the same pixels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "base/file.h"
#include "base/rng.h"
#include "loader/decode.h"
#include "loader/encode.h"
#include "loader/pack_jpeg.h"
#include "tests/scale.h"
#include "tests/suite.h"

static const char *const goldens[] = {
    "rgb_0.jpg",         "rgb_1.jpg",         "rgb_2.jpg", "progressive_0.jpg",
    "progressive_1.jpg", "progressive_2.jpg", "gray.jpg",  "cmyk.jpg",
    "optimized.jpg",     "exif6.jpg",         "one.jpg",
};
enum { GOLDENS = sizeof(goldens) / sizeof(goldens[0]) };
static const int distances[] = { 0, 8, 16, 24, 1000 };
enum { DISTANCES = sizeof(distances) / sizeof(distances[0]) };

static struct transcoder *transcoder;
static struct decoder *decoders[2];
static struct buffer in, out, again;

static void setup(void)
{
    struct error err = { 0 };
    ck_assert_int_eq(transcoder_open(&transcoder, &err), 0);
    ck_assert_int_eq(decoder_open(&decoders[0], NULL, &err), 0);
    ck_assert_int_eq(decoder_open(&decoders[1], NULL, &err), 0);
}

static void teardown(void)
{
    transcoder_close(transcoder);
    decoder_close(decoders[0]);
    decoder_close(decoders[1]);
    buffer_release(&in);
    buffer_release(&out);
    buffer_release(&again);
}

static void read_golden(const char *name)
{
    char path[200];
    struct error err = { 0 };
    snprintf(path, sizeof(path), "tests/golden/images/%s", name);
    ck_assert_msg(file_read(path, FILE_LIMIT, &in, &err) == 0, "%s: %s", path, err.message);
}

/* Noise, so that no coefficient is zero for long, as a JPEG in `in`. */
static void make_jpeg(int width, int height, enum encode_chroma chroma)
{
    struct encode_form form = { .kind = ENCODE_JPEG, .quality = 90, .chroma = chroma };
    struct image image = { .width = width, .height = height, .stride = 3 * (size_t)width };
    struct rng rng = rng_start(rng_derive(3, "sample", "noise", 0), 0, 0);
    struct error err = { 0 };
    image.pixels = malloc(image.stride * (size_t)height);
    ck_assert_ptr_nonnull(image.pixels);
    for (size_t i = 0; i < image.stride * (size_t)height; i++)
        image.pixels[i] = (uint8_t)(i / 7 + rng_below(&rng, 60));
    ck_assert_int_eq(encode_image(&image, &form, &in, &err), 0);
    free(image.pixels);
}

static void must_transcode(int pixels)
{
    struct error err = { 0 };
    ck_assert_msg(transcode(transcoder, in.data, in.size, pixels, &out, &err) == 0, "%s",
                  err.message);
}

static int decode(int which, const struct buffer *file, struct image *image)
{
    struct decode_info info;
    struct error err = { 0 };
    int x, y;
    if (decode_header(decoders[which], file->data, file->size, &info, &err) < 0)
        return -1;
    struct rect all = { 0, 0, info.width, info.height };
    return decode_pixels(decoders[which], all, image, &x, &y, &err);
}

static void check_pixels(void)
{
    struct image a, b;
    ck_assert_int_eq(decode(0, &in, &a), 0);
    ck_assert_int_eq(decode(1, &out, &b), 0);
    ck_assert_int_eq(a.width, b.width);
    ck_assert_int_eq(a.height, b.height);
    for (int y = 0; y < a.height; y++)
        ck_assert_mem_eq(a.pixels + (size_t)y * a.stride, b.pixels + (size_t)y * b.stride,
                         3 * (size_t)a.width);
}

/* Every coefficient and table of `file` as plain numbers; libjpeg ends the test where it fails. */
static void flatten(const struct buffer *file, struct buffer *flat)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct error err = { 0 };
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, (const unsigned char *)file->data, file->size);
    jpeg_read_header(&jpeg, TRUE);
    jvirt_barray_ptr *arrays = jpeg_read_coefficients(&jpeg);
    flat->size = 0;
    buffer_print(flat, &err, "%u %u %d %d", jpeg.image_width, jpeg.image_height,
                 jpeg.num_components, jpeg.jpeg_color_space);
    for (int c = 0; c < jpeg.num_components; c++) {
        const jpeg_component_info *component = &jpeg.comp_info[c];
        buffer_print(flat, &err, " %d %d %d", component->component_id, component->h_samp_factor,
                     component->v_samp_factor);
        buffer_append(flat, component->quant_table->quantval, 64 * sizeof(UINT16), &err);
        for (JDIMENSION y = 0; y < component->height_in_blocks; y++) {
            JBLOCKARRAY rows =
                jpeg.mem->access_virt_barray((j_common_ptr)&jpeg, arrays[c], y, 1, FALSE);
            buffer_append(flat, rows[0], component->width_in_blocks * sizeof(JBLOCK), &err);
        }
    }
    ck_assert_int_eq(err.kind, ERROR_NONE);
    jpeg_destroy_decompress(&jpeg);
}

static void check_coefficients(void)
{
    struct buffer a = { 0 }, b = { 0 };
    flatten(&in, &a);
    flatten(&out, &b);
    ck_assert_uint_eq(a.size, b.size);
    ck_assert_uint_gt(a.size, 128);
    ck_assert_mem_eq(a.data, b.data, a.size);
    buffer_release(&a);
    buffer_release(&b);
}

/* What the markers of a file say. */
struct layout {
    int frame, scans, interval, restarts;
    int row; /* MCUs */
};

static struct layout read_layout(const struct buffer *file)
{
    const uint8_t *p = (const uint8_t *)file->data;
    struct layout l = { 0 };
    for (size_t at = 2; at + 4 <= file->size;) {
        int marker = p[at + 1], length = p[at + 2] << 8 | p[at + 3];
        if (p[at] != 0xff || marker == 0 || (marker >= 0xd0 && marker <= 0xd7)) {
            l.restarts += p[at] == 0xff && marker != 0;
            at += p[at] == 0xff ? 2 : 1;
            continue;
        }
        if (marker == 0xd9)
            break;
        if (marker >= 0xc0 && marker <= 0xc3) {
            int components = p[at + 9], width = p[at + 7] << 8 | p[at + 8];
            int mcu = components == 1 ? 8 : 8 * (p[at + 11] >> 4);
            l.frame = marker;
            l.row = (width + mcu - 1) / mcu;
        }
        l.scans += marker == 0xda;
        if (marker == 0xdd)
            l.interval = p[at + 4] << 8 | p[at + 5];
        at += 2 + (size_t)length;
    }
    return l;
}

static void check_layout(bool wants_restarts)
{
    struct layout l = read_layout(&out);
    ck_assert_int_eq(l.frame, 0xc0);
    ck_assert_int_eq(l.scans, 1);
    ck_assert_int_gt(l.row, 0);
    if (wants_restarts) {
        ck_assert_int_gt(l.interval, 0);
        ck_assert_int_eq(l.row % l.interval, 0);
        ck_assert_int_eq((l.restarts + 1) % (l.row / l.interval), 0);
    } else {
        ck_assert_int_eq(l.interval, 0);
        ck_assert_int_eq(l.restarts, 0);
    }
}

static void check_again(int pixels)
{
    struct error err = { 0 };
    ck_assert_int_eq(transcode(transcoder, out.data, out.size, pixels, &again, &err), 0);
    ck_assert_uint_eq(again.size, out.size);
    ck_assert_mem_eq(again.data, out.data, out.size);
}

START_TEST(every_kind)
{
    read_golden(goldens[_i]);
    struct image image;
    ck_assert_int_eq(decode(0, &in, &image), 0);
    for (int i = 0; i < DISTANCES; i++) {
        int pixels = distances[i];
        must_transcode(pixels);
        check_pixels();
        check_coefficients();
        check_layout(pixels > 0 && (image.width > pixels || image.height > pixels));
        check_again(pixels);
    }
}
END_TEST

static const struct {
    int width, height;
    enum encode_chroma chroma;
    int pixels, interval;
} sizes[] = {
    { 500, 60, CHROMA_420, 64, 4 },  { 500, 60, CHROMA_444, 64, 9 },
    { 500, 60, CHROMA_422, 64, 4 },  { 500, 60, CHROMA_GRAY, 64, 9 },
    { 333, 100, CHROMA_420, 64, 3 }, { 352, 100, CHROMA_420, 64, 11 },
    { 496, 40, CHROMA_420, 64, 31 }, { 17, 200, CHROMA_420, 64, 2 },
    { 64, 64, CHROMA_420, 64, 0 },   { 65, 8, CHROMA_444, 8, 1 },
};

START_TEST(sizes_and_chroma)
{
    make_jpeg(sizes[_i].width, sizes[_i].height, sizes[_i].chroma);
    must_transcode(sizes[_i].pixels);
    check_pixels();
    check_coefficients();
    check_layout(sizes[_i].interval > 0);
    ck_assert_int_eq(read_layout(&out).interval, sizes[_i].interval);
}
END_TEST

START_TEST(interval_divides)
{
    static const int mcus[] = { 8, 16, 24, 32 };
    for (int row = 1; row <= 600; row++)
        for (size_t m = 0; m < 4; m++)
            for (int pixels = 1; pixels <= 512; pixels *= 2) {
                int interval = transcode_interval(row, mcus[m], pixels);
                ck_assert_int_eq(row % interval, 0);
                ck_assert(interval == row || 2 * interval * mcus[m] > pixels);
            }
}
END_TEST

static void append(struct buffer *b, const void *data, size_t size)
{
    struct error err = { 0 };
    ck_assert_int_eq(buffer_append(b, data, size, &err), 0);
}

static void append_segment(struct buffer *b, int marker, const char *text, size_t size)
{
    uint8_t head[4] = { 0xff, (uint8_t)marker, (uint8_t)((size + 2) >> 8), (uint8_t)(size + 2) };
    append(b, head, 4);
    append(b, text, size);
}

/* EXIF, a profile in two parts, a comment, Photoshop's and unknown segments, some twice; and bytes
 * behind the image, as telephones write them. */
START_TEST(metadata)
{
    static char profile[60000];
    struct buffer meta = { 0 }, file = { 0 }, kept = { 0 };
    struct error err = { 0 };
    memset(profile, 0xff, sizeof(profile));
    append_segment(&meta, 0xe1, "Exif\0\0MM\0*\0\0\0\10\0\0", 16);
    append_segment(&meta, 0xe2, profile, sizeof(profile));
    append_segment(&meta, 0xfe, "a comment", 9);
    append_segment(&meta, 0xe2, profile, 20);
    append_segment(&meta, 0xed, "Photoshop 3.0", 14);
    append_segment(&meta, 0xef, "\xff\xd9", 2);
    append_segment(&meta, 0xfe, "", 0);
    make_jpeg(100, 80, CHROMA_420);
    size_t jfif = 20; /* SOI and the encoder's own APP0 */
    append(&file, in.data, jfif);
    append(&file, meta.data, meta.size);
    append(&file, in.data + jfif, in.size - jfif);
    append(&file, "\xff\xd8 another file", 14);
    in.size = 0;
    append(&in, file.data, file.size);
    must_transcode(64);
    check_pixels();
    check_coefficients();
    ck_assert_int_eq(transcode_metadata(out.data, out.size, NULL, &kept, &err), 0);
    ck_assert_uint_eq(kept.size, meta.size + jfif - 2);
    ck_assert_mem_eq(kept.data, in.data + 2, kept.size);
    ck_assert_mem_eq(out.data + out.size - 14, "\xff\xd8 another file", 14);
    buffer_release(&meta);
    buffer_release(&file);
    buffer_release(&kept);
}
END_TEST

/* A comment between the scans of a progressive file goes in front with the others. */
START_TEST(metadata_between_scans)
{
    struct buffer file = { 0 }, kept = { 0 };
    struct error err = { 0 };
    read_golden("progressive_2.jpg");
    size_t at = in.size;
    for (size_t i = 0; i + 1 < in.size; i++)
        if ((uint8_t)in.data[i] == 0xff && (uint8_t)in.data[i + 1] == 0xda)
            at = i; /* the last scan */
    append(&file, in.data, at);
    append_segment(&file, 0xfe, "between", 7);
    append(&file, in.data + at, in.size - at);
    in.size = 0;
    append(&in, file.data, file.size);
    must_transcode(16);
    check_pixels();
    ck_assert_int_eq(transcode_metadata(out.data, out.size, NULL, &kept, &err), 0);
    ck_assert_mem_eq(kept.data + kept.size - 7, "between", 7);
    buffer_release(&file);
    buffer_release(&kept);
}
END_TEST

/* A file without tables of its own is not coded with those of the file before. */
START_TEST(no_tables)
{
    struct error err = { 0 };
    struct buffer bare = { 0 };
    make_jpeg(40, 30, CHROMA_420);
    const uint8_t *p = (const uint8_t *)in.data;
    append(&bare, p, 2);
    size_t at = 2;
    while (p[at + 1] != 0xda) {
        size_t length = 2 + ((size_t)p[at + 2] << 8 | p[at + 3]);
        if (p[at + 1] != 0xdb)
            append(&bare, p + at, length);
        at += length;
    }
    append(&bare, p + at, in.size - at);
    must_transcode(16);
    ck_assert_int_eq(transcode(transcoder, bare.data, bare.size, 16, &out, &err), -1);
    ck_assert_msg(strstr(err.message, "table"), "%s", err.message);
    buffer_release(&bare);
}
END_TEST

START_TEST(broken)
{
    struct rng rng = rng_start(rng_derive(5, "sample", "broken", 0), 0, 0);
    struct error err;
    struct image image;
    int refused = 0, same = 0;
    for (int i = 0; i < test_scaled(3000); i++) {
        read_golden(goldens[(size_t)i % GOLDENS]);
        if (i % 3 == 0)
            in.size = (size_t)rng_below(&rng, in.size);
        else
            for (int k = 0; k <= i % 4; k++)
                in.data[rng_below(&rng, in.size)] = (char)rng_below(&rng, 256);
        err = (struct error){ 0 };
        if (transcode(transcoder, in.data, in.size, 16, &out, &err) < 0) {
            ck_assert(err.kind == ERROR_DATA && err.message[0] && !strchr(err.message, '\n'));
            refused++;
        } else if (decode(0, &in, &image) == 0 && !decode_warnings(decoders[0])) {
            check_pixels();
            same++;
        }
    }
    ck_assert_int_gt(refused, 0);
    ck_assert(same > 0 || test_scaled(3000) < 1000);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("pack_jpeg");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, every_kind, 0, GOLDENS);
    tcase_add_loop_test(cases, sizes_and_chroma, 0, sizeof(sizes) / sizeof(sizes[0]));
    tcase_add_test(cases, interval_divides);
    tcase_add_test(cases, metadata);
    tcase_add_test(cases, metadata_between_scans);
    tcase_add_test(cases, no_tables);
    tcase_add_test(cases, broken);
    return suite_run();
}
