/*
 * Claim: what is drawn lies where it should and nowhere else, whatever sticks out is cut off, every
 * printable character has its own picture, and the PNG file holds the canvas to the last bit.
 */
#include <limits.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/canvas.h"
#include "base/file.h"
#include "base/font.h"
#include "tests/scratch.h"
#include "tests/suite.h"

enum { PAPER = 0xfffff0, INK = 0x102030 };

static struct canvas *blank(int width, int height)
{
    struct error err = { 0 };
    struct canvas *canvas = NULL;
    if (canvas_open(&canvas, width, height, PAPER, &err) < 0)
        ck_abort_msg("%s", err.message);
    return canvas;
}

static uint32_t color_at(struct canvas *canvas, int x, int y)
{
    struct image image = canvas_pixels(canvas);
    const uint8_t *p = image.pixels + (size_t)y * image.stride + (size_t)x * 3;
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* The smallest rectangle around all that is not paper. */
static struct rect inked(struct canvas *canvas)
{
    struct image image = canvas_pixels(canvas);
    int left = INT_MAX, top = INT_MAX, right = -1, bottom = -1;
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++) {
            if (color_at(canvas, x, y) == PAPER)
                continue;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y;
        }
    return right < 0 ? (struct rect){ 0 }
                     : (struct rect){ left, top, right - left + 1, bottom - top + 1 };
}

static void check_rect(struct rect r, struct rect expected)
{
    ck_assert_msg(memcmp(&r, &expected, sizeof(r)) == 0, "(%d, %d) %d x %d, not (%d, %d) %d x %d",
                  r.x, r.y, r.width, r.height, expected.x, expected.y, expected.width,
                  expected.height);
}

