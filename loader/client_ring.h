/*
 * The memory that a daemon hands to a client, mapped and checked: a ring that the daemon writes, a
 * control page that the client writes. docs/protocol.md has the layout.
 *
 *     struct client_ring *r;
 *     if (client_ring_open(&r, ring_json, fds, &err) < 0) ...      // takes the descriptors
 *     if (client_ring_batch(r, step, &batch, &err) < 0) ...
 *     client_ring_give_back(r, step);
 *     client_ring_close(r);
 */
#ifndef TENFOLD_LOADER_CLIENT_RING_H
#define TENFOLD_LOADER_CLIENT_RING_H

#include <jansson.h>
#include <stdatomic.h>

#include "loader/stream.h"
#include "loader/talk.h"

struct client_ring {
    struct client_ring *older; /* owned: rings of which slots are still held */
    uint8_t *memory;           /* owned mapping, read only */
    size_t size;
    uint8_t *control; /* owned mapping */
    size_t control_size;
    int ready, freed; /* owned */
    uint32_t slots;
    size_t slot_bytes, header_bytes;
    uint64_t first;
    uint32_t count; /* places of a batch */
    struct output_form form;
    int height, width, soft_classes;
    size_t images, label, id, weight, label_b, lambda, soft; /* offsets; 0: absent */
    uint32_t held; /* slots that the client has taken and not given back */
};

/* `opened`: of the connection, for sizes that all its rings share. Takes m's descriptors, also when
 * it fails. */
int client_ring_open(struct client_ring **ring, struct talk_message *m, const json_t *opened,
                     struct error *err);
uint64_t client_ring_published(const struct client_ring *r);
uint64_t client_ring_end(const struct client_ring *r);
/* The batch of a published step: ERROR_DATA if the slot holds something else. */
int client_ring_batch(struct client_ring *r, uint64_t step, struct batch *batch, struct error *err);
bool client_ring_has(const struct client_ring *r, const void *at);
void client_ring_give_back(struct client_ring *r, uint64_t step);
void client_ring_coming(struct client_ring *r, uint64_t step, uint64_t waited_ns);
void client_ring_close(struct client_ring *r); /* with all older; NULL is a no-op */

#endif
