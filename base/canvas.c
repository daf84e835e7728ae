/*
 * Drawing on an 8-bit RGB picture. Text at its own size comes from a small table whose strokes sit
 * on the pixel grid; magnified text comes from one twice as large, so that it has edges and no
 * steps.
 */
#include "base/canvas.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/font.h"
#include "base/memory.h"

struct canvas {
    struct image image; /* pixels owned */
};

enum { SIDE_MAX = 65535, LEADING = 1 }; /* LEADING: empty rows below a line, at scale 1 */

int canvas_open(struct canvas **result, int width, int height, uint32_t color, struct error *err)
{
    if (width < 1 || height < 1 || width > SIDE_MAX || height > SIDE_MAX)
        return error_set(err, ERROR_USAGE, NULL, "a picture of %d x %d pixels; sides must be 1..%d",
                         width, height, SIDE_MAX);
    struct canvas *canvas = memory_array(1, sizeof(*canvas), err);
    if (!canvas)
        return -1;
    canvas->image = (struct image){ .width = width, .height = height, .stride = (size_t)width * 3 };
    canvas->image.pixels = memory_array((size_t)height, canvas->image.stride, err);
    if (!canvas->image.pixels) {
        free(canvas);
        return -1;
    }
    canvas_fill(canvas, (struct rect){ 0, 0, width, height }, color);
    *result = canvas;
    return 0;
}

void canvas_close(struct canvas *canvas)
{
    if (!canvas)
        return;
    free(canvas->image.pixels);
    free(canvas);
}

struct image canvas_pixels(struct canvas *canvas)
{
    return canvas->image;
}

static uint8_t *pixel_at(const struct canvas *canvas, int x, int y)
{
    return canvas->image.pixels + (size_t)y * canvas->image.stride + (size_t)x * 3;
}

/* [start, start + size) cut to [0, limit): the first and the end. */
static bool cut(int start, int size, int limit, int *first, int *end)
{
    int64_t stop = (int64_t)start + size;
    *first = start < 0 ? 0 : start;
    *end = stop > limit ? limit : (int)stop;
    return *first < *end;
}

void canvas_image(struct canvas *canvas, const struct image *image, int x, int y)
{
    int left, right, top, bottom;
    if (!cut(x, image->width, canvas->image.width, &left, &right) ||
        !cut(y, image->height, canvas->image.height, &top, &bottom))
        return;
    for (int row = top; row < bottom; row++)
        memcpy(pixel_at(canvas, left, row),
               image->pixels + (size_t)(row - y) * image->stride + (size_t)(left - x) * 3,
               (size_t)(right - left) * 3);
}

void canvas_fill(struct canvas *canvas, struct rect r, uint32_t color)
{
    int left, right, top, bottom;
    if (!cut(r.x, r.width, canvas->image.width, &left, &right) ||
        !cut(r.y, r.height, canvas->image.height, &top, &bottom))
        return;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            uint8_t *p = pixel_at(canvas, x, y);
            p[0] = (uint8_t)(color >> 16);
            p[1] = (uint8_t)(color >> 8);
            p[2] = (uint8_t)color;
        }
}

void canvas_frame(struct canvas *canvas, struct rect r, uint32_t color)
{
    if (r.width < 1 || r.height < 1)
        return;
    canvas_fill(canvas, (struct rect){ r.x, r.y, r.width, 1 }, color);
    canvas_fill(canvas, (struct rect){ r.x, r.y + r.height - 1, r.width, 1 }, color);
    canvas_fill(canvas, (struct rect){ r.x, r.y, 1, r.height }, color);
    canvas_fill(canvas, (struct rect){ r.x + r.width - 1, r.y, 1, r.height }, color);
}

static float ink_at(const struct font *font, const char *glyph, int x, int y)
{
    if (x < 0 || y < 0 || x >= font->width || y >= font->height)
        return 0;
    char digit = glyph[y * font->width + x];
    return (float)(digit <= '9' ? digit - '0' : digit - 'a' + 10) / 15;
}

/* Bilinear between the four pixels around (x, y), in pixels of the table. */
static float ink_between(const struct font *font, const char *glyph, float x, float y)
{
    int i = (int)(x + 1) - 1, j = (int)(y + 1) - 1; /* floor, from -1 on */
    float u = x - (float)i, v = y - (float)j;
    float above = ink_at(font, glyph, i, j) * (1 - u) + ink_at(font, glyph, i + 1, j) * u;
    float below = ink_at(font, glyph, i, j + 1) * (1 - u) + ink_at(font, glyph, i + 1, j + 1) * u;
    return above * (1 - v) + below * v;
}

static void blend(uint8_t *p, uint32_t color, float ink)
{
    for (int c = 0; c < 3; c++) {
        float to = (float)(color >> (16 - 8 * c) & 0xff);
        p[c] = (uint8_t)((float)p[c] + (to - (float)p[c]) * ink + 0.5f);
    }
}

static void draw_glyph(struct canvas *canvas, int x, int y, uint32_t color, int scale, int code)
{
    assert(scale >= 1);
    const struct font *font = scale == 1 ? &font_small : &font_large;
    const char *glyph = font->glyphs[code - FONT_FIRST];
    float step = (float)font->width / (float)(font_small.width * scale);
    int left, right, top, bottom;
    if (!cut(x, font_small.width * scale, canvas->image.width, &left, &right) ||
        !cut(y, font_small.height * scale, canvas->image.height, &top, &bottom))
        return;
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++) {
            float ink = ink_between(font, glyph, ((float)(column - x) + 0.5f) * step - 0.5f,
                                    ((float)(row - y) + 0.5f) * step - 0.5f);
            if (ink > 0)
                blend(pixel_at(canvas, column, row), color, ink);
        }
}

/* The character that stands for the code point at *text, which moves behind it; 0 at the end. */
static int next_code(const char **text)
{
    unsigned char c = (unsigned char)*(*text)++;
    if (c == '\0')
        return 0;
    while (c >= 0xc0 && ((unsigned char)**text & 0xc0) == 0x80)
        ++*text;
    return c >= FONT_FIRST && c <= FONT_LAST ? c : '?';
}

int canvas_text(struct canvas *canvas, int x, int y, uint32_t color, int scale, const char *text)
{
    int width = 0;
    for (int code = next_code(&text); code; code = next_code(&text)) {
        draw_glyph(canvas, x + width, y, color, scale, code);
        width += font_small.width * scale;
    }
    return width;
}

int canvas_text_width(const char *text, int scale)
{
    int width = 0;
    while (next_code(&text))
        width += font_small.width * scale;
    return width;
}

int canvas_text_height(int scale)
{
    return (font_small.height + LEADING) * scale;
}

int canvas_save(const struct canvas *canvas, const char *path, struct error *err)
{
    return png_write(path, &canvas->image, err);
}
