/*
 * A bar with rate and time left on standard error when that is a terminal, one line every 30 s when
 * it is not. Any thread may call progress_update; it draws at most ten times a second.
 *
 *     struct progress *p = progress_open("epoch 3", total, "images", quiet);
 *     progress_update(p, done, "loss 1.234 lr 0.1");
 *     progress_close(p);
 */
#ifndef TENFOLD_BASE_PROGRESS_H
#define TENFOLD_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

/* NULL when there is no memory or `quiet`; every call takes NULL as a no-op. total 0: unknown. */
struct progress *progress_open(const char *label, uint64_t total, const char *unit, bool quiet);
void progress_update(struct progress *p, uint64_t done, const char *note);
/* Ends the line. */
void progress_close(struct progress *p);

/* Seconds on a clock that never steps back. */
double clock_seconds(void);

#endif
