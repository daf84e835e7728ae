/*
 * The resampler for general maps: what turns, shears, bends, or is looked at beyond its frame. Each
 * output pixel's center is taken to the source; points outside a frame get its fill. nearest,
 * bilinear and bicubic are Pillow's transform filters (taps beyond the window are moved to its
 * border; the cubic has a = -1). With a plan's `antialias` they are Pillow's resize filters (a =
 * -0.5, taps beyond the window left out) widened where the map shrinks: with the map's Jacobian J,
 * P the positive square root of J J^T with eigenvalues below 1 raised to 1, the tap at t counts
 *     k((P^-1 (t - s))_x) k((P^-1 (t - s))_y),
 * which for axis-aligned maps is Pillow's resize, and where nothing shrinks the filter as it is. P
 * is taken in the middle of blocks of eight columns; points that an edge or a reflection moved on a
 * map that is not affine are not widened.
 *
 *     struct mapper *m;
 *     mapper_open(&m, &err);                                    // one per thread
 *     mapper_plan(m, &plan, &source, 0, 0, &out, spans, &err);  // all of a plan's geometry
 *     mapper_stage(m, &picture, map, FILTER_NEAREST, &fill, &out, &err);   // one step
 */
#ifndef TENFOLD_AUGMENT_RESAMPLE_MAP_H
#define TENFOLD_AUGMENT_RESAMPLE_MAP_H

#include "augment/plan.h"
#include "base/image.h"

struct mapper;

int mapper_open(struct mapper **mapper, struct error *err);

/* All of the plan's geometry, rounded half up. `source` holds at least plan_needs(plan), its first
 * pixel being the image's (origin_x, origin_y); `out` has the plan's size. Columns [spans[y][0],
 * spans[y][1]) of row y show the picture and not a constant fill (behind a lens: all that do lie
 * between them); spans may be NULL. */
int mapper_plan(struct mapper *mapper, const struct plan *plan, const struct image *source,
                int origin_x, int origin_y, struct image *out, int (*spans)[2], struct error *err);

/* One step on a picture, as Pillow's transform: `map` takes a point of `out` to a point of
 * `picture`, results are cut off to whole levels. `out` may have another size but not the same
 * pixels. ERROR_USAGE for a map that plan_map would refuse. */
int mapper_stage(struct mapper *mapper, const struct image *picture, const double map[9],
                 enum plan_filter filter, const struct plan_fill *fill, struct image *out,
                 struct error *err);

void mapper_close(struct mapper *mapper); /* NULL is a no-op */

#endif
