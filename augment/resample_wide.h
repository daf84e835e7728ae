/*
 * Filters widened where a map shrinks, one pixel at a time. In float: the taps of a row go into
 * eight lanes, in chunks of eight columns, rows from the top, and the lanes are added
 *     ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)),
 * so that vector code gives the same bits.
 */
#ifndef TENFOLD_AUGMENT_RESAMPLE_WIDE_H
#define TENFOLD_AUGMENT_RESAMPLE_WIDE_H

#include <math.h>

#include "augment/resample_map_private.h"

enum { WIDE_LANES = 8 };

/* The filter's weight at d: k(xx dx + xy dy) k(xy dx + yy dy); it is 0 beyond `reach` and where
 * either argument is beyond `support`. */
struct map_wide {
    enum plan_filter filter;
    double xx, xy, yy, reach_x, reach_y, support;
};

static inline struct map_wide map_wide_make(enum plan_filter filter,
                                            const struct map_narrow *narrow, int k)
{
    double support = filter == FILTER_BICUBIC ? 2 : 1;
    return (struct map_wide){ filter,
                              narrow->xx[k],
                              narrow->xy[k],
                              narrow->yy[k],
                              support * narrow->reach_x[k],
                              support * narrow->reach_y[k],
                              support };
}

/* The pixel at a point of the source. */
void map_sample_wide(const struct map_job *job, double x, double y, const struct map_wide *wide,
                     uint8_t *out);
void map_sample_wide_plain(const struct map_job *job, double x, double y,
                           const struct map_wide *wide, uint8_t *out);
void map_sample_wide_avx2(const struct map_job *job, double x, double y,
                          const struct map_wide *wide, uint8_t *out);

/* Sums to levels; a point far outside the window has no taps and gets the nearest pixel. */
void map_wide_finish(const struct map_job *job, double x, double y, float total, const float sum[3],
                     uint8_t *out);

/* fmin and fmax without their care for NaN, which costs calls. */
static inline double least(double a, double b)
{
    return a < b ? a : b;
}

static inline double most(double a, double b)
{
    return a > b ? a : b;
}

/* Rows [*top, *bottom] of the window around y. */
static inline void wide_rows(const struct map_job *job, const struct map_wide *wide, double y,
                             int *top, int *bottom)
{
    const struct rect *w = &job->window;
    *top = (int)most(w->y, ceil(y - wide->reach_y - 0.5));
    *bottom = (int)least(w->y + w->height - 1, floor(y + wide->reach_y - 0.5));
}

/* Cut [*low, *high] to the d with |a d + b| < s. */
static inline void wide_cut(double a, double b, double s, double *low, double *high)
{
    if (a == 0) {
        *high = fabs(b) < s ? *high : *low - 1;
        return;
    }
    double p = (-s - b) / a, q = (s - b) / a;
    *low = most(*low, least(p, q));
    *high = least(*high, most(p, q));
}

/* Columns [*first, *last] of the window that a row of taps needs: all within reach where those are
 * few, else those that the parallelogram covers. */
static inline void wide_columns(const struct map_job *job, const struct map_wide *wide, double x,
                                double dy, int *first, int *last)
{
    const struct rect *w = &job->window;
    double low = most(w->x + 0.5 - x, -wide->reach_x);
    double high = least(w->x + w->width - 0.5 - x, wide->reach_x);
    if (wide->reach_x > WIDE_LANES) {
        wide_cut(wide->xx, wide->xy * dy, wide->support, &low, &high);
        wide_cut(wide->xy, wide->yy * dy, wide->support, &low, &high);
    }
    /* A trace more than the rounding of the bounds could lose. */
    *first = (int)least(most(ceil(x + low - 0.5 - 1e-6), w->x), w->x + w->width);
    *last = (int)most(least(floor(x + high - 0.5 + 1e-6), w->x + w->width - 1), w->x - 1);
}

#endif
