/* What the files of the stream share; others include stream.h. */
#ifndef TENFOLD_LOADER_STREAM_PRIVATE_H
#define TENFOLD_LOADER_STREAM_PRIVATE_H

#include <pthread.h>

#include "base/log.h"
#include "loader/ledger.h"
#include "loader/order.h"
#include "loader/ring.h"
#include "loader/worker.h"

/* What came of one place: written by the worker that fills it, read when the slot is handed out. */
enum outcome_kind { PLACE_EMPTY, PLACE_DELIVERED, PLACE_SUBSTITUTED, PLACE_SKIPPED, PLACE_FAILED };
struct outcome {
    enum outcome_kind kind;
    bool warned;
    enum error_kind error; /* of a bad sample */
    uint64_t id;           /* that the order put there */
    char reason[300];      /* of whatever is not simply delivered */
};

struct stream_thread {
    struct stream *stream;      /* borrowed */
    struct worker *worker;      /* owned */
    struct thread_stats *stats; /* borrowed */
    pthread_t thread;
};

struct stream {
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
    struct ring *ring;             /* owned */
    struct outcome *outcomes;      /* owned: slots x places */
    struct log *ledger;            /* owned; NULL: none */
    struct cache *cache;           /* owned; NULL: none */
    struct stats *stats;           /* owned */
    struct stream_thread *threads; /* owned */
    int started;
    pthread_t read_ahead;
    bool reads_ahead; /* that thread was started */

    /* The consumer's. */
    uint64_t next_step;
    struct account account;
    uint64_t bad; /* samples of the account's epoch, an earlier run's included */
    bool ended;   /* by an error: nothing more comes */
    struct error why;
};

/* What a step's place holds by the order. False: it lies past the epoch's end. */
bool stream_place_id(const struct stream *stream, uint64_t step, uint32_t place, uint64_t *id);

/* The main of the thread that goes ahead; the argument is the stream. */
void *stream_ahead_main(void *argument);

/* A thread's main; the argument is its struct stream_thread. */
void *stream_thread_main(void *argument);

/* Begin the books of `epoch` behind its first `batches_before` batches. */
void stream_begin_account(struct stream *stream, uint32_t epoch, uint64_t batches_before);
/* Fill in the header and enter in the books a slot that is about to be handed out. -1: it ends the
 * stream. */
int stream_book(struct stream *stream, struct slot *slot, struct error *err);

#endif
