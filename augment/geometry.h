/*
 * A plan's geometry, executed: by the separable resamplers where it is axis-aligned, by the one for
 * general maps elsewhere. The result is asked for row by row, since mirrors and fill cost nothing
 * while a row is copied.
 *
 *     geometry_run(g, &plan, RESAMPLER_EXACT, &source, 0, 0, &err);
 *     for (int y = 0; y < plan.height; y++)
 *         geometry_row(g, y, row, span);         // 8-bit RGB; columns [span[0], span[1]) no fill
 */
#ifndef TENFOLD_AUGMENT_GEOMETRY_H
#define TENFOLD_AUGMENT_GEOMETRY_H

#include "augment/plan.h"
#include "base/image.h"

struct geometry;

int geometry_open(struct geometry **geometry, struct error *err); /* one per thread */

/* `source` holds at least plan_needs(plan), its first pixel being the image's (origin_x, origin_y).
 * It and the plan are borrowed until the last row has been asked for. */
int geometry_run(struct geometry *geometry, const struct plan *plan, enum plan_resampler resampler,
                 const struct image *source, int origin_x, int origin_y, struct error *err);

/* Row y of the output, and which of its columns show the picture and not a constant fill. */
void geometry_row(const struct geometry *geometry, int y, uint8_t *row, int span[2]);

/* Run, and all rows into `out` (of the plan's size). */
int geometry_write(struct geometry *geometry, const struct plan *plan,
                   enum plan_resampler resampler, const struct image *source, int origin_x,
                   int origin_y, struct image *out, struct error *err);

/* The whole output where it lies in memory, all inside the spans; false where rows are mirrored or
 * have to be put together, or of a general map. */
bool geometry_view(const struct geometry *geometry, struct image *view);

/* Row y's pixels where they lie in memory, in reverse order when `mirror`; NULL where the row has
 * to be put together. */
const uint8_t *geometry_line(const struct geometry *geometry, int y, bool *mirror);

/* Mean RGB of the columns inside the spans of all rows, exact; `row` has room for one. */
void geometry_mean(const struct geometry *geometry, uint8_t *row, double mean[3]);

void geometry_close(struct geometry *geometry); /* NULL is a no-op */

#endif
