/* What plan.c (the steps), plan_map.c (maps and frames) and plan_needs.c share. */
#ifndef TENFOLD_AUGMENT_PLAN_PRIVATE_H
#define TENFOLD_AUGMENT_PLAN_PRIVATE_H

#include "augment/plan.h"

/* No point of a plan lies farther out than this, in pixels: fixed point has room for it. */
#define PLAN_REACH 1e9

/* Is a map finite, and if it is affine, does it take all of a picture of width x height to points
 * within reach? A projective map may have a horizon in the picture: what lies beyond is outside
 * every frame. */
bool plan_reaches(const double map[9], int width, int height);

/* ERROR_USAGE unless the sides are 1..PLAN_SIZE_MAX. */
int plan_check_size(int width, int height, struct error *err);

/* What all steps do with maps and frames: `step` takes a point of the new picture to a point of the
 * present one. The axis-aligned form is the caller's. A plan is of no use after a failure. */
int plan_compose(struct plan *plan, const double step[9], int width, int height, bool reveal,
                 struct error *err);

/* Only the maps of it, for a step that looks at nothing new. */
void plan_multiply(struct plan *plan, const double step[9]);

/* From now on there is no axis-aligned form: the window shrinks to what it showed.
 * Called before plan_compose. */
void plan_leave_axis(struct plan *plan);

/* The axis-aligned form under a crop, a mirror; the plan's size is the new one already, `width` and
 * `height` are the old. */
void plan_axis_crop(struct plan *plan, int width, int height, int x, int y);
void plan_axis_mirror(struct plan *plan, bool horizontal, bool vertical);
/* Keep it only where the clips allow. */
void plan_axis_settle(struct plan *plan);

/* Is the map (linear part) a flip or none, moving by whole pixels? Then it is a mirror (of the
 * present picture of width x height) followed by a crop at (x, y). */
bool plan_whole_pixels(const double map[9], int width, int height, bool *mirror_x, bool *mirror_y,
                       int *x, int *y);

/* Do the separable resamplers execute it? Otherwise the one for general maps does: nearest scales
 * there, too. */
bool plan_is_separable(const struct plan *plan);

/* The position in a frame of `size` pixels that edge or reflect (without repeating the border) puts
 * at position `at`. */
int plan_repeat(enum plan_fill_mode mode, int at, int size);

/* The column (or row) of the resized frame that output column (row) i of an axis-aligned form
 * shows; -1: fill. */
int plan_position(const struct plan *plan, bool vertical, int i);

#endif
