/*
 * Claim: whatever rectangle of a JPEG is asked for, its pixels are those of a full decode, to the
 * bit: for every sampling factor, color space, odd size, kind of coding and orientation. Of
 * baseline files no more is decoded than the rectangle asks for; other kinds are decoded whole.
 */
#include <stdlib.h>
#include <string.h>

#include "loader/decode.h"
#include "loader/decode_region.h"
#include "tests/jpeg_form.h"
#include "tests/picture.h"
#include "tests/scale.h"
#include "tests/suite.h"

#define H211                                                                                       \
    {                                                                                              \
        2, 1, 1                                                                                    \
    }
#define V211                                                                                       \
    {                                                                                              \
        2, 1, 1                                                                                    \
    }

static const struct {
    const char *name;
    struct jpeg_form form;
    bool parts; /* whether parts of it are decoded */
} forms[] = {
    { "4:4:4", { .components = 3 }, true },
    { "4:2:2", { .components = 3, .h = H211 }, true },
    { "4:2:0", { .components = 3, .h = H211, .v = V211 }, true },
    { "4:4:0", { .components = 3, .v = V211 }, true },
    { "4:1:1", { .components = 3, .h = { 4, 1, 1 } }, true },
    { "4:1:0", { .components = 3, .h = { 4, 1, 1 }, .v = V211 }, true },
    { "4:4:1", { .components = 3, .v = { 4, 1, 1 } }, true },
    { "3:1:1", { .components = 3, .h = { 3, 1, 1 } }, true },
    { "a color channel of half the other's", { .components = 3, .h = { 4, 2, 1 } }, true },
    { "one color channel small", { .components = 3, .h = { 2, 2, 1 }, .v = { 2, 1, 2 } }, true },
    { "color larger than brightness",
      { .components = 3, .h = { 1, 2, 2 }, .v = { 1, 2, 2 } },
      true },
    { "gray", { .components = 1 }, true },
    { "gray with factors of 2", { .components = 1, .h = { 2 }, .v = { 2 } }, true },
    { "RGB", { .components = 3, .rgb = true }, true },
    { "RGB 4:2:0", { .components = 3, .rgb = true, .h = H211, .v = V211 }, true },
    { "4:2:0, restart markers that do not tile the rows",
      { .components = 3, .h = H211, .v = V211, .interval = 5 },
      true },
    { "progressive", { .components = 3, .h = H211, .v = V211, .progressive = true }, false },
    { "arithmetic", { .components = 3, .h = H211, .v = V211, .arithmetic = true }, false },
    { "a scan for each channel", { .components = 3, .h = H211, .v = V211, .split = true }, false },
    { "CMYK", { .components = 4 }, false },
};

static const int sizes[][2] = { { 128, 96 }, { 131, 97 }, { 129, 113 }, { 113, 130 },
                                { 66, 127 }, { 350, 14 }, { 17, 301 },  { 70, 67 } };

