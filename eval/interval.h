/*
 * A number with its 95 % interval, and where the interval comes from.
 *
 *     struct interval top1 = interval_wilson(correct, labeled);
 *     printf("%.2f (%.2f .. %.2f)\n", top1.value, top1.low, top1.high);
 *
 * Pure functions; all threads may call them.
 */
#ifndef TENFOLD_EVAL_INTERVAL_H
#define TENFOLD_EVAL_INTERVAL_H

#include <stddef.h>
#include <stdint.h>

/* INTERVAL_BASIC: the bootstrap's reverse percentiles, where all its rounds lie on one side of the
 * value (a calibration error near 0) and BCa is not defined. */
enum interval_kind { INTERVAL_NONE, INTERVAL_WILSON, INTERVAL_BCA, INTERVAL_BASIC };
extern const char *const interval_names[]; /* by kind: "none", "Wilson", ... */

/* INTERVAL_NONE has low = high = value. */
struct interval {
    double value, low, high;
    enum interval_kind kind;
};

/* The share correct / n with Wilson's interval; n = 0 is 0 in 0..1. */
struct interval interval_wilson(uint64_t correct, uint64_t n);

#endif
