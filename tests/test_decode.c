/*
 * Claim: JPEG and PNG files of every kind decode to Pillow's RGB pixels (images.json, by
 * make_images.py), whatever their names say; EXIF orientation is applied where asked for; and what
 * is cut, changed or no image gives one line and leaves the decoder fit for the next file, whose
 * pixels do not depend on it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/rng.h"
#include "loader/decode.h"
#include "tests/picture.h"
#include "tests/scale.h"
#include "tests/suite.h"

static json_t *answers;
static struct decoder *decoder;
static struct buffer bytes;

static void setup(void)
{
    struct error err = { 0 };
    answers = json_read("tests/golden/images.json", &err);
    ck_assert_msg(answers != NULL, "%s", err.message);
    ck_assert_uint_ge(json_object_size(answers), 20);
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
}

static void teardown(void)
{
    decoder_close(decoder);
    buffer_release(&bytes);
    json_decref(answers);
}

static void load(const char *name)
{
    struct error err = { 0 };
    char *path = file_join("tests/golden/images", name, &err);
    ck_assert_msg(file_read(path, FILE_LIMIT, &bytes, &err) == 0, "%s", err.message);
    free(path);
}

static int decode(struct decoder *d, const void *data, size_t size, struct image *image,
                  struct error *err)
{
    struct decode_info info;
    int x, y;
    *err = (struct error){ 0 };
    if (decode_header(d, data, size, &info, err) < 0)
        return -1;
    return decode_pixels(d, (struct rect){ 0, 0, info.width, info.height }, image, &x, &y, err);
}

static void check_pixels(const char *name, const struct image *image, const json_t *answer)
{
    struct sha256 *sha;
    struct error err = { 0 };
    char hex[65];
    ck_assert_int_eq(image->width, json_integer_value(json_object_get(answer, "width")));
    ck_assert_int_eq(image->height, json_integer_value(json_object_get(answer, "height")));
    ck_assert_int_eq(sha256_open(&sha, &err), 0);
    for (int y = 0; y < image->height; y++)
        sha256_add(sha, image->pixels + (size_t)y * image->stride, (size_t)image->width * 3);
    ck_assert_int_eq(sha256_close(sha, hex, &err), 0);
    ck_assert_msg(strcmp(hex, json_string_value(json_object_get(answer, "sha256"))) == 0,
                  "%s: other pixels than Pillow's", name);
}

START_TEST(as_pillow)
{
    const char *name;
    json_t *answer;
    json_object_foreach(answers, name, answer)
    {
        struct image image;
        struct error err;
        load(name);
        ck_assert_msg(decode(decoder, bytes.data, bytes.size, &image, &err) == 0, "%s: %s", name,
                      err.message);
        check_pixels(name, &image, answer);
        ck_assert_ptr_null(decode_warnings(decoder));
    }
}
END_TEST

/* Orientation 6: turned by 90 degrees clockwise. */
START_TEST(exif)
{
    struct decode_options options = { .exif_apply = true };
    struct decoder *turning;
    struct image plain, turned;
    struct error err;
    ck_assert_int_eq(decoder_open(&turning, &options, &err), 0);
    load("exif6.jpg");
    ck_assert_int_eq(decode(decoder, bytes.data, bytes.size, &plain, &err), 0);
    ck_assert_int_eq(decode(turning, bytes.data, bytes.size, &turned, &err), 0);
    ck_assert(turned.width == plain.height && turned.height == plain.width);
    for (int y = 0; y < plain.height; y++)
        for (int x = 0; x < plain.width; x++) {
            const uint8_t *a = plain.pixels + (size_t)y * plain.stride + 3 * x;
            const uint8_t *b =
                turned.pixels + (size_t)x * turned.stride + 3 * (plain.height - 1 - y);
            ck_assert_mem_eq(a, b, 3);
        }
    decoder_close(turning);
}
END_TEST

/* A rectangle of what decode_pixels is asked for is the same rectangle of the whole. */
START_TEST(parts)
{
    const char *name;
    json_t *answer;
    json_object_foreach(answers, name, answer)
    {
        struct image image;
        struct error err;
        struct decode_info info;
        int x, y;
        load(name);
        ck_assert_int_eq(decode(decoder, bytes.data, bytes.size, &image, &err), 0);
        uint8_t *whole = malloc(image.stride * (size_t)image.height);
        memcpy(whole, image.pixels, image.stride * (size_t)image.height);
        size_t stride = image.stride;
        struct rect need = { image.width / 3, image.height / 4, (image.width + 1) / 2,
                             (image.height + 1) / 2 };
        ck_assert_int_eq(decode_header(decoder, bytes.data, bytes.size, &info, &err), 0);
        ck_assert_int_eq(decode_pixels(decoder, need, &image, &x, &y, &err), 0);
        ck_assert(x <= need.x && y <= need.y && x + image.width >= need.x + need.width &&
                  y + image.height >= need.y + need.height);
        for (int row = need.y; row < need.y + need.height; row++)
            ck_assert_mem_eq(whole + (size_t)row * stride + 3 * need.x,
                             image.pixels + (size_t)(row - y) * image.stride + 3 * (need.x - x),
                             3 * (size_t)need.width);
        free(whole);
    }
}
END_TEST

