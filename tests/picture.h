/*
 * Pictures in which every wrong pixel shows: noise over slopes, in all channels.
 *
 *     struct picture_file file;
 *     picture_write(&file, 131, 97, &form);
 *     ... picture_check("4:2:0", &whole, &part, x, y, need);
 *     free(file.bytes);
 */
#ifndef TENFOLD_TESTS_PICTURE_H
#define TENFOLD_TESTS_PICTURE_H

#include "base/image.h"
#include "base/rng.h"
#include "tests/jpeg_form.h"

struct picture_file {
    unsigned char *bytes; /* the caller frees them */
    size_t size;
};

void picture_write(struct picture_file *file, int width, int height, const struct jpeg_form *form);

/* A random part of width x height: of all sizes or tiny, anywhere or at an edge. */
struct rect picture_part(struct rng *rng, int width, int height);

/* Fails unless `part`, whose first pixel is (x, y) of `whole`, covers `need` and has its pixels. */
void picture_check(const char *name, const struct image *whole, const struct image *part, int x,
                   int y, struct rect need);

#endif