START_TEST(fills_are_cut)
{
    static const struct {
        struct rect r, left;
    } cases[] = {
        { { 2, 3, 4, 5 }, { 2, 3, 4, 5 } },
        { { -2, -3, 4, 5 }, { 0, 0, 2, 2 } },
        { { 18, 8, 100, 100 }, { 18, 8, 2, 2 } },
        { { -5, -5, 100, 100 }, { 0, 0, 20, 10 } },
        { { 20, 0, 5, 5 }, { 0, 0, 0, 0 } },
        { { 0, 0, 0, 5 }, { 0, 0, 0, 0 } },
        { { 5, 5, -2, 5 }, { 0, 0, 0, 0 } },
        { { INT_MAX, INT_MAX, INT_MAX, INT_MAX }, { 0, 0, 0, 0 } },
        { { INT_MIN, 0, INT_MAX, 5 }, { 0, 0, 0, 0 } },
        { { 1, 1, INT_MAX, INT_MAX }, { 1, 1, 19, 9 } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct canvas *canvas = blank(20, 10);
        canvas_fill(canvas, cases[i].r, INK);
        check_rect(inked(canvas), cases[i].left);
        canvas_close(canvas);
    }
    canvas_close(NULL);
}
END_TEST

START_TEST(frames)
{
    struct canvas *canvas = blank(20, 10);
    canvas_frame(canvas, (struct rect){ 2, 3, 6, 4 }, INK);
    check_rect(inked(canvas), (struct rect){ 2, 3, 6, 4 });
    int count = 0;
    for (int y = 0; y < 10; y++)
        for (int x = 0; x < 20; x++)
            count += color_at(canvas, x, y) == INK;
    ck_assert_int_eq(count, 16);
    canvas_close(canvas);
    canvas = blank(20, 10);
    canvas_frame(canvas, (struct rect){ 2, 3, 0, 4 }, INK);
    check_rect(inked(canvas), (struct rect){ 0 });
    canvas_frame(canvas, (struct rect){ 2, 3, 1, 1 }, INK);
    check_rect(inked(canvas), (struct rect){ 2, 3, 1, 1 });
    canvas_close(canvas);
}
END_TEST

START_TEST(images_are_cut)
{
    uint8_t pixels[2 * 16];
    for (size_t i = 0; i < sizeof(pixels); i++)
        pixels[i] = (uint8_t)i;
    struct image image = { pixels, 3, 2, 16 }; /* rows are longer than their pixels */
    static const struct {
        int x, y;
        struct rect seen;
    } cases[] = {
        { 4, 5, { 4, 5, 3, 2 } },    { -1, -1, { 0, 0, 2, 1 } },  { 19, 9, { 19, 9, 1, 1 } },
        { 20, 0, { 0, 0, 0, 0 } },   { -3, 0, { 0, 0, 0, 0 } },   { 0, -2, { 0, 0, 0, 0 } },
        { INT_MAX, INT_MAX, { 0 } }, { INT_MIN, INT_MIN, { 0 } },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct canvas *canvas = blank(20, 10);
        canvas_image(canvas, &image, cases[i].x, cases[i].y);
        struct rect r = inked(canvas);
        check_rect(r, cases[i].seen);
        for (int y = r.y; y < r.y + r.height; y++)
            for (int x = r.x; x < r.x + r.width; x++) {
                const uint8_t *p = pixels + (y - cases[i].y) * 16 + (x - cases[i].x) * 3;
                ck_assert_uint_eq(color_at(canvas, x, y),
                                  (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2]);
            }
        canvas_close(canvas);
    }
}
END_TEST

START_TEST(characters)
{
    static const struct font *const fonts[] = { &font_small, &font_large };
    for (int f = 0; f < 2; f++) {
        const struct font *font = fonts[f];
        size_t size = (size_t)(font->width * font->height);
        for (int code = FONT_FIRST; code <= FONT_LAST; code++) {
            const char *glyph = font->glyphs[code - FONT_FIRST];
            ck_assert_uint_eq(strlen(glyph), size);
            ck_assert_uint_eq(strspn(glyph, "0123456789abcdef"), size);
            ck_assert_msg((strspn(glyph, "0") == size) == (code == ' '), "'%c' has no ink", code);
            for (int other = FONT_FIRST; other < code; other++)
                ck_assert_msg(strcmp(glyph, font->glyphs[other - FONT_FIRST]) != 0,
                              "'%c' looks like '%c'", code, other);
        }
    }
    ck_assert_int_eq(font_large.width, 2 * font_small.width);
    ck_assert_int_eq(font_large.height, 2 * font_small.height);
}
END_TEST

START_TEST(text_in_its_place)
{
    static const struct {
        const char *text;
        int characters;
    } widths[] = {
        { "", 0 },
        { "a", 1 },
        { "two words", 9 },
        { "\xc3\xa9t\xc3\xa9", 3 },
        { "\xe2\x82\xac", 1 },
        { "\xf0\x9f\x98\x80!", 2 },
        { "\xff\x80", 1 },
        { "a\n\x7f", 3 },
    };
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
        for (int scale = 1; scale <= 4; scale++)
            ck_assert_int_eq(canvas_text_width(widths[i].text, scale),
                             widths[i].characters * 7 * scale);
    for (int scale = 1; scale <= 4; scale++) {
        struct canvas *canvas = blank(200, 100);
        ck_assert_int_eq(canvas_text_height(scale), 14 * scale);
        int width = canvas_text(canvas, 10, 20, INK, scale, "Hg|");
        ck_assert_int_eq(width, 21 * scale);
        struct rect r = inked(canvas);
        ck_assert(r.x >= 10 && r.x + r.width <= 10 + width);
        ck_assert(r.y >= 20 && r.y + r.height <= 20 + 14 * scale);
        ck_assert_int_gt(r.width, width * 3 / 4);
        ck_assert_int_gt(r.height, 10 * scale);
        int pure = 0, between = 0;
        for (int y = r.y; y < r.y + r.height; y++)
            for (int x = r.x; x < r.x + r.width; x++) {
                uint32_t color = color_at(canvas, x, y);
                pure += color == INK;
                between += color != INK && color != PAPER;
            }
        ck_assert_int_gt(pure, 5 * scale * scale); /* strokes are solid, edges soft */
        ck_assert_int_gt(between, 5 * scale);
        canvas_close(canvas);
    }
}
END_TEST

/* Any part of a text is the same picture whether the rest fits or not. */
START_TEST(text_is_cut)
{
    for (int scale = 1; scale <= 3; scale++) {
        struct canvas *whole = blank(120, 80);
        canvas_text(whole, 40, 30, INK, scale, "Wg");
        for (int x = -30; x <= 30; x += 5)
            for (int y = -30; y <= 30; y += 6) {
                struct canvas *part = blank(30, 20);
                canvas_text(part, x, y, INK, scale, "Wg");
                bool same = true;
                for (int j = 0; j < 20; j++)
                    for (int i = 0; i < 30; i++) {
                        int u = i - x + 40, v = j - y + 30;
                        uint32_t wanted =
                            u >= 0 && v >= 0 && u < 120 && v < 80 ? color_at(whole, u, v) : PAPER;
                        same = same && color_at(part, i, j) == wanted;
                    }
                ck_assert_msg(same, "scale %d at (%d, %d)", scale, x, y);
                canvas_close(part);
            }
        canvas_close(whole);
    }
}
END_TEST

START_TEST(png_files)
{
    static const int sizes[][2] = { { 1, 1 }, { 7, 3 }, { 301, 40 } };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct error err = { 0 };
        struct canvas *canvas = blank(sizes[i][0], sizes[i][1]);
        canvas_text(canvas, 1, 1, INK, 2, "saved as PNG");
        ck_assert_msg(canvas_save(canvas, "x.png", &err) == 0, "%s: %s", err.place, err.message);
        png_image png = { .version = PNG_IMAGE_VERSION };
        ck_assert_int_ne(png_image_begin_read_from_file(&png, "x.png"), 0);
        ck_assert_uint_eq(png.width, (unsigned)sizes[i][0]);
        ck_assert_uint_eq(png.height, (unsigned)sizes[i][1]);
        ck_assert_uint_eq(png.format, PNG_FORMAT_RGB);
        uint8_t *pixels = malloc(PNG_IMAGE_SIZE(png));
        ck_assert_int_ne(png_image_finish_read(&png, NULL, pixels, 0, NULL), 0);
        ck_assert_mem_eq(pixels, canvas_pixels(canvas).pixels, PNG_IMAGE_SIZE(png));
        free(pixels);
        canvas_close(canvas);
    }
}
END_TEST

