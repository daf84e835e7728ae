/*
 * Claim: our Huffman decoding of sequential JPEGs gives what libjpeg alone gives, to the bit, for
 * every sampling, quality, table and restart interval; and of a damaged file the same error, the
 * same warnings or the same pixels. Symbols of all lengths are those of a decoder that goes by the
 * standard's words, bit by bit.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/decode.h"
#include "loader/decode_huffman.h"
#include "tests/jpeg_form.h"
#include "tests/picture.h"
#include "tests/scale.h"
#include "tests/suite.h"

static const struct {
    const char *name;
    struct jpeg_form form;
} forms[] = {
    { "4:4:4", { .components = 3 } },
    { "4:2:2", { .components = 3, .h = { 2 } } },
    { "4:2:0", { .components = 3, .h = { 2 }, .v = { 2 } } },
    { "4:4:0", { .components = 3, .v = { 2 } } },
    { "4:1:1", { .components = 3, .h = { 4 } } },
    { "4:1:0", { .components = 3, .h = { 4 }, .v = { 2 } } },
    { "gray", { .components = 1 } },
    { "gray with factors of 2", { .components = 1, .h = { 2 }, .v = { 2 } } },
    { "RGB", { .components = 3, .rgb = true } },
    { "CMYK", { .components = 4 } },
    { "a scan each", { .components = 3, .split = true } },
    { "progressive", { .components = 3, .progressive = true } },
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static struct decoder *plain, *ours;
static struct rng rng;

static void setup(void)
{
    struct error err = { 0 };
    ck_assert_int_eq(decoder_open(&plain, &(struct decode_options){ .plain = true }, &err), 0);
    ck_assert_int_eq(decoder_open(&ours, NULL, &err), 0);
    rng = rng_start(rng_derive(1, "sample", "scan", 0), 0, 0);
}

static void teardown(void)
{
    decoder_close(plain);
    decoder_close(ours);
}

/* All of it, or the part `need` where there is one. */
static int decode(struct decoder *d, const unsigned char *bytes, size_t size,
                  const struct rect *need, struct image *image, struct error *err)
{
    struct decode_info info;
    int x, y;
    if (decode_header(d, bytes, size, &info, err) < 0)
        return -1;
    struct rect all = { 0, 0, info.width, info.height };
    bool fits = need && need->x + need->width <= all.width && need->y + need->height <= all.height;
    return decode_pixels(d, fits ? *need : all, image, &x, &y, err);
}

/* The same outcome by both; whether it was pixels. */
static bool check(const char *name, const unsigned char *bytes, size_t size,
                  const struct rect *need)
{
    struct error a = { 0 }, b = { 0 };
    struct image x, y;
    int rc = decode(plain, bytes, size, need, &x, &a);
    ck_assert_msg(decode(ours, bytes, size, need, &y, &b) == rc, "%s: %s%s", name, a.message,
                  b.message);
    const char *warns_a = decode_warnings(plain), *warns_b = decode_warnings(ours);
    ck_assert_str_eq(warns_a ? warns_a : "", warns_b ? warns_b : "");
    ck_assert_str_eq(a.message, b.message);
    if (rc < 0)
        return false;
    ck_assert_msg(x.width == y.width && x.height == y.height, "%s: other sizes", name);
    ck_assert_msg(memcmp(x.pixels, y.pixels, x.stride * (size_t)x.height) == 0, "%s: other pixels",
                  name);
    return true;
}

START_TEST(as_libjpeg_alone)
{
    static const int sizes[][2] = { { 1, 1 }, { 8, 8 }, { 119, 70 }, { 240, 96 } };
    static const int qualities[] = { 10, 75, 100 }, intervals[] = { 0, 1, 3, 5, 1000 };
    for (int s = 0; s < 4; s++)
        for (int q = 0; q < 3; q++)
            for (int i = 0; i < 5; i++) {
                struct jpeg_form form = forms[_i].form;
                struct picture_file file, own_tables;
                form.quality = qualities[q];
                form.interval = intervals[i];
                picture_write(&file, sizes[s][0], sizes[s][1], &form);
                ck_assert(check(forms[_i].name, file.bytes, file.size, NULL));
                ck_assert_int_eq(jpeg_form_transcode(file.bytes, file.size, intervals[i],
                                                     &own_tables.bytes, &own_tables.size),
                                 0);
                ck_assert(check(forms[_i].name, own_tables.bytes, own_tables.size, NULL));
                for (int n = 0; n < test_scaled(4); n++) {
                    struct rect need = picture_part(&rng, sizes[s][0], sizes[s][1]);
                    ck_assert(check(forms[_i].name, file.bytes, file.size, &need));
                }
                free(own_tables.bytes);
                free(file.bytes);
            }
}
END_TEST

/* Cut after every byte, with and without an end. */
START_TEST(cut)
{
    struct jpeg_form form = forms[_i].form;
    struct picture_file file;
    form.interval = _i % 2;
    picture_write(&file, 35, 27, &form);
    for (size_t size = 3; size < file.size; size += 8 / (size_t)test_scaled(8)) {
        unsigned char *bytes = malloc(size + 2); /* of its own: reading on is found out */
        ck_assert_ptr_nonnull(bytes);
        memcpy(bytes, file.bytes, size);
        check(forms[_i].name, bytes, size, NULL);
        memcpy(bytes + size, "\xff\xd9", 2);
        check(forms[_i].name, bytes, size + 2, NULL);
        free(bytes);
    }
    free(file.bytes);
}
END_TEST

