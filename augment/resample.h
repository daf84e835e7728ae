/*
 * The separable resamplers: a window of the source is resized to width x height and only the wanted
 * rectangle of the result is computed. Both take the filter widened by the scale when shrinking,
 * with half-pixel centers and weights renormalized at the window's edge, as Pillow's
 * ImagingResample does.
 *
 * exact: bit-equal to Pillow 9.4 (coefficients in double, rounded to 22-bit fixed point; horizontal
 * pass first, rounded to 8 bits, then vertical). fast:  16-bit coefficients, a 16-bit intermediate;
 * within 1 level of exact.
 *
 *     struct resampler *r;
 *     resampler_open(&r, &err);                       // one per thread: it owns the scratch
 *     resampler_run(r, RESAMPLER_EXACT, FILTER_BILINEAR, &source, window, 341, 256, wanted, &out,
 * &err);
 */
#ifndef TENFOLD_AUGMENT_RESAMPLE_H
#define TENFOLD_AUGMENT_RESAMPLE_H

#include "augment/plan.h"
#include "base/image.h"

struct resampler;

int resampler_open(struct resampler **resampler, struct error *err);

/* `source` holds the image's pixels from column `origin_x`, row `origin_y` on (a decoder may
 * deliver only a part); `window` is in the image's coordinates and `wanted` in the resized frame's,
 * inside width x height. `out` has wanted's size. Scratch grows to what is needed and is kept. */
int resampler_run(struct resampler *resampler, enum plan_resampler kind, enum plan_filter filter,
                  const struct image *source, int origin_x, int origin_y, struct rect window,
                  int width, int height, struct rect wanted, struct image *out, struct error *err);

/* The same for a box with fractional sides (Pillow's resize with `box`), always exact: column x of
 * `wanted` has its center at (x + 0.5) scale[0] + shift[0] of the image, row y likewise by scale[1]
 * and shift[1]; inside the window, scales above 0. */
int resampler_box(struct resampler *resampler, enum plan_filter filter, const struct image *source,
                  int origin_x, int origin_y, struct rect window, const double scale[2],
                  const double shift[2], struct rect wanted, struct image *out, struct error *err);

/* The source columns [*first, *last) (or rows) that outputs [begin, end) of a resize from `window`
 * pixels at `start` to `size` read. */
void resample_span(enum plan_filter filter, int start, int window, int size, int begin, int end,
                   int *first, int *last);

void resampler_close(struct resampler *resampler);

#endif
