/*
 * One lock. Workers take units in order of (step, place) and wait on `freed` while the slot that
 * comes next is in use; the consumer waits on `ready` for the slot that comes next in order. Slots
 * may be given back in any order: each has its own state.
 */
#include "loader/ring.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct ring {
    struct ring_shape shape;
    uint32_t units;     /* of a slot */
    uint8_t *memory;    /* owned */
    struct slot *slots; /* owned */

    pthread_mutex_t lock;
    pthread_cond_t freed; /* signalled when a slot becomes free, and by ring_stop */
    pthread_cond_t ready; /* signalled when a slot becomes ready, and by ring_stop */
    pthread_cond_t went;  /* signalled when `wanted` units are taken, and by ring_stop */
    /* All below under lock. */
    bool stop;
    uint64_t take_step, next_step; /* of the next unit; of the next slot handed out */
    uint32_t take_unit;
    uint64_t taken;  /* units in all */
    uint64_t wanted; /* by who waits on `went`; UINT64_MAX: nobody does */
};

int ring_open(struct ring **result, const struct ring_shape *shape, struct error *err)
{
    assert(shape->slots > 0 && shape->slot.count > 0);
    struct slot_layout at;
    size_t total;
    if (!slot_lay_out(&shape->slot, &at) || !size_mul(at.bytes, (size_t)shape->slots, &total))
        return error_set(err, ERROR_USAGE, NULL,
                         "a ring of %d batches of %u samples does not fit the address space",
                         shape->slots, shape->slot.count);
    struct ring *ring = memory_array(1, sizeof(*ring), err);
    if (!ring)
        return -1;
    ring->shape = *shape;
    ring->units = (shape->slot.count + SLOT_UNIT - 1) / SLOT_UNIT;
    ring->take_step = ring->next_step = shape->start;
    ring->slots = memory_array((size_t)shape->slots, sizeof(*ring->slots), err);
    ring->memory = ring->slots ? aligned_alloc(SLOT_PAGE, total) : NULL;
    if (!ring->memory) {
        if (ring->slots)
            error_set(
                err, ERROR_FAILED, NULL,
                "no memory for %d batches of %u samples (%zu MiB); take fewer data.slots or a "
                "smaller data.batch",
                shape->slots, shape->slot.count, total >> 20);
        free(ring->slots);
        free(ring);
        return -1;
    }
    memset(ring->memory, 0, total);
    for (int i = 0; i < shape->slots; i++)
        slot_init(&ring->slots[i], i, ring->memory + at.bytes * (size_t)i, &at, &shape->slot);
    pthread_mutex_init(&ring->lock, NULL);
    pthread_cond_init(&ring->freed, NULL);
    pthread_cond_init(&ring->ready, NULL);
    pthread_cond_init(&ring->went, NULL);
    ring->wanted = UINT64_MAX;
    *result = ring;
    return 0;
}

static struct slot *slot_of(struct ring *ring, uint64_t step)
{
    return &ring->slots[(step - ring->shape.start) % (uint64_t)ring->shape.slots];
}

static bool past_end(const struct ring *ring, uint64_t step)
{
    return ring->shape.steps && step - ring->shape.start >= ring->shape.steps;
}

bool ring_take(struct ring *ring, struct ring_unit *unit)
{
    pthread_mutex_lock(&ring->lock);
    struct slot *slot = NULL;
    while (!ring->stop && !past_end(ring, ring->take_step)) {
        slot = slot_of(ring, ring->take_step);
        if (slot->state == (ring->take_unit == 0 ? SLOT_FREE : SLOT_FILLING))
            break;
        pthread_cond_wait(&ring->freed, &ring->lock);
    }
    bool taken = !ring->stop && !past_end(ring, ring->take_step);
    if (taken) {
        if (ring->take_unit == 0) {
            slot->state = SLOT_FILLING;
            slot->step = ring->take_step;
            slot->units_left = ring->units;
        }
        uint32_t first = ring->take_unit * SLOT_UNIT, rest = ring->shape.slot.count - first;
        *unit =
            (struct ring_unit){ slot, ring->take_step, first, rest < SLOT_UNIT ? rest : SLOT_UNIT };
        if (++ring->take_unit == ring->units) {
            ring->take_unit = 0;
            ring->take_step++;
        }
        if (++ring->taken == ring->wanted)
            pthread_cond_signal(&ring->went);
    }
    pthread_mutex_unlock(&ring->lock);
    return taken;
}

bool ring_wait_taken(struct ring *ring, uint64_t units, uint64_t *taken)
{
    pthread_mutex_lock(&ring->lock);
    ring->wanted = units;
    while (!ring->stop && !past_end(ring, ring->take_step) && ring->taken < units)
        pthread_cond_wait(&ring->went, &ring->lock);
    ring->wanted = UINT64_MAX;
    *taken = ring->taken;
    bool more = !ring->stop && !past_end(ring, ring->take_step);
    pthread_mutex_unlock(&ring->lock);
    return more;
}

uint32_t ring_units(const struct ring *ring)
{
    return ring->units;
}

void ring_done(struct ring *ring, const struct ring_unit *unit)
{
    pthread_mutex_lock(&ring->lock);
    if (--unit->slot->units_left == 0) {
        unit->slot->state = SLOT_READY;
        pthread_cond_signal(&ring->ready);
    }
    pthread_mutex_unlock(&ring->lock);
}

int ring_next(struct ring *ring, struct slot **result, struct error *err)
{
    if (past_end(ring, ring->next_step))
        return 0;
    struct slot *slot = slot_of(ring, ring->next_step);
    int rc = 1;
    pthread_mutex_lock(&ring->lock);
    if (slot->state == SLOT_HELD)
        rc = error_set(err, ERROR_USAGE, NULL,
                       "all %d batches of the ring are held; release one before taking the next",
                       ring->shape.slots);
    while (rc == 1 && !ring->stop && slot->state != SLOT_READY)
        pthread_cond_wait(&ring->ready, &ring->lock);
    if (rc == 1 && slot->state != SLOT_READY)
        rc = error_set(err, ERROR_FAILED, NULL, "the loader was stopped");
    if (rc == 1) {
        slot->state = SLOT_HELD;
        ring->next_step++;
        *result = slot;
    }
    pthread_mutex_unlock(&ring->lock);
    return rc;
}

void ring_release(struct ring *ring, int slot)
{
    assert(slot >= 0 && slot < ring->shape.slots);
    pthread_mutex_lock(&ring->lock);
    assert(ring->slots[slot].state == SLOT_HELD);
    ring->slots[slot].state = SLOT_FREE;
    pthread_cond_broadcast(&ring->freed);
    pthread_mutex_unlock(&ring->lock);
}

void ring_stop(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    ring->stop = true;
    pthread_cond_broadcast(&ring->freed);
    pthread_cond_broadcast(&ring->ready);
    pthread_cond_broadcast(&ring->went);
    pthread_mutex_unlock(&ring->lock);
}

void ring_close(struct ring *ring)
{
    if (!ring)
        return;
    pthread_cond_destroy(&ring->went);
    pthread_cond_destroy(&ring->ready);
    pthread_cond_destroy(&ring->freed);
    pthread_mutex_destroy(&ring->lock);
    free(ring->memory);
    free(ring->slots);
    free(ring);
}