START_TEST(damaged)
{
    struct jpeg_form form = forms[_i].form;
    struct picture_file file;
    int accepted = 0;
    form.interval = _i % 3;
    picture_write(&file, 119, 70, &form);
    unsigned char *bytes = malloc(file.size);
    ck_assert_ptr_nonnull(bytes);
    for (int i = 0; i < test_scaled(1500); i++) {
        memcpy(bytes, file.bytes, file.size);
        for (uint64_t n = 1 + rng_below(&rng, 3); n > 0; n--) {
            size_t at = rng_below(&rng, file.size);
            bytes[at] = rng_below(&rng, 2) ? bytes[at] ^ (unsigned char)(1 << rng_below(&rng, 8))
                                           : (unsigned char)rng_below(&rng, 256);
        }
        struct rect need = picture_part(&rng, 119, 70);
        accepted += check(forms[_i].name, bytes, file.size, i % 2 ? &need : NULL);
    }
    ck_assert_int_gt(accepted, 0);
    free(bytes);
    free(file.bytes);
}
END_TEST

/* A table of random codes, of every length where `long_codes`. */
static void draw_table(uint8_t bits[17], uint8_t values[256], bool long_codes)
{
    uint32_t code = 0;
    int count = 0;
    memset(bits, 0, 17);
    for (int length = 1; length <= 16; length++, code <<= 1) {
        uint32_t room = (1u << length) - code - 1; /* one stays for longer codes */
        uint32_t most = long_codes && length < 9 ? room / 4 : room;
        while (most-- > 0 && count < 256 && (length == 16 || rng_below(&rng, 4))) {
            values[count++] = (uint8_t)rng_below(&rng, 256);
            bits[length]++;
            code++;
        }
    }
    memset(values + count, 0, (size_t)(256 - count));
}

/* The next bits by the standard's figures F.12 to F.16. */
struct slow {
    const uint8_t *bytes;
    int64_t at;
};

static int next_bits(struct slow *s, int count)
{
    int value = 0;
    for (; count > 0; count--, s->at++)
        value = value << 1 | (s->bytes[s->at / 8] >> (7 - s->at % 8) & 1);
    return value;
}

static int slow_symbol(struct slow *s, const uint8_t bits[17], const uint8_t values[256])
{
    int code = 0, first = 0, count = 0;
    for (int length = 1; length <= 16; length++) {
        code = code << 1 | next_bits(s, 1);
        if (code - first < bits[length])
            return values[count + code - first];
        count += bits[length];
        first = (first + bits[length]) << 1;
    }
    return -1;
}

static int slow_value(struct slow *s, int size)
{
    int value = next_bits(s, size);
    return size && value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

static bool slow_block(struct slow *s, const uint8_t bits[17], const uint8_t values[256],
                       int zigzag[64])
{
    for (int k = 1; k < 64; k++) {
        int symbol = slow_symbol(s, bits, values);
        if (symbol < 0)
            return false;
        if ((symbol & 15) == 0 && symbol >> 4 != 15)
            return true;
        k += symbol >> 4;
        if (k > 63)
            return false;
        zigzag[k] = slow_value(s, symbol & 15);
    }
    return true;
}

START_TEST(symbols_as_the_standard_says)
{
    enum { SIZE = 1200 };
    static const int natural[64] = {
        0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
        41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
        30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    };
    static struct huffman table;
    static uint8_t data[SIZE + HUFFMAN_PAD];
    int sound = 0;
    for (int i = 0; i < test_scaled(4000); i++) {
        uint8_t bits[17], values[256];
        draw_table(bits, values, i % 2);
        ck_assert(huffman_make(&table, bits, values));
        huffman_make_skip(&table);
        for (int b = 0; b < SIZE; b++)
            data[b] = (uint8_t)rng_below(&rng, 256);
        struct bit_reader fast = { .next = data }, skipping = { .next = data };
        struct slow slow = { data, 0 };
        int dc = 0, dc_skipping = 0, slow_dc = 0;
        while (slow.at < 8 * 400) {
            int zigzag[64] = { 0 };
            int16_t block[64] = { 0 };
            int symbol = slow_symbol(&slow, bits, values);
            slow_dc += symbol < 0 ? 0 : slow_value(&slow, symbol & 15);
            bool good = symbol >= 0 && slow_dc == (int16_t)slow_dc &&
                        slow_block(&slow, bits, values, zigzag);
            ck_assert_int_eq(huffman_block(&table, &table, &fast, &dc, block), good);
            ck_assert_int_eq(huffman_skip(&table, &table, &skipping, &dc_skipping), good);
            if (!good)
                break;
            ck_assert_int_eq(dc, slow_dc);
            ck_assert_int_eq(dc_skipping, slow_dc);
            for (int k = 1; k < 64; k++)
                if (block[natural[k]] != (int16_t)zigzag[k])
                    ck_abort_msg("coefficient %d: %d, not %d", k, block[natural[k]], zigzag[k]);
            ck_assert_int_eq(bit_reader_used(&fast, data), slow.at);
            ck_assert_int_eq(bit_reader_used(&skipping, data), slow.at);
            sound++;
        }
    }
    ck_assert_int_gt(sound, 0);
}
END_TEST

START_TEST(impossible_tables)
{
    static struct huffman table;
    uint8_t bits[17] = { 0 }, values[256] = { 0 };
    bits[1] = 3;
    ck_assert(!huffman_make(&table, bits, values));
    bits[1] = 1;
    bits[2] = 3;
    ck_assert(!huffman_make(&table, bits, values));
    memset(bits, 0, sizeof(bits));
    bits[15] = bits[16] = 129;
    ck_assert(!huffman_make(&table, bits, values));
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("decode_scan");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, as_libjpeg_alone, 0, FORMS);
    tcase_add_loop_test(cases, cut, 0, FORMS);
    tcase_add_loop_test(cases, damaged, 0, FORMS);
    tcase_add_test(cases, symbols_as_the_standard_says);
    tcase_add_test(cases, impossible_tables);
    return suite_run();
}
