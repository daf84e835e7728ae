/* Inside relay: relay.c has what the server calls, relay_stream.c the thread that reads. */
#ifndef TENFOLD_LOADER_RELAY_PRIVATE_H
#define TENFOLD_LOADER_RELAY_PRIVATE_H

#include <pthread.h>

#include "loader/relay.h"
#include "loader/shared_ring.h"
#include "loader/talk.h"

struct relay {
    char address[200]; /* tcp:HOST:PORT */
    struct tls *tls;   /* borrowed */
    uint64_t limit;    /* bytes of all rings */
    int events;        /* eventfd, owned */
    pthread_mutex_t lock;
    pthread_cond_t ended; /* signalled when a stream's thread has ended */
    /* All below, and what is said to be in a stream, under the lock. */
    struct relay_stream *streams;
    int threads;     /* running */
    uint64_t memory; /* of the rings */
    uint64_t batches, images, bytes;
    uint64_t opened; /* streams so far */
    bool draining;
};

/* A consumer of the supply. */
struct relay_stream {
    struct relay_stream *next; /* of the relay; under its lock */
    struct relay *relay;       /* borrowed */
    void *context;
    json_t *open;           /* owned: the request, without its config */
    char *text;             /* owned: the config; the thread's until it is sent */
    int ready, freed, wake; /* eventfds, owned; wake: something was given back, or it must stop */

    /* The thread's until HUB_OPENED, then read by both. */
    struct consumer_place place;
    json_t *state; /* owned */
    struct shared_ring *ring;
    struct control control;

    struct talk *talk; /* owned; set under the relay's lock, so that it can be cut off */
    /* Under the relay's lock. */
    uint64_t *owed; /* owned, a slot each: 1 + the step that was handed over; 0: none */
    int free_slots; /* that no batch was asked for, yet */
    uint64_t published;
    size_t reserved;          /* bytes of the ring */
    bool opened, gone;        /* gone: detached; the thread frees it */
    bool has[HUB_FAILED + 1]; /* events to be given */
    struct error why;         /* of HUB_FAILED */
};

void *relay_stream_main(void *argument);
void relay_stream_free(struct relay_stream *r);
void relay_poke(int eventfd);
/* With the lock held. */
void relay_tell(struct relay_stream *r, enum hub_event_kind kind);

#endif
