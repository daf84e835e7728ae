/*
 * The images behind a result's samples, as thumbnails, and their keys and names of classes.
 *
 *     struct score_pictures *pictures;
 *     if (score_pictures_open(&pictures, result, "data/val", NULL, &err) < 0) ...
 *     if (score_pictures_get(pictures, mistake->id, &image, &err) < 0) ...
 *     score_pictures_close(pictures);
 *
 * One thread.
 */
#ifndef TENFOLD_EVAL_SCORE_PICTURES_H
#define TENFOLD_EVAL_SCORE_PICTURES_H

#include "base/image.h"
#include "eval/score.h"

enum { SCORE_PICTURE_SIDE = 128 };

struct score_pictures;

/* The data set that was predicted; `classes` as in index.h, or NULL. The result's samples get their
 * keys, and its classes their names where they have none. ERROR_DATA: it is another data set, by
 * its hash, or by the labels of the samples that are listed. */
int score_pictures_open(struct score_pictures **pictures, struct score_result *result,
                        const char *data, const char *classes, struct error *err);
/* Fits SCORE_PICTURE_SIDE; small images keep their size. Borrowed until the next call. */
int score_pictures_get(struct score_pictures *pictures, int64_t id, struct image *image,
                       struct error *err);
void score_pictures_close(struct score_pictures *pictures); /* NULL is a no-op */

#endif
