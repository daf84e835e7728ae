/*
 * What makes a stream's batches: everything that their bits depend on, and the filling of their
 * places. Who calls it, and into which memory, is the ring's owner's business: the threads of a
 * stream in process (stream_fill.c), the hub's pool in the daemon (hub_pool.c).
 *
 *     struct maker maker;
 *     if (maker_init(&maker, index, recipe, mix, &options, &err) < 0) ...
 *     struct filling f = { &maker, slot, outcomes };       // outcomes: maker.places of them
 *     maker_fill(&f, 1, worker, step, first, places);      // any thread with a worker of its own
 */
#ifndef TENFOLD_LOADER_MAKER_H
#define TENFOLD_LOADER_MAKER_H

#include <jansson.h>

#include "loader/order.h"
#include "loader/slot.h"
#include "loader/worker.h"

/* What came of one place: written by who fills it, read when the slot is entered in the books. */
enum outcome_kind { PLACE_EMPTY, PLACE_DELIVERED, PLACE_SUBSTITUTED, PLACE_SKIPPED, PLACE_FAILED };
struct outcome {
    enum outcome_kind kind;
    bool warned;
    enum error_kind error; /* of a bad sample */
    uint64_t id;           /* that the order put there */
    char reason[300];      /* of whatever is not simply delivered */
};

/* Plain data, never changed by a reader. */
struct maker {
    const struct index *index; /* borrowed, as the two below */
    const struct recipe *recipe;
    const struct mix *mix;
    struct stream_options options;
    int width, height;
    size_t sample_bytes;
    int classes;     /* of soft labels; 0: there are none */
    uint32_t places; /* of this rank's part of a batch */
    uint64_t count, steps_per_epoch;
    struct order order;
    struct rng_key substitute_key;
    struct worker_job job;
};

/* What stream_check refuses is refused here. `cache` of the job is left to the caller. */
int maker_init(struct maker *maker, const struct index *index, const struct recipe *recipe,
               const struct mix *mix, const struct stream_options *options, struct error *err);
struct slot_shape maker_shape(const struct maker *maker);
/* What a step's place holds by the order. False: it lies past the epoch's end. */
bool maker_place_id(const struct maker *maker, uint64_t step, uint32_t place, uint64_t *id);

/* A slot being filled by its maker. */
struct filling {
    const struct maker *maker;
    struct slot *slot;
    struct outcome *outcomes; /* of the slot's places */
};
enum { FILLINGS_MAX = WORKER_TASKS };

/* Fill places [first, first + places) of step's batch, at most a pair of them, and mix the pair. Of
 * several fillings (at most FILLINGS_MAX), whose makers differ in nothing but what happens to the
 * pixels, each image is read and decoded once, and what comes out is as of each alone, to the bit.
 */
void maker_fill(const struct filling *f, int n, struct worker *worker, uint64_t step,
                uint32_t first, uint32_t places);

/* The state (stream_state) before step `next`, `bad` samples of its epoch having been bad. */
json_t *maker_state(const struct maker *maker, uint64_t next, uint64_t bad, struct error *err);
/* SHA-256 of everything besides data, seeds and ids that a sample's content depends on. */
int recipe_hash(const struct recipe *recipe, const struct mix *mix, const struct stream_options *o,
                char hex[65], struct error *err);

#endif
