/* What the parts of the resampler for general maps share. */
#ifndef TENFOLD_AUGMENT_RESAMPLE_MAP_PRIVATE_H
#define TENFOLD_AUGMENT_RESAMPLE_MAP_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "augment/plan.h"
#include "augment/resample.h"

enum {
    MAP_POINT = 14, /* bits behind the point of a tap's position and of a weight */
    MAP_ONE = 1 << MAP_POINT,
    MAP_BETWEEN = 6,  /* bits behind the point between the pass along rows and the one down: levels
                         up  to 1.25 * 255 with the cubic's overshoot still fit 16 bits */
    CUBIC_POINT = 10, /* bits of the position that choose a row of cubic weights */
    MAP_NARROWS = 8,  /* pixels that are asked at once how the map shrinks there */
};

/* P^-1 at MAP_NARROWS pixels, 1 0 1 where nothing shrinks; and how far from a pixel, in the source,
 * a filter that ends at 1 reaches. */
struct map_narrow {
    double xx[MAP_NARROWS], xy[MAP_NARROWS], yy[MAP_NARROWS];
    double reach_x[MAP_NARROWS], reach_y[MAP_NARROWS];
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
    double back[PLAN_CLIPS][9]; /* the inverses of the clips' maps, where they have one */
    bool returns[PLAN_CLIPS];
    int width, height;         /* of the output */
    const int16_t (*cubic)[4]; /* borrowed: weights by position */
    bool affine;               /* no lens, and post is affine: positions are fixed point */
    bool boxed;                /* the pixels are there already (map_run_box) */
    bool widened;              /* affine and a filter with antialias: P is not 1 */
    struct map_narrow narrow;  /* of such a map */
};

/* Where the taps of the pixels of a row are: column and row of the (upper left of the middle) tap,
 * and the position behind it in 1/MAP_ONE pixels. */
struct map_taps {
    int32_t *x, *y, *fx, *fy;
    double *bent_x, *bent_y; /* with a lens: the point on its source side */
};

/* The taps from pixel i on. */
static inline struct map_taps map_taps_from(const struct map_taps *t, int i)
{
    return (struct map_taps){ t->x + i, t->y + i, t->fx + i, t->fy + i, NULL, NULL };
}

/* A map whose third row is 0 0 1. */
static inline bool map_is_affine(const double m[9])
{
    return m[6] == 0 && m[7] == 0 && m[8] == 1;
}

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
/* At the centers of pixels of a row. */
void map_narrow_block(const struct map_job *job, const int columns[MAP_NARROWS], int row,
                      struct map_narrow *block);
/* Of an affine map with the Jacobian (a b; c d), in all places; false where nothing shrinks. */
bool map_narrow_of(const double jacobian[4], struct map_narrow *block);

/* Columns [*begin, *end) of a row that lie in a frame which is not behind a lens. */
void map_clip_span(const struct map_job *job, const struct plan_clip *clip, int row, int *begin,
                   int *end);
/* Does a point lie in a frame? The point is what the frame's map takes. */
bool map_inside(const struct plan_clip *clip, double x, double y);
/* Columns [span[0], span[1]) of a row that lie in all frames, where no point is moved; none with a
 * lens. */
void map_inner_span(const struct map_job *job, int row, int span[2]);
/* How many of the points on the lens's source side from i on, of n, lie in a frame, or do not. */
int map_inside_run(const struct plan_clip *clip, const struct map_taps *taps, int i, int n,
                   bool inside);
/* Take an output point to the source through all frames, last one first: where one ends in its edge
 * or reflection the point moves into it and goes on from there. The frame whose constant it gets
 * instead, or NULL. */
const struct plan_clip *map_follow(const struct map_job *job, double *x, double *y);

/* Fill taps[0..] for columns [begin, end) of a row. */
void map_taps_of_row(const struct map_job *job, int row, int begin, int end, struct map_taps *taps);
/* A point of the source as the taps of pixel i. */
void map_tap(enum plan_filter filter, double x, double y, struct map_taps *taps, int i);

/* With a filter that is widened and a map that only scales and moves: the pixels that all frames
 * show, by the separable resampler. 1 where it did, 0 where the map is another, -1 on an error. */
int map_run_box(struct resampler *resampler, const struct map_job *job, const struct image *source,
                struct image *out, struct error *err);

/* Weights of the cubic with parameter a, by position. */
void map_cubic_make(double a, int16_t cubic[(1 << CUBIC_POINT) + 1][4]);

/* The row of the table of cubic weights for a position. */
static inline int map_cubic_row(int32_t f)
{
    return (f + (1 << (MAP_POINT - CUBIC_POINT - 1))) >> (MAP_POINT - CUBIC_POINT);
}

static inline void map_paint(uint8_t *row, int begin, int end, const uint8_t level[3])
{
    for (uint8_t *to = row + 3 * (size_t)begin; begin < end; begin++, to += 3) {
        to[0] = level[0];
        to[1] = level[1];
        to[2] = level[2];
    }
}

/* Do byte offsets in the memory held fit 32 bits, as the vector code has them? */
static inline bool map_offsets_fit(const struct map_job *job)
{
    return job->stride * ((size_t)job->held.y + (size_t)job->held.height) < (size_t)1 << 31;
}

/* n pixels by their taps. */
void map_sample(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out);
/* One pixel at a point of the source; widened where the map is affine. */
void map_sample_at(const struct map_job *job, double x, double y, uint8_t *out);

/* The pixels of a row in columns [span[0], span[1]), which lie in all frames that are not behind a
 * lens; the others' constants, and the span cut to what they show. */
void map_sample_span(const struct map_job *job, struct map_taps *taps, int row, int span[2],
                     uint8_t *out);

/* The plain twin, and the vector code, which gives the same bits (resample_map_avx2.c). The rows
 * return how many columns they did. */
void map_sample_plain(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out);
void map_sample_avx2(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out);
int map_affine_row_avx2(const struct map_line *line, int n, struct map_taps *taps);
void map_nearest_row_avx2(const struct map_job *job, const struct map_line *line, int n,
                          uint8_t *out);
int map_inside_run_avx2(const struct plan_clip *clip, const struct map_taps *taps, int i, int n,
                        bool inside);
int map_bent_row_avx2(const struct map_job *job, int row, int begin, int end,
                      struct map_taps *taps);

#endif
