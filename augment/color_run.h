/*
 * Executes a plan's color list on the output picture.
 *
 *     color_run(plan, chain, raster, &err);        // the raster holds what the geometry made
 *
 * Values are float between entries, and neither rounded nor clamped until a step asks for 8 bits.
 */
#ifndef TENFOLD_AUGMENT_COLOR_RUN_H
#define TENFOLD_AUGMENT_COLOR_RUN_H

#include "augment/chain.h"
#include "augment/plan.h"
#include "augment/raster.h"

/* A matrix entry with the mean put in: out = pixel x + offset. */
struct color_matrix {
    float pixel[3][3], offset[3];
};

bool color_uses_mean(const struct plan_color *entry);
/* Coefficients and offsets are held within a million. */
void color_resolve(const struct plan_color *entry, const double mean[3], struct color_matrix *m);

/* n pixels in three planes, in place: ((p0 r + p1 g) + p2 b) + offset in float, in this order. */
void color_apply(const struct color_matrix *m, size_t n, float *r, float *g, float *b);

/* n a multiple of 8. */
void color_apply_avx2(const struct color_matrix *m, size_t n, float *r, float *g, float *b);

/* For a step that is a table of levels: one for all channels, or R's, G's and B's. */
void color_lookup(struct raster *raster, const uint8_t table[256]);
void color_lookup_each(struct raster *raster, const uint8_t table[3][256]);

/* One matrix or step, rounded to 8 bits. */
int color_run_levels(const struct plan_color *entry, struct raster *raster, struct error *err);

/* All of the plan's list; `chain` executes its chains. */
int color_run(const struct plan *plan, struct chain *chain, struct raster *raster,
              struct error *err);

#endif
