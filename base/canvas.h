/*
 * A picture being drawn, for contact sheets: images, lines and text, saved as PNG.
 *
 *     struct canvas *c;
 *     if (canvas_open(&c, 800, 600, 0xffffff, &err) < 0) ...
 *     canvas_image(c, &image, 10, 10);
 *     canvas_text(c, 10, 240, 0x000000, 1, "hflip");
 *     canvas_save(c, "sheet.png", &err);
 *     canvas_close(c);
 *
 * Whatever lies outside the canvas is cut off. Colors are 0xRRGGBB.
 */
#ifndef TENFOLD_BASE_CANVAS_H
#define TENFOLD_BASE_CANVAS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/image.h"

struct canvas;

/* Sides are 1..65535 pixels (ERROR_USAGE); filled with `color`. */
int canvas_open(struct canvas **canvas, int width, int height, uint32_t color, struct error *err);
struct image canvas_pixels(struct canvas *canvas); /* borrowed */
/* A copy of `image`, its top left corner at (x, y). */
void canvas_image(struct canvas *canvas, const struct image *image, int x, int y);
void canvas_fill(struct canvas *canvas, struct rect r, uint32_t color);
/* A line of one pixel along the inside of `r`. */
void canvas_frame(struct canvas *canvas, struct rect r, uint32_t color);
/* One line of text, anti-aliased, its top left corner at (x, y), magnified `scale` (1 or more)
 * times: a character takes 7 x 13 pixels at scale 1, a line 14. Code points outside ASCII are drawn
 * as '?'. Returns the width in pixels. */
int canvas_text(struct canvas *canvas, int x, int y, uint32_t color, int scale, const char *text);
int canvas_text_width(const char *text, int scale);
int canvas_text_height(int scale);
int canvas_save(const struct canvas *canvas, const char *path, struct error *err);
void canvas_close(struct canvas *canvas);

/* `image` as the bytes of an 8-bit RGB PNG file in `out` (replaced), packed with zlib's effort
 * `level`, 0..9. */
int png_encode(const struct image *image, int level, struct buffer *out, struct error *err);
/* The same as a file, written atomically. */
int png_write(const char *path, const struct image *image, struct error *err);

#endif
