/*
 * The output picture while the steps of a plan's color list work on it, in whichever form the step
 * wants: 8-bit RGB, or three planes of floats. The raster changes form when asked for the other
 * one; going to 8 bits rounds to nearest (half up) and clamps to 0..255.
 *
 *     static int apply(const struct plan_color *step, struct raster *r, struct error *err)
 *     {
 *         struct image from, to;
 *         raster_through(r, &from, &to);
 *         ... one pass from `from` to `to` ...
 *         return 0;
 *     }
 *
 * One thread at a time; the memory is kept from image to image. The first pass may read the source
 * itself and the last one write the batch.
 */
#ifndef TENFOLD_AUGMENT_RASTER_H
#define TENFOLD_AUGMENT_RASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/image.h"

struct raster;

int raster_open(struct raster **raster, struct error *err);
/* Start a picture of width x height; its 8-bit pixels, without padding between rows, are the
 * caller's to fill. All columns of all rows count as inside the clips until raster_span says
 * otherwise. */
int raster_start(struct raster *raster, int width, int height, struct image *levels,
                 struct error *err);

/* Start from `picture`, which is only read and must stay until the steps are done. Where 8 bits are
 * wanted in the end, `out` is memory for them (h,w,3) that the raster may work in until
 * raster_finish, which leaves the picture there; `picture` may be that memory already. NULL:
 * floats are wanted in the end. */
int raster_view(struct raster *raster, const struct image *picture, uint8_t *out,
                struct error *err);
void raster_finish(struct raster *raster);

/* Are 8 bits wanted in the end? */
bool raster_ends_in_levels(const struct raster *raster);

/* Columns [begin, end) of row y, begin <= end, lie inside the clips: what means and histograms are
 * taken of. */
void raster_span(struct raster *raster, int y, int begin, int end);
void raster_inside(const struct raster *raster, int y, int *begin, int *end);

int raster_width(const struct raster *raster);
int raster_height(const struct raster *raster);

/* The picture in 8 bits, interleaved, rows without padding. Valid until the form changes. */
struct image raster_levels(struct raster *raster);
/* For a step that looks at one pixel at a time: reads all of `from` and writes all of `to`, which
 * is the picture then; the rows of `from` may have padding. They may be the same memory. */
void raster_through(struct raster *raster, struct image *from, struct image *to);
/* The same from floats: memory for the 8-bit picture, which it is from raster_set_target on. */
struct image raster_target(struct raster *raster);
void raster_set_target(struct raster *raster);
/* For a step that looks at neighbors: the same, in different memory. */
void raster_across(struct raster *raster, struct image *from, struct image *to);
/* The picture in 8 bits, to be read only; rows may have padding. */
struct image raster_source(struct raster *raster);
/* The picture as floats (3,h,w), levels 0..255 but not clamped. */
float *raster_planes(struct raster *raster);
/* Pixels [first, first + n) of the picture as floats, whatever its form. */
void raster_fetch(const struct raster *raster, size_t first, size_t n, float *r, float *g,
                  float *b);
/* The memory of the planes, to be written; they are the picture from raster_set_planes on. */
float *raster_plane_memory(struct raster *raster);
void raster_set_planes(struct raster *raster);
/* Is the picture in 8 bits now? */
bool raster_is_levels(const struct raster *raster);

/* A second 8-bit picture of the same size for steps that cannot work in place: written, then made
 * the picture by raster_swap. The first one must be asked for (raster_levels) before. */
struct image raster_spare(struct raster *raster);
void raster_swap(struct raster *raster);

/* Mean RGB inside the clips: exact for 8 bits, in double for floats. */
void raster_mean(const struct raster *raster, double mean[3]);
/* Counts of each level inside the clips, (3,256); 8 bits only. */
void raster_histogram(const struct raster *raster, uint32_t histogram[3][256]);
/* Lowest and highest level of each channel inside the clips; 255 and 0 where there is none; 8 bits
 * only. */
void raster_extremes(const struct raster *raster, uint8_t low[3], uint8_t high[3]);

/* `bytes` of memory for a step's own use until it returns; NULL with err filled. */
void *raster_scratch(struct raster *raster, size_t bytes, struct error *err);

void raster_close(struct raster *raster);

#endif
