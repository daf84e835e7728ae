/*
 * JPEGs of every kind that libjpeg can write, for the decoder's tests and benchmarks: sampling
 * factors, color spaces, restart intervals, scans, coding; and the same coefficients with another
 * restart interval, as a lossless transcoder writes them.
 *
 *     struct jpeg_form form = { .components = 3, .h = { 2, 1, 1 }, .v = { 2, 1, 1 }, .interval = 4
 * }; unsigned char *file; size_t size; if (jpeg_form_write(&image, &form, &file, &size) < 0) ...
 *     free(file);
 */
#ifndef TENFOLD_TESTS_JPEG_FORM_H
#define TENFOLD_TESTS_JPEG_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/image.h"

struct jpeg_form {
    int components; /* 1: gray, 3: color, 4: CMYK */
    int h[4], v[4]; /* sampling factors; 0 is 1 */
    int quality;    /* 0: 90 */
    int interval;   /* MCUs between restart markers; 0: none */
    bool rgb;       /* three components that are not transformed */
    bool split;     /* a scan for each component */
    bool progressive, arithmetic;
};

/* `*file` is the caller's to free. -1 when libjpeg does not write such a form. */
int jpeg_form_write(const struct image *image, const struct jpeg_form *form, unsigned char **file,
                    size_t *size);

/* The JPEG of `size` bytes again, with restart markers every `interval` MCUs and Huffman tables of
 * its own. */
int jpeg_form_transcode(const void *bytes, size_t size, int interval, unsigned char **file,
                        size_t *file_size);

/* MCUs in a row of the JPEG; -1 when its header cannot be read. */
int jpeg_form_columns(const void *bytes, size_t size);

/* The divisor of `columns` nearest to 4, the smaller one of two: an interval that tiles the rows.
 */
int jpeg_form_interval(int columns);

#endif
