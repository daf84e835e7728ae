/*
 * Pictures, plans of one line of a recipe, and what the renderer makes of both, for tests of
 * augmentations that change colors.
 *
 *     struct image source = color_plan_picture(40, 30, false);
 *     struct plan plan = color_plan_draw("{hue: 0.1}", id, 40, 30);
 *     uint8_t *made = color_plan_run(&plan, &source, DTYPE_U8, LAYOUT_NHWC);    // free()
 */
#ifndef TENFOLD_TESTS_COLOR_PLAN_H
#define TENFOLD_TESTS_COLOR_PLAN_H

#include "augment/render.h"
#include "base/image.h"

/* What a recipe of this line draws for the image `id` of epoch 0, seed 5. */
struct plan color_plan_draw(const char *line, uint64_t id, int width, int height);
/* The rendered plan; the caller frees it. */
void *color_plan_run(const struct plan *plan, const struct image *source, enum dtype dtype,
                     enum layout layout);
/* A level of make_color.py's picture, and the picture, in its own colors or dull ones; the caller
 * frees the pixels. */
uint8_t color_plan_level(int64_t x, int64_t y, int64_t c);
struct image color_plan_picture(int width, int height, bool dull);

#endif
