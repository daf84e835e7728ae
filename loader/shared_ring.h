/*
 * A ring of slots in memory that other processes map: a memfd that only this process can write. A
 * page of header, then the slots; docs/protocol.md has the bytes. And the page that a consumer
 * writes and nobody believes.
 *
 *     struct shared_ring *ring;
 *     if (shared_ring_open(&ring, slots, &shape, first, &err) < 0) ...
 *     struct shared_slot *s = shared_ring_slot(ring, step);
 *     ... fill s->slot ...
 *     shared_ring_publish(ring, step + 1);      // steps below can be read
 *     shared_ring_close(ring);
 *
 * Which slots are whose is the hub's business, under its lock.
 */
#ifndef TENFOLD_LOADER_SHARED_RING_H
#define TENFOLD_LOADER_SHARED_RING_H

#include <stdatomic.h>

#include "loader/maker.h"

struct shared_slot {
    struct slot slot;
    bool fresh;          /* its memory was never written */
    int holders;         /* stations that have it and did not give it back */
    uint64_t bad_before; /* of its epoch, before this batch */
};

/* The first bytes of the memfd. */
struct shared_header {
    char magic[8];
    uint32_t version, slots;
    uint64_t slot_bytes, first;
    _Atomic uint64_t published, end;
};

struct shared_ring {
    int fd;       /* owned, as the memory below */
    size_t bytes; /* of the memfd */
    struct shared_header *header;
    struct slot_shape shape;
    struct slot_layout at;
    size_t header_bytes, slot_bytes; /* whole huge pages where a slot is larger than one */
    int slots;
    uint64_t first;
    struct shared_slot *slot; /* owned: `slots` of them */
    struct outcome *outcomes; /* owned: slots x places */
    int refs;                 /* under the hub's lock: the stream and its stations */
    struct shared_ring *next; /* among those to be closed */
};

/* The bytes that a ring takes; false when they do not fit the address space. */
bool shared_ring_bytes(int slots, const struct slot_shape *shape, size_t *bytes);
/* ERROR_FAILED when memory or descriptors are short. */
int shared_ring_open(struct shared_ring **ring, int slots, const struct slot_shape *shape,
                     uint64_t first, struct error *err);
struct shared_slot *shared_ring_slot(const struct shared_ring *ring, uint64_t step);
struct outcome *shared_ring_outcomes(const struct shared_ring *ring, const struct slot *slot);
/* Before a slot is first written: put huge pages behind it, if it is large enough and the kernel
 * can. Faults are then next to none, here and where others map it. */
void shared_ring_back(const struct shared_ring *ring, const struct slot *slot);
/* Steps below `published` can be read by anybody who maps the ring. */
void shared_ring_publish(struct shared_ring *ring, uint64_t published);
/* No step of `end` or later will come. */
void shared_ring_end(struct shared_ring *ring, uint64_t end);
void shared_ring_close(struct shared_ring *ring); /* NULL is a no-op */

/* A consumer's page, which it alone writes. Its size cannot be changed, so that reading it is safe;
 * what it says is not. */
struct control {
    int fd; /* owned */
    const uint8_t *memory;
    size_t bytes;
};
int control_open(struct control *control, int slots, struct error *err);
/* 1 + the step that slot `i` was last given back with; the step that is come for; nanoseconds
 * waited. */
uint64_t control_released(const struct control *control, int i);
uint64_t control_taken(const struct control *control);
uint64_t control_waited(const struct control *control);
void control_close(struct control *control); /* one that was never opened must be { .fd = -1 } */

#endif