enum { FORMS = sizeof(forms) / sizeof(forms[0]), SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static struct decoder *whole_decoder, *part_decoder;

static void open_decoders(bool exif)
{
    struct error err = { 0 };
    struct decode_options whole = { .whole = true, .plain = true, .exif_apply = exif };
    struct decode_options part = { .exif_apply = exif };
    ck_assert_int_eq(decoder_open(&whole_decoder, &whole, &err), 0);
    ck_assert_int_eq(decoder_open(&part_decoder, &part, &err), 0);
}

static void setup(void)
{
    open_decoders(false);
}

static void teardown(void)
{
    decoder_close(whole_decoder);
    decoder_close(part_decoder);
}

static struct image must_decode(struct decoder *d, const struct picture_file *file,
                                const struct rect *need, int *x, int *y)
{
    struct decode_info info;
    struct image image;
    struct error err = { 0 };
    ck_assert_msg(decode_header(d, file->bytes, file->size, &info, &err) == 0, "%s", err.message);
    struct rect all = { 0, 0, info.width, info.height };
    ck_assert_msg(decode_pixels(d, need ? *need : all, &image, x, y, &err) == 0, "%s", err.message);
    ck_assert_ptr_null(decode_warnings(d));
    return image;
}

START_TEST(as_the_whole)
{
    struct rng rng = rng_start(rng_derive(1, "sample", "region", (uint32_t)_i), 0, 0);
    for (int s = 0; s < SIZES; s++) {
        struct picture_file file;
        picture_write(&file, sizes[s][0], sizes[s][1], &forms[_i].form);
        int x, y;
        bool less = false;
        struct image whole = must_decode(whole_decoder, &file, NULL, &x, &y);
        ck_assert(x == 0 && y == 0 && whole.width == sizes[s][0] && whole.height == sizes[s][1]);
        for (int i = 0; i < test_scaled(160); i++) {
            struct rect need = picture_part(&rng, whole.width, whole.height);
            struct image part = must_decode(part_decoder, &file, &need, &x, &y);
            picture_check(forms[_i].name, &whole, &part, x, y, need);
            less |= part.width < whole.width || part.height < whole.height;
        }
        bool large = sizes[s][0] * sizes[s][1] >= 64 * 64;
        ck_assert_msg(less == (forms[_i].parts && large), "%s: %d x %d", forms[_i].name,
                      sizes[s][0], sizes[s][1]);
        free(file.bytes);
    }
}
END_TEST

/* One pixel at every place: every column and row is somewhere the first and the last. */
START_TEST(every_pixel)
{
    struct picture_file file;
    picture_write(&file, 69, 83, &forms[_i].form);
    int x, y, step = test_scaled(8) == 8 ? 5 : 50;
    struct image whole = must_decode(whole_decoder, &file, NULL, &x, &y);
    for (int i = 0; i < whole.width * whole.height; i += step) {
        struct rect need = { i % whole.width, i / whole.width, 1, 1 };
        struct image part = must_decode(part_decoder, &file, &need, &x, &y);
        picture_check(forms[_i].name, &whole, &part, x, y, need);
    }
    free(file.bytes);
}
END_TEST

/* The smallest part that libjpeg can be asked for: whole MCUs to the left, nothing to the right. */
START_TEST(no_more_than_needed)
{
    struct picture_file file;
    picture_write(&file, 320, 200, &(struct jpeg_form){ .components = 3, .h = H211, .v = V211 });
    struct rect need = { 101, 50, 60, 70 };
    int x, y;
    struct image part = must_decode(part_decoder, &file, &need, &x, &y);
    ck_assert(x == 96 && y == 50 && part.width == 163 - 96 && part.height == 70);
    free(file.bytes);
}
END_TEST

/* A file's own EXIF orientation, in front of everything else. */
static void add_orientation(struct picture_file *file, int orientation)
{
    unsigned char app1[] = { 0xFF, 0xE1, 0, 34, 'E', 'x', 'i', 'f', 0, 0,
                             'M',  'M',  0, 42, 0,   0,   0,   8,   0, 1,
                             0x01, 0x12, 0, 3,  0,   0,   0,   1,   0, (unsigned char)orientation,
                             0,    0,    0, 0,  0,   0 };
    unsigned char *bytes = malloc(file->size + sizeof(app1));
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, file->bytes, 2);
    memcpy(bytes + 2, app1, sizeof(app1));
    memcpy(bytes + 2 + sizeof(app1), file->bytes + 2, file->size - 2);
    free(file->bytes);
    file->bytes = bytes;
    file->size += sizeof(app1);
}

START_TEST(turned)
{
    struct jpeg_form form = { .components = 3, .h = H211, .v = V211, .interval = _i % 2 ? 3 : 0 };
    struct rng rng = rng_start(rng_derive(1, "sample", "turned", (uint32_t)_i), 0, 0);
    struct picture_file file;
    picture_write(&file, 141, 103, &form); /* 9 MCUs a row */
    add_orientation(&file, _i);
    teardown();
    open_decoders(true);
    int x, y;
    struct image whole = must_decode(whole_decoder, &file, NULL, &x, &y);
    ck_assert_int_eq(whole.width, _i < 5 ? 141 : 103);
    for (int i = 0; i < test_scaled(400); i++) {
        struct rect need = picture_part(&rng, whole.width, whole.height);
        struct image part = must_decode(part_decoder, &file, &need, &x, &y);
        picture_check("turned", &whole, &part, x, y, need);
    }
    struct rect corner = { 1, 2, 30, 30 };
    struct image part = must_decode(part_decoder, &file, &corner, &x, &y);
    ck_assert(part.width < 80 && part.height < 80);
    free(file.bytes);
}
END_TEST