START_TEST(no_image)
{
    static const struct {
        const char *data;
        size_t size;
        const char *says;
    } cases[] = {
        { "", 0, "empty" },
        { "GIF89a......", 12, "GIF" },
        { "\x89PNG\r\n\x1a\n", 8, "PNG" },
        { "\xff\xd8\xff", 3, "JPEG" },
        { "\xff\xd8\xff\xe0\0\x10JFIF\0", 11, "JPEG" },
        { "version https://git-lfs.github.com/spec/v1\noid sha256:00\n", 57, "LFS" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct image image;
        struct error err;
        ck_assert_int_eq(decode(decoder, cases[i].data, cases[i].size, &image, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_msg(strstr(err.message, cases[i].says), "case %d: %s", (int)i, err.message);
    }
}
END_TEST

/* Every file cut off at every length: never Pillow's pixels by luck, never a crash, and the decoder
 * goes on. A JPEG may lose its last bytes (the end mark) only. */
START_TEST(cut)
{
    const char *name;
    json_t *answer;
    json_object_foreach(answers, name, answer)
    {
        struct image image;
        struct error err;
        load(name);
        size_t pixels_end = bytes.size - (strstr(name, ".png") ? 12 : 16);
        for (size_t size = 0; size < pixels_end; size += (size_t)(1 + (int)(bytes.size / 400))) {
            uint8_t *part = malloc(size ? size : 1); /* its own block: reading on is found out */
            memcpy(part, bytes.data, size);
            int rc = decode(decoder, part, size, &image, &err);
            ck_assert_msg(rc == -1 && err.kind == ERROR_DATA && !strchr(err.message, '\n'),
                          "%s cut to %d of %d bytes was accepted", name, (int)size,
                          (int)bytes.size);
            free(part);
        }
        ck_assert_int_eq(decode(decoder, bytes.data, bytes.size, &image, &err), 0);
        check_pixels(name, &image, answer);
    }
}
END_TEST

START_TEST(changed)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "bytes", 0), 0, 0);
    const char *name;
    json_t *answer;
    json_object_foreach(answers, name, answer)
    {
        load(name);
        for (int i = 0; i < test_scaled(200); i++) {
            struct image image;
            struct error err;
            size_t at = rng_below(&rng, bytes.size);
            char old = bytes.data[at];
            bytes.data[at] = (char)rng_below(&rng, 256);
            if (decode(decoder, bytes.data, bytes.size, &image, &err) < 0)
                ck_assert(err.message[0] && !strchr(err.message, '\n'));
            bytes.data[at] = old;
        }
    }
}
END_TEST

START_TEST(too_many_pixels)
{
    struct decode_options options = { .pixels_max = 900 };
    struct decoder *small;
    struct image image;
    struct error err;
    ck_assert_int_eq(decoder_open(&small, &options, &err), 0);
    load("rgb.png"); /* 35 x 27 = 945 */
    ck_assert_int_eq(decode(small, bytes.data, bytes.size, &image, &err), -1);
    ck_assert_msg(strstr(err.message, "35") && strstr(err.message, "27"), "%s", err.message);
    decoder_close(small);
}
END_TEST

/* Where a marker segment of the kind begins; 0: there is none before the scan. */
static size_t find_segment(const struct picture_file *file, int code)
{
    size_t at = 2;
    while (file->bytes[at + 1] != code && file->bytes[at + 1] != 0xDA)
        at += 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
    return file->bytes[at + 1] == code ? at : 0;
}

static void remove_segments(struct picture_file *file, int code)
{
    for (size_t at = find_segment(file, code); at; at = find_segment(file, code)) {
        size_t length = 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
        file->size -= length;
        memmove(file->bytes + at, file->bytes + at + length, file->size - at);
    }
}

/* Tables that a file leaves out are never those of the file before it: quantization tables are
 * missed, Huffman tables are the standard's (as in Motion JPEG). */
START_TEST(tables_of_its_own)
{
    struct jpeg_form plain = { .components = 3 }, coarse = { .components = 3, .quality = 10 };
    struct picture_file file, bare, written, other;
    picture_write(&file, 80, 80, &plain);
    picture_write(&bare, 80, 80, &plain);
    remove_segments(&bare, 0xC4);
    picture_write(&written, 80, 80, &coarse);
    ck_assert_int_eq(jpeg_form_transcode(written.bytes, written.size, 0, &other.bytes, &other.size),
                     0); /* has Huffman tables that suit it alone */
    struct decoder *fresh;
    struct image expected, image;
    struct error err;
    ck_assert_int_eq(decoder_open(&fresh, NULL, &err), 0);
    ck_assert_int_eq(decode(fresh, file.bytes, file.size, &expected, &err), 0);
    ck_assert_int_eq(decode(decoder, other.bytes, other.size, &image, &err), 0);
    ck_assert_msg(decode(decoder, bare.bytes, bare.size, &image, &err) == 0, "%s", err.message);
    picture_check("standard tables", &expected, &image, 0, 0, (struct rect){ 0, 0, 80, 80 });
    remove_segments(&file, 0xDB);
    ck_assert_int_eq(decode(decoder, file.bytes, file.size, &image, &err), -1);
    ck_assert_msg(strstr(err.message, "uantization table"), "%s", err.message);
    decoder_close(fresh);
    free(file.bytes);
    free(bare.bytes);
    free(written.bytes);
    free(other.bytes);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("decode");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, as_pillow);
    tcase_add_test(cases, exif);
    tcase_add_test(cases, parts);
    tcase_add_test(cases, no_image);
    tcase_add_test(cases, cut);
    tcase_add_test(cases, changed);
    tcase_add_test(cases, too_many_pixels);
    tcase_add_test(cases, tables_of_its_own);
    return suite_run();
}
