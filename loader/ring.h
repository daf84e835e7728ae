/*
 * A ring of batch slots: filled in parallel by units of two places, handed out in order. The
 * ring knows places and steps, not what a sample is.
 *
 *     workers                                   the one consumer
 *     while (ring_take(ring, &unit)) {          while (ring_next(ring, &slot, &err) == 1) {
 *         ... fill unit.slot's places ...           ... use slot ...
 *         ring_done(ring, &unit);                   ring_release(ring, slot->number);
 *     }                                         }
 *
 * A unit is a pair of neighboring places, so that whoever fills it can mix it; a worker that finds
 * the next slot still in use waits: that is the backpressure.
 */
#ifndef TENFOLD_LOADER_RING_H
#define TENFOLD_LOADER_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "loader/slot.h"

struct ring_shape {
    int slots;
    struct slot_shape slot;
    uint64_t start, steps; /* first step; how many, 0: without end */
};

struct ring_unit {
    struct slot *slot;
    uint64_t step;
    uint32_t first, places; /* 2, or 1 at the end of an odd batch */
};

struct ring;

int ring_open(struct ring **ring, const struct ring_shape *shape, struct error *err);

/* The next unit to fill. false: all steps are handed out, or the ring was stopped. Any thread. */
bool ring_take(struct ring *ring, struct ring_unit *unit);
/* Wait until `units` of them were taken, since the start, or more: how many in *taken. false: there
 * will be no more, or the ring was stopped. One thread. */
bool ring_wait_taken(struct ring *ring, uint64_t units, uint64_t *taken);
uint32_t ring_units(const struct ring *ring); /* of a slot */
/* The unit's places are written. */
void ring_done(struct ring *ring, const struct ring_unit *unit);
/* Wait for the next slot in order. 1: it is the caller's until ring_release; 0: all steps are done;
 * -1: the caller holds all slots itself (ERROR_USAGE), or the ring was stopped. One thread. */
int ring_next(struct ring *ring, struct slot **slot, struct error *err);
void ring_release(struct ring *ring, int slot);

/* Wake everybody; ring_take gives false from now on. */
void ring_stop(struct ring *ring);
void ring_close(struct ring *ring); /* after the workers have ended; NULL is a no-op */

#endif