/* What lies below the last needed row is not read; `whole` reads all. */
START_TEST(damage_below)
{
    struct picture_file file;
    picture_write(&file, 160, 160, &(struct jpeg_form){ .components = 3 });
    struct decode_info info;
    struct image image;
    struct error err = { 0 };
    int x, y;
    size_t size = file.size / 2;
    struct rect top = { 0, 0, 160, 40 }, bottom = { 0, 120, 160, 40 };
    ck_assert_int_eq(decode_header(part_decoder, file.bytes, size, &info, &err), 0);
    ck_assert_int_eq(decode_pixels(part_decoder, top, &image, &x, &y, &err), 0);
    ck_assert_int_eq(decode_header(part_decoder, file.bytes, size, &info, &err), 0);
    ck_assert_int_eq(decode_pixels(part_decoder, bottom, &image, &x, &y, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_int_eq(decode_header(whole_decoder, file.bytes, size, &info, &err), 0);
    ck_assert_int_eq(decode_pixels(whole_decoder, top, &image, &x, &y, &err), -1);
    free(file.bytes);
}
END_TEST

START_TEST(arithmetic_of_regions)
{
    static const struct {
        struct jpeg_grid grid;
        struct rect need, region;
    } cases[] = {
        /* 4:4:4: nothing but the MCU's grid */
        { { 100, 50, 8, 8, 0, 0, 0 }, { 9, 9, 5, 5 }, { 8, 9, 6, 5 } },
        /* 4:2:0: a color sample on each side */
        { { 100, 50, 16, 16, 2, 2, 0 }, { 17, 9, 5, 5 }, { 0, 9, 24, 5 } },
        { { 100, 50, 16, 16, 2, 2, 0 }, { 18, 9, 5, 5 }, { 16, 9, 9, 5 } },
        { { 100, 50, 16, 16, 2, 2, 0 }, { 18, 9, 1, 5 }, { 16, 9, 6, 5 } }, /* three samples */
        { { 100, 50, 16, 16, 2, 2, 0 }, { 99, 9, 1, 5 }, { 80, 9, 20, 5 } },
        { { 4, 50, 16, 16, 2, 2, 0 }, { 3, 9, 1, 5 }, { 0, 9, 4, 5 } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rect r = region_around(&cases[i].grid, cases[i].need);
        ck_assert_msg(memcmp(&r, &cases[i].region, sizeof(r)) == 0, "case %d: %d %d %d %d", (int)i,
                      r.x, r.y, r.width, r.height);
    }
}
END_TEST

START_TEST(arithmetic_of_cuts)
{
    static const struct {
        struct jpeg_grid grid; /* 7 x 4 MCUs, all but the last */
        struct rect need;
        bool cuts;
        struct rect segments, pixels;
    } cases[] = {
        { { 100, 50, 16, 16, 2, 2, 0 }, { 20, 20, 5, 5 }, false, { 0 }, { 0 } },
        { { 100, 50, 16, 16, 2, 2, 5 }, { 20, 20, 5, 5 }, false, { 0 }, { 0 } },
        { { 100, 50, 16, 16, 2, 2, 21 },
          { 20, 36, 5, 5 },
          true,
          { 0, 0, 1, 1 },
          { 0, 0, 100, 48 } },
        { { 100, 50, 16, 16, 2, 2, 28 }, { 20, 20, 5, 5 }, false, { 0 }, { 0 } },
        { { 100, 50, 16, 16, 2, 2, 29 }, { 20, 20, 5, 5 }, false, { 0 }, { 0 } },
        { { 100, 50, 16, 16, 2, 2, 1 },
          { 20, 20, 5, 5 },
          true,
          { 1, 1, 1, 1 },
          { 16, 16, 16, 16 } },
        { { 100, 50, 16, 16, 2, 2, 1 }, { 17, 14, 14, 5 }, true, { 0, 0, 3, 2 }, { 0, 0, 48, 32 } },
        { { 100, 50, 16, 16, 2, 2, 7 },
          { 20, 20, 5, 5 },
          true,
          { 0, 1, 1, 1 },
          { 0, 16, 100, 16 } },
        { { 100, 50, 16, 16, 2, 2, 14 },
          { 20, 34, 5, 5 },
          true,
          { 0, 1, 1, 1 },
          { 0, 32, 100, 18 } },
        { { 100, 50, 16, 16, 2, 2, 14 }, { 20, 33, 5, 5 }, false, { 0 }, { 0 } },
        /* The last column is 4 wide: too narrow alone. */
        { { 100, 50, 16, 16, 2, 2, 1 },
          { 99, 49, 1, 1 },
          true,
          { 5, 2, 2, 2 },
          { 80, 32, 20, 18 } },
        { { 96, 50, 8, 8, 0, 0, 4 }, { 40, 8, 1, 1 }, true, { 1, 1, 1, 1 }, { 32, 8, 32, 8 } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct restart_cut cut;
        bool cuts = restart_cut(&cases[i].grid, cases[i].need, &cut);
        ck_assert_msg(cuts == cases[i].cuts, "case %d: %d", (int)i, cuts);
        if (!cuts)
            continue;
        struct rect s = cut.segments, p = cut.pixels;
        ck_assert_msg(memcmp(&s, &cases[i].segments, sizeof(s)) == 0 &&
                          memcmp(&p, &cases[i].pixels, sizeof(p)) == 0,
                      "case %d: segments %d %d %d %d, pixels %d %d %d %d", (int)i, s.x, s.y,
                      s.width, s.height, p.x, p.y, p.width, p.height);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("decode_region");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, as_the_whole, 0, FORMS);
    tcase_add_loop_test(cases, every_pixel, 0, FORMS);
    tcase_add_loop_test(cases, turned, 1, 9);
    tcase_add_test(cases, no_more_than_needed);
    tcase_add_test(cases, damage_below);
    tcase_add_test(cases, arithmetic_of_regions);
    tcase_add_test(cases, arithmetic_of_cuts);
    return suite_run();
}
