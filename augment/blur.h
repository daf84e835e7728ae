/*
 * Separable symmetric convolution of an 8-bit picture in whole numbers, mirrored at the centers of
 * its border pixels.
 *
 *     struct blur_kernel k;
 *     blur_gaussian(9, 1.5, &k);
 *     void *scratch = raster_scratch(r, blur_scratch(w, h, &k, &k), err);
 *     blur_run(&from, &k, &k, scratch, &to);
 *
 * Weights have as many bits behind the point as 16 allow (14 to 17) and sum to exactly 1; rows are
 * kept with 6 bits behind the point. With 17 bits a weight is off by at most 2^-18 and the center
 * by the sum of that: over 127 taps of levels up to 255 less than 0.25 a pass (wider steps of
 * weights go with fewer taps that are not 0). With 2^-7 for the rows and 0.5 for the result it is
 * less than 1 from the convolution in real numbers: within 1 level of that rounded. The same bits
 * at every level of vector code. Any thread.
 */
#ifndef TENFOLD_AUGMENT_BLUR_H
#define TENFOLD_AUGMENT_BLUR_H

#include <stddef.h>
#include <stdint.h>

#include "base/image.h"

enum { BLUR_TAPS_MAX = 127, BLUR_HALF_MAX = BLUR_TAPS_MAX / 2 };

struct blur_kernel {
    int half;                          /* taps on each side of the center */
    int bits;                          /* behind the weights' point */
    int16_t weight[BLUR_HALF_MAX + 2]; /* of the center, of both first neighbors, ...; then 0 */
};

/* `size` odd taps exp(-x^2 / (2 sigma^2)), normalized. */
void blur_gaussian(int size, double sigma, struct blur_kernel *kernel);

/* Bytes that blur_run needs. */
size_t blur_scratch(int width, int height, const struct blur_kernel *x,
                    const struct blur_kernel *y);

/* `to` is another picture of the same size. */
void blur_run(const struct image *from, const struct blur_kernel *x, const struct blur_kernel *y,
              void *scratch, const struct image *to);

#endif