START_TEST(refused)
{
    static const int sizes[][2] = { { 0, 1 }, { 1, 0 }, { -1, 5 }, { 65536, 1 }, { 1, INT_MAX } };
    struct error err = { 0 };
    struct canvas *canvas = NULL;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        ck_assert_int_eq(canvas_open(&canvas, sizes[i][0], sizes[i][1], PAPER, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
    }
    ck_assert_str_eq(err.message, "a picture of 1 x 2147483647 pixels; sides must be 1..65535");
    canvas = blank(5, 5);
    ck_assert_int_eq(canvas_save(canvas, "none/x.png", &err), -1);
    ck_assert_str_eq(err.place, "none/x.png");
    uint8_t pixel[3] = { 0 };
    struct image empty = { pixel, 0, 1, 3 };
    ck_assert_int_eq(png_write("x.png", &empty, &err), -1);
    ck_assert_msg(strncmp(err.message, "cannot be written as PNG: ", 26) == 0, "%s", err.message);
    ck_assert(!file_exists("x.png"));
    canvas_close(canvas);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("canvas");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, fills_are_cut);
    tcase_add_test(cases, frames);
    tcase_add_test(cases, images_are_cut);
    tcase_add_test(cases, characters);
    tcase_add_test(cases, text_in_its_place);
    tcase_add_test(cases, text_is_cut);
    tcase_add_test(cases, png_files);
    tcase_add_test(cases, refused);
    return suite_run();
}
