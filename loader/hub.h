/*
 * The daemon's streams: threads shared fairly by all, each image decoded once for everybody who
 * wants it, finished batches in rings that other processes map. No sockets here: the server
 * (server.h) carries the descriptors to the clients and says what they gave back.
 *
 *     struct hub *hub;
 *     if (hub_open(&hub, &(struct hub_options){ .threads = 8, .memory = 4ull << 30 }, &err) < 0)
 * ... struct consumer *c; if (hub_attach(hub, &request, &c, &err) < 0) ...
 *     ... poll says that hub_fd() is readable: while (hub_event(hub, &event)) ...
 *             HUB_OPENED: send(consumer_place(c)->ring ...);     // to the client
 *     ... poll says that consumer_place(c)->freed is readable: consumer_collect(c);
 *     hub_detach(c);
 *     hub_close(hub);
 *
 * A stream is what one (data, recipe, mix, seeds, batch, rank, world, form ...) gives; consumers
 * that ask for the same share one ring. Streams that differ in nothing but what happens to the
 * pixels form a convoy, which makes one pass over the files. All functions are called from one
 * thread, the server's; the threads of the pool are inside.
 */
#ifndef TENFOLD_LOADER_HUB_H
#define TENFOLD_LOADER_HUB_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/error.h"
#include "loader/stream.h"

struct hub;
struct consumer;

struct hub_options {
    int threads;            /* 0: thread_cpus() */
    uint64_t memory;        /* of all rings and caches, bytes; 0: half of what is free */
    uint64_t client_memory; /* of a ring, bytes; 0: half of `memory` */
    int streams;            /* at most; 0: 256 */
};

enum consumer_slow { SLOW_HOLD, SLOW_PRIVATE };

struct hub_request {
    const struct config *config; /* with the settings; borrowed during the call. Paths in it are
                                    absolute */
    uint32_t rank, world;
    bool has_start; /* else: where the stream is */
    uint64_t start;
    const json_t *state; /* NULL: none; instead of start */
    uint64_t steps;      /* 0: without end */
    bool share;
    enum consumer_slow slow;
    bool local;    /* no descriptors: batches are taken with consumer_take */
    void *context; /* the server's, given back with events */
};

enum { PLACE_TENSORS = 7 };
struct place_tensor {
    const char *name, *dtype; /* "images", "float32" */
    size_t offset, bytes;     /* in the slot */
    int rank;
    int64_t shape[4];
};

/* Where a consumer's batches come from; docs/protocol.md has the layout behind the descriptors. */
struct consumer_place {
    char stream[32]; /* name for messages */
    bool private;
    uint64_t next; /* step of the first batch from here */
    uint64_t samples, steps_per_epoch;
    int64_t classes;
    int soft_classes, height, width;
    int slots;
    size_t slot_bytes, header_bytes;
    int tensors;
    struct place_tensor tensor[PLACE_TENSORS];
    int ring, control, ready, freed; /* descriptors, owned by the consumer; -1 when local */
};

int hub_open(struct hub **hub, const struct hub_options *options, struct error *err);

/* -1: the config is wrong (ERROR_USAGE), or descriptors or memory are short (ERROR_FAILED). Else
 * the data set is opened without anybody waiting for it, and an event says how it went: HUB_OPENED,
 * or HUB_FAILED with ERROR_USAGE or ERROR_DATA as stream_open and stream_resume, or ERROR_FAILED
 * when a limit is reached, saying which and what helps. The consumer is the caller's until
 * hub_detach in any case. */
int hub_attach(struct hub *hub, const struct hub_request *request, struct consumer **consumer,
               struct error *err);
/* From HUB_OPENED on; valid until the next event of the consumer or its detach. */
const struct consumer_place *consumer_place(const struct consumer *c);
/* The state before the consumer's first batch; the caller owns it. */
json_t *consumer_state(const struct consumer *c, struct error *err);

/* The client has given something back: reset `freed`, read the control pages, believe what can be.
 */
void consumer_collect(struct consumer *c);
/* Local consumers: the next batch when one is ready (1), 0 when not yet (an event READY follows),
 * -1 at the end or after an error (its event was or will be given). */
int consumer_take(struct consumer *c, struct batch *batch);
void consumer_release(struct consumer *c, const struct batch *batch);

enum hub_event_kind {
    HUB_OPENED, /* consumer_place says where; `at` is its first step */
    HUB_READY,  /* local consumers: consumer_take has one */
    HUB_MOVED,  /* consumer_place has changed but for ready and freed; `at` is its next */
    HUB_ENDED,
    HUB_FAILED /* err says why */
};
struct hub_event {
    enum hub_event_kind kind;
    struct consumer *consumer;
    void *context;
    uint64_t at;
    struct error err;
};
/* Readable while there are events. */
int hub_fd(const struct hub *hub);
bool hub_event(struct hub *hub, struct hub_event *event);

/* Streams, stages and queues since the hub began, as JSON: docs/protocol.md, stats. NULL: no
 * memory.
 */
json_t *hub_stats(struct hub *hub);
/* {taken, published, held, batches, waited_seconds, starved_seconds} of one consumer: the step that
 * it says it comes for and the time that it says it has waited; and the time in which it had
 * nothing, seen from here. NULL: no memory. */
json_t *consumer_stats(const struct consumer *c);

void hub_detach(struct consumer *c); /* NULL is a no-op; all that it held is free */
/* No new batch is begun; those begun are finished. The rings' `end` says so; no event does. */
void hub_drain(struct hub *hub);
/* Whoever is attached is detached. Waits for what is being read from disk. NULL is a no-op. */
void hub_close(struct hub *hub);

#endif
