/*
 * A hub over the images of tests/stream_data, and clients that do what docs/protocol.md says with
 * the descriptors that they are given.
 *
 *     struct hub *hub = must_hub(2);
 *     struct mapped m;
 *     mapped_open(&m, hub, &(struct ask){ .settings = { "data.batch=16" }, .share = true });
 *     uint64_t step = mapped_next(&m, &batch);
 *     mapped_release(&m, &batch);
 *     mapped_close(&m);
 */
#ifndef TENFOLD_TESTS_HUB_DATA_H
#define TENFOLD_TESTS_HUB_DATA_H

#include "loader/hub.h"
#include "tests/stream_data.h"

enum { ASK_SETTINGS = 8 };

struct ask {
    const char *config; /* NULL: hub_config */
    const char *settings[ASK_SETTINGS];
    uint32_t rank, world;
    bool has_start, alone, local, slow_private;
    uint64_t start, steps;
    const json_t *state;
};

/* The recipe of tests/stream_data as a config, with the data's place to be set. */
extern const char hub_config[], hub_config_mix[];

/* One ring that a client has mapped. */
struct mapped_ring {
    struct consumer_place place;
    const uint8_t *ring;
    uint8_t *control;
    size_t ring_bytes, control_bytes;
    uint64_t until; /* steps from here on are in the next ring */
    int held;
};

struct mapped {
    struct hub *hub;
    struct consumer *consumer;
    struct mapped_ring now, old; /* old.ring: NULL unless it has moved */
    uint64_t next;
    int ready, freed; /* its own, as if they had been sent */
    bool ended, failed, opened;
    int moves;
    struct error why;
};

struct hub *must_hub(int threads);
/* Attach and wait for the answer; fails the test when it is not as wanted. */
void mapped_open(struct mapped *m, struct hub *hub, const struct ask *ask);
/* The same without failing: -1 with the reason. */
int mapped_try(struct mapped *m, struct hub *hub, const struct ask *ask, struct error *err);
/* Serve the hub's events, as the server does, for at most `ms`. */
void hub_serve(struct hub *hub, int ms);
/* The next batch: 1; 0: all is done; -1: failed, or nothing came for 20 s. */
int mapped_next(struct mapped *m, struct batch *batch);
/* Is one there? No waiting. */
bool mapped_has(const struct mapped *m);
void mapped_release(struct mapped *m, const struct batch *batch);
void mapped_close(struct mapped *m);
size_t mapped_sample_bytes(const struct mapped *m);

#endif
