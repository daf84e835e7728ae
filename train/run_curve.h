/*
 * Curves of a run for the eye: a moving average over all points, and fewer points to draw.
 *
 *     double span = run_span(points, run->steps_per_epoch);
 *     run_average(points->loss, points->count, span, mean, deviation);
 *     size_t kept = run_thin(points->loss, points->count, 128, index);      // index (4 * 128)
 *
 * Averages are made of all points and then thinned; never the other way around. What was returned
 * for a curve's beginning stays when the curve grows.
 */
#ifndef TENFOLD_TRAIN_RUN_CURVE_H
#define TENFOLD_TRAIN_RUN_CURVE_H

#include "train/run_read.h"

/* Over how many points to average: those of half an epoch, 5..500. Follows from the first two
 * points. */
double run_span(const struct run_points *points, uint64_t steps_per_epoch);

/* mean[i] = sum_j w_j x_j / sum_j w_j over j <= i, w_j = exp(-(i - j) / span): the exponential
 * moving average with its bias corrected (Kingma and Ba, "Adam", section 3, does the same), which
 * is x_0 at first and never leans to 0. deviation[i] is the weighted standard deviation about it. x
 * (n), mean (n), deviation (n). Values that are not finite weigh nothing. */
void run_average(const double *x, size_t n, double span, double *mean, double *deviation);

/* The indices, in order, of at most 4 points for each of at most `buckets` equal stretches of the
 * curve: its first, its least, its greatest and its last. `index` has room for 4 * buckets. A
 * stretch is a power of two long, so that it stays where it is while the curve grows, until all
 * double. Curves of up to 4 * buckets points are kept whole. Returns how many. */
size_t run_thin(const double *x, size_t n, size_t buckets, size_t *index);

/* The last index of each stretch of at most `most`: for curves that are smooth already. */
size_t run_thin_ends(size_t n, size_t most, size_t *index);

#endif
