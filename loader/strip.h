/*
 * One augmentation as a strip of pictures: the original, then what it makes of it from weak to
 * strong (struct augmentation.strip), or, where strength is not its point, in several draws. Of an
 * output stage the values are shown, 0 in the middle between black (-2) and white (2).
 *
 *     struct canvas *strip;
 *     if (strip_draw(&strip, augmentation_find("rotate"), &image, &err) < 0) ...
 *     canvas_save(strip, "rotate.png", &err);
 *     canvas_close(strip);
 */
#ifndef TENFOLD_LOADER_STRIP_H
#define TENFOLD_LOADER_STRIP_H

#include "augment/augmentation.h"
#include "augment/mix.h"
#include "base/canvas.h"
#include "base/image.h"
#include "loader/index.h"

enum {
    STRIP_CELLS = 9,  /* pictures of a strip at most */
    STRIP_SIDE = 112, /* of a picture, at least */
    STRIP_LEAF = 6,   /* generated pictures with lines to bend and colors to turn */
    STRIP_FLOWER = 14,
};

/* The caller owns the canvas. ERROR_USAGE when a line of the strip is refused or does not suit the
 * image. */
int strip_draw(struct canvas **strip, const struct augmentation *op, const struct image *image,
               struct error *err);

/* Likewise of a mixing: the picture, its partner of the same size, and what several draws make of
 * it. */
int strip_mix(struct canvas **strip, const struct mix_about *mixing, const struct image *image,
              const struct image *partner, struct error *err);

/* The recipe line behind cell `i` (1 is the first behind the original), NULL behind the last:
 * "rotate: {degrees: [30, 30]}". `text` has room for `size` bytes. */
const char *strip_line(const struct augmentation *op, int i, char *text, size_t size);

/* A generated picture for those who have no data at hand: pixels on the heap, free(). */
int strip_picture(struct image *image, int number, struct error *err);
/* The middle of sample `id`, likewise. */
int strip_thumbnail(const struct index *index, uint64_t id, struct image *image, struct error *err);

#endif
