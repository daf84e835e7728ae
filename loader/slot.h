/*
 * A slot of a ring: the memory of one batch. One run of bytes: the 64-byte header on a page of its
 * own, then each tensor from a page boundary on; the same in process and in the daemon's memfd
 * (docs/protocol.md).
 *
 *     struct slot_layout at;
 *     if (!slot_lay_out(&shape, &at)) ...                  // too large for the address space
 *     slot_init(&slot, number, memory + number * at.bytes, &at, &shape);
 *     slot.label[place] = 3;
 */
#ifndef TENFOLD_LOADER_SLOT_H
#define TENFOLD_LOADER_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader/stream.h"

enum {
    SLOT_PAGE = 4096,
    SLOT_UNIT = 2 /* places that one thread fills at a time, so that it can mix them */
};

struct slot_shape {
    uint32_t count;      /* places */
    size_t sample_bytes; /* of a place's image */
    bool mixing;
    int classes; /* of soft labels; 0: none */
};

/* Where a slot's parts begin, and the bytes of all of it. Absent tensors are empty. */
struct slot_layout {
    size_t images, label, id, weight, label_b, lambda, soft, bytes;
};

enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_READY, SLOT_HELD };

struct slot {
    int number;
    uint64_t step;
    struct slot_header *header;    /* the pointers below go into the ring's memory */
    uint8_t *images;               /* sample_bytes a place */
    int64_t *label, *label_b, *id; /* label_b and lambda are NULL without mixing */
    float *lambda, *weight, *soft; /* soft: NULL without classes */
    enum slot_state state;         /* this and all below under the lock of the ring's owner */
    uint32_t units_left;           /* not done yet */
};

/* false: it does not fit the address space. */
bool slot_lay_out(const struct slot_shape *shape, struct slot_layout *at);
/* `memory` has at->bytes zeroed bytes; the header's version is written. */
void slot_init(struct slot *slot, int number, uint8_t *memory, const struct slot_layout *at,
               const struct slot_shape *shape);
/* What is handed out: borrows from the slot. */
struct batch slot_batch(const struct slot *slot, const struct slot_shape *shape, int width,
                        int height);

#endif
