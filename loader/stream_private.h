/* What the files of the stream share; others include stream.h. */
#ifndef TENFOLD_LOADER_STREAM_PRIVATE_H
#define TENFOLD_LOADER_STREAM_PRIVATE_H

#include <pthread.h>

#include "loader/books.h"
#include "loader/ring.h"

struct stream_thread {
    struct stream *stream;      /* borrowed */
    struct worker *worker;      /* owned */
    struct thread_stats *stats; /* borrowed */
    pthread_t thread;
};

struct stream {
    struct maker maker;
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
    struct books books;
    bool ended; /* by an error: nothing more comes */
    struct error why;
};

/* A slot of the stream's ring with what belongs to it. */
static inline struct filling stream_filling(const struct stream *s, struct slot *slot)
{
    return (struct filling){ &s->maker, slot,
                             s->outcomes + (size_t)slot->number * s->maker.places };
}

/* The main of the thread that goes ahead; the argument is the stream. */
void *stream_ahead_main(void *argument);

/* A thread's main; the argument is its struct stream_thread. */
void *stream_thread_main(void *argument);

#endif
