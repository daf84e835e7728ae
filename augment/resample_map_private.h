/* What the parts of the resampler for general maps share. */
#ifndef TENFOLD_AUGMENT_RESAMPLE_MAP_PRIVATE_H
#define TENFOLD_AUGMENT_RESAMPLE_MAP_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "augment/plan.h"

enum {
    MAP_POINT = 14, /* bits behind the point of a tap's position and of a weight */
    MAP_ONE = 1 << MAP_POINT,
    CUBIC_POINT = 10, /* bits of the position that choose a row of cubic weights */
};

/* One run of the resampler. Positions are in the image's coordinates. */
struct map_job {
    const uint8_t *pixels; /* borrowed: where the image's (0, 0) is or would be */
    size_t stride;
    struct rect held;   /* which pixels of the image are in memory */
    struct rect window; /* which of them taps may read */
    const double *pre, *post;
    const struct plan_lens *lens; /* NULL: none, and `pre` is not used */
    enum plan_filter filter;
    bool antialias;
    bool cut_off; /* results to whole levels instead of rounded */
    const struct plan_clip *clips;
    int clips_used;
    int width, height;         /* of the output */
    const int16_t (*cubic)[4]; /* borrowed: weights by position */
    bool affine;               /* no lens, and post is affine: positions are fixed point */
    double narrow[3];          /* affine and antialias: P^-1 as xx, xy, yy */
    bool widened;              /* affine and antialias: P is not 1 */
};

/* Where the taps of the pixels of a row are: column and row of the (upper left of the middle) tap,
 * and the position behind it in 1/MAP_ONE pixels. */
struct map_taps {
    int32_t *x, *y;
    uint16_t *fx, *fy;
};

/* A point of an affine map along a row in fixed point: x at column i is (x + i dx) >> bits. */
struct map_line {
    uint64_t x, y, dx, dy;
    int bits;
};
struct map_line map_line_make(const double map[9], enum plan_filter filter, int row);

/* An output point to the source, in double; in two steps: to the source side of the lens (where
 * there is none, to the source), and from there. */
void map_point(const struct map_job *job, double *x, double *y);
void map_bend(const struct map_job *job, double *x, double *y);
void map_unbent(const struct map_job *job, double *x, double *y);
/* P^-1 at an output pixel's center; false where nothing shrinks. */
bool map_narrow(const struct map_job *job, double x, double y, double narrow[3]);
/* P^-1 of the Jacobian (a b; c d); false where P is 1. */
bool map_narrow_of(const double jacobian[4], double narrow[3]);

/* Columns [*begin, *end) of a row that lie in a frame which is not behind a lens. */
void map_clip_span(const struct map_job *job, const struct plan_clip *clip, int row, int *begin,
                   int *end);
/* Does a pixel lie in a frame behind the lens? */
bool map_behind_inside(const struct map_job *job, const struct plan_clip *clip, int column,
                       int row);
/* Take an output point to the source through all frames, last one first: where one ends in its edge
 * or reflection the point moves into it and goes on from there. The frame whose constant it gets
 * instead, or NULL. */
const struct plan_clip *map_follow(const struct map_job *job, double *x, double *y);

/* Fill taps[0..] for columns [begin, end) of a row. */
void map_taps_of_row(const struct map_job *job, int row, int begin, int end, struct map_taps *taps);
/* A point of the source as the taps of pixel i. */
void map_tap(enum plan_filter filter, double x, double y, struct map_taps *taps, int i);

/* Weights of the cubic with parameter a, by position. */
void map_cubic_make(double a, int16_t cubic[(1 << CUBIC_POINT) + 1][4]);

/* n pixels by their taps; plain C. */
void map_sample(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out);
/* One pixel at a point of the source, by the filter widened by `narrow` or as it is (NULL). */
void map_sample_at(const struct map_job *job, double x, double y, const double *narrow,
                   uint8_t *out);

#endif
