/*
 * Executes a plan on decoded pixels: one resample, one color pass that also converts type and
 * layout, straight into the place given.
 *
 *     struct renderer *r;
 *     if (renderer_open(&r, &err) < 0) ...                  // one per thread
 *     render(r, &plan, RESAMPLER_EXACT, &image, 0, 0, &form, place, &err);
 */
#ifndef TENFOLD_AUGMENT_RENDER_H
#define TENFOLD_AUGMENT_RENDER_H

#include <stddef.h>

#include "augment/plan.h"
#include "augment/resample.h"

enum layout { LAYOUT_NCHW, LAYOUT_NHWC };

struct output_tables;

struct output_form {
    enum dtype dtype; /* F32, F16, BF16, or U8 (levels 0..255, rounded half up; normalize is
                         refused) */
    enum layout layout;
};

/* Bytes of one sample of width x height in `form`. */
size_t output_bytes(const struct output_form *form, int width, int height);

struct renderer;

int renderer_open(struct renderer **renderer, struct error *err);
/* What plans with a mean image or whitening take from files (recipe_tables); borrowed. */
void renderer_tables(struct renderer *renderer, const struct output_tables *tables);

/* `source` holds at least plan_needs(plan); its first pixel is the image's (origin_x, origin_y).
 * `out` gets plan's width x height x 3 in `form`; nothing else is written. */
int render(struct renderer *renderer, const struct plan *plan, enum plan_resampler resampler,
           const struct image *source, int origin_x, int origin_y, const struct output_form *form,
           void *out, struct error *err);

void renderer_close(struct renderer *renderer);

#endif
