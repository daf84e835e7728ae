/*
 * The end of a render: levels of one row become values of the output's type and layout, in one
 * pass.
 *
 *     struct store s;
 *     store_init(&s, &form, width, height, &plan->output, NULL);
 *     store_pixels(&s, row, width, mirror, y * width, out);          // 8-bit RGB of row y
 *     store_level(&s, erased, 10, y * width + 3, out);               // ten places of one value
 *
 * Arithmetic is in float in a fixed order, the same bits at every level of vector code: color
 * ((p0 r + p1 g) + p2 b) + o, clamped to 0..255 after the matrix; then value * scale + shift, two
 * roundings; then to 16 bits by rounding to nearest even, or to a level by rounding half up.
 * Any thread; nothing outside the named places is written.
 */
#ifndef TENFOLD_AUGMENT_STORE_H
#define TENFOLD_AUGMENT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "augment/color_run.h"
#include "augment/plan.h"
#include "augment/render.h"

struct store {
    struct output_form form;
    size_t plane;             /* pixels of the image */
    float scale[3], shift[3]; /* (v / 255 - mean) / std as one multiply and one add */
    bool colored;
    struct color_matrix matrix; /* of store_pixels, when colored */
};

/* `matrix` may be NULL. The form's dtype is float32, float16, bfloat16 or uint8. */
void store_init(struct store *s, const struct output_form *form, int width, int height,
                const struct plan_output *output, const struct color_matrix *matrix);

/* `n` interleaved RGB pixels, in reverse order when `mirror`, to places [at, at + n) of the image
 * `out`. */
void store_pixels(const struct store *s, const uint8_t *rgb, size_t n, bool mirror, size_t at,
                  void *out);

/* One channel's `n` levels, without color, to places [at, at + n). */
void store_channel(const struct store *s, int channel, const float *level, size_t n, size_t at,
                   void *out);

/* `n` places of one RGB level, without color. */
void store_level(const struct store *s, const double level[3], size_t n, size_t at, void *out);

#endif
