/*
 * What the files of the hub share; others include hub.h.
 *
 * One lock, the hub's, over everything below that is not said to be otherwise. It is never held
 * over a file or over pixels. The threads: the server's, which calls what hub.h has; the pool's,
 * which take units of work, fill them without the lock, and hand finished batches over
 * (hub_pool.c); the keeper, which opens, moves and frees (hub_keeper.c); one thread for every data
 * set while it is being opened (hub_data.c); and one that reads ahead (hub_ahead.c).
 *
 * A stream owns a ring and makes batches into it by its maker. A station is a consumer's place at a
 * ring: which of its slots the consumer holds. A consumer has one, and while it moves to another
 * ring two. A pass is what the pool takes work from: one stream, or a convoy of several that are at
 * the same step.
 */
#ifndef TENFOLD_LOADER_HUB_PRIVATE_H
#define TENFOLD_LOADER_HUB_PRIVATE_H

#include <pthread.h>

#include "loader/ahead.h"
#include "loader/books.h"
#include "loader/hub.h"
#include "loader/shared_ring.h"

/* How long others wait for a slow consumer, or convoy, before it goes its own way (ns). */
enum { HUB_GRACE = 500000000 };

/* A recipe with its mixing, shared by the streams that follow one another with it. */
struct hub_recipe {
    int refs;
    struct recipe *recipe; /* owned */
    struct mix *mix;       /* owned; NULL: none */
    char *ledger;          /* owned; NULL: none */
};

enum hub_data_state { DATA_OPENING, DATA_READY, DATA_FAILED };
enum { HUB_STAMP = 3, HUB_CACHES = 3 }; /* bytes, pixels, pixels turned as EXIF says */

/* A data set, opened once for all. */
struct hub_data {
    struct hub_data *next;
    struct hub *hub;
    uint64_t number;
    char *path, *classes;     /* owned; classes: NULL when there is none */
    struct index_fold fold;
    int64_t stamp[HUB_STAMP]; /* of the path, when it was asked for: device, inode, last change */
    pthread_t thread;         /* that opens it */
    enum hub_data_state state;
    bool joined;                      /* that thread */
    struct error why;                 /* of DATA_FAILED */
    struct index *index;              /* owned; not changed after DATA_READY */
    struct cache *caches[HUB_CACHES]; /* owned */
    int users;                        /* consumers that wait for it, streams */
};

/* What was counted for a stream or, in all, for those that have ended. */
struct hub_counts {
    uint64_t batches, images, substituted, skipped, bytes, decoded, cached, cpu_ns, ns[STAGES];
};

struct hub_stream {
    struct hub_stream *next;
    char name[32];
    char *key;      /* owned: streams of one key give the same batches */
    char *pass_key; /* owned: and of this, differ in nothing but what happens to the pixels */
    struct hub_data *data;
    struct hub_recipe *recipe;
    struct maker maker; /* read without the lock */
    struct shared_ring *ring;
    struct pass *pass;        /* NULL: nothing more is to be made */
    struct station *stations; /* those that batches of the ring go to */
    bool private;             /* nobody joins it */
    bool alone;               /* nor does it join anybody */
    uint64_t began;           /* its first step */
    uint64_t published;       /* steps below are handed over */
    uint64_t end;             /* of its steps; UINT64_MAX: without */
    uint64_t stop;            /* nothing from here on is made: who took them has moved */
    int in_flight;            /* units being filled, and the hand-over */
    bool strays;              /* its consumers did not keep up with those of a convoy */
    bool publishing, failed, dead;
    struct error why; /* of `failed` */
    uint64_t stalled; /* since when it holds somebody up (stats_clock); 0: it does not */
    uint64_t bad;     /* of the epoch of the batch handed over last */
    struct hub_counts counts;
    struct ahead ahead; /* the reader ahead's, in steps since epoch 0 */
    bool reads;         /* it is on its way */

    /* Of the thread that has set `publishing`, alone. */
    struct books books;
    struct log *ledger;    /* owned; NULL: none */
    uint64_t ledger_until; /* lines of this step and later are another stream's to write */
};

/* Where the pool takes work: the units of one step after the other, for all members at once. */
struct pass {
    struct pass *next;
    struct hub_stream *member[FILLINGS_MAX];
    int count;
    uint64_t key;  /* hash of the members' pass_key */
    int twins;     /* other passes over the same files */
    uint64_t step; /* of the next unit */
    uint32_t unit, units;
    uint64_t time;    /* CPU time used, by share; who has least is next */
    uint64_t cost;    /* of the last unit */
    uint64_t stalled; /* since when a member holds others up (stats_clock); 0: none */
    bool idle;        /* there was nothing to do when it was looked at last */
};

struct station {
    struct station *next; /* of the stream */
    struct consumer *consumer;
    struct hub_stream *stream; /* NULL: it has moved on, and only what is held is left */
    struct shared_ring *ring;
    struct control control; /* .fd -1 when local */
    uint64_t from, until;   /* steps */
    uint64_t *owed;         /* owned, a slot each: 1 + the step that was handed over; 0: none */
    int owed_count;
    struct station *coming; /* owned; the keeper's, while it moves the consumer */
};

enum consumer_state { CONSUMER_OPENING, CONSUMER_OPEN, CONSUMER_OVER };

/* What a consumer asked for, until it has it. */
struct wish {
    struct hub_data *data;
    struct hub_recipe *recipe;
    struct stream_options options;
    json_t *state; /* owned; NULL: none */
    bool has_start, share;
};

enum { EVENT_KINDS = HUB_FAILED + 1 };

struct consumer {
    struct consumer *next;    /* of the hub */
    struct consumer *waiting; /* the next whose data set is being opened */
    struct consumer *pending; /* the next that has events */
    struct hub *hub;
    void *context;
    enum consumer_state state;
    struct wish wish;
    enum consumer_slow slow;
    bool local;
    int ready, freed;             /* owned eventfds; -1 when local */
    struct station *now, *old;    /* old: NULL unless it is moving */
    struct consumer_place place;  /* the server's thread alone */
    struct consumer_place coming; /* what place will be with the next event */
    json_t *first_state;          /* owned */
    bool has[EVENT_KINDS], is_pending;
    bool busy, gone; /* the keeper is at it; it was detached meanwhile, and the keeper frees it */
    uint64_t at[EVENT_KINDS];
    struct error why;              /* of HUB_FAILED */
    uint64_t starving, starved_ns; /* since when it has nothing (stats_clock; 0: it has) */
    uint64_t batches;

    uint64_t next_step; /* local: the server's thread alone */
    bool armed;         /* local: it found nothing and waits */
};

struct hub_thread {
    struct hub *hub;
    pthread_t thread;
    struct worker *worker;      /* owned */
    struct thread_stats *stats; /* borrowed */
};

struct hub {
    struct hub_options options;
    int event_fd; /* owned */
    struct stats *stats;
    struct hub_thread *threads;
    int started;
    pthread_t keeper, reader;
    bool keeps, reads;

    pthread_mutex_t lock;
    pthread_cond_t work;  /* signalled when there may be a unit to take, and when stopping */
    pthread_cond_t keep;  /* signalled when the keeper has something to do, and when stopping */
    pthread_cond_t ahead; /* signalled when there may be something to read ahead */
    bool stop, drain;
    struct hub_data *data;
    struct hub_stream *streams;
    struct pass *passes;
    struct consumer *consumers, *waiting, *pending, **pending_end;
    struct shared_ring *closing; /* for the keeper to close */
    uint64_t memory;             /* bytes of rings and caches */
    int stream_count;
    int followers;           /* private streams that may merge into another */
    uint64_t names, numbers; /* given so far */
    uint64_t time;           /* of the pass that was served last */
    bool attention;          /* the keeper's: something has come about */
    uint64_t moves, convoys; /* since the hub began */
    struct hub_counts past;  /* of streams that have ended */
};

/* Everything below is called with the lock held unless it says otherwise. */

/* hub_data.c */
/* What tells whether a path is still what it was; without the lock. */
void hub_data_stamp(const char *path, int64_t stamp[HUB_STAMP]);
/* What `config` calls train, with its classes and fold. */
struct hub_data *hub_data_find(struct hub *hub, const struct data_config *config,
                               const int64_t stamp[HUB_STAMP], struct error *err);
void hub_data_drop(struct hub_data *data);
/* Close what nobody uses; may release the lock meanwhile. `all`: wait for what is being opened. */
void hub_data_sweep(struct hub *hub, bool all);
/* The cache that these options ask for, opened when it is the first; NULL in *cache for none. */
int hub_data_cache(struct hub_data *data, const struct stream_options *options,
                   struct cache **cache, struct error *err);

/* hub_stream.c */
struct hub_recipe *hub_recipe_hold(struct hub_recipe *recipe);
void hub_recipe_drop(struct hub_recipe *recipe);
/* A stream like another, of which data, recipe, maker, keys, end, private, alone and ledger_until
 * are looked at, from its maker's options.start on. Without the lock. */
int hub_stream_open(struct hub_stream **stream, const struct hub_stream *like, struct error *err);
void hub_stream_free(struct hub_stream *stream); /* one that is not entered; without its ring */
/* Let it be filled. After an error it is dead. */
int hub_stream_enter(struct hub *hub, struct hub_stream *stream, struct error *err);
/* The oldest step from which on all are still in the ring. */
uint64_t hub_stream_oldest(const struct hub_stream *stream);
uint64_t hub_stream_bad_before(const struct hub_stream *stream, uint64_t step);
/* Nobody wants it any more. */
void hub_stream_end(struct hub *hub, struct hub_stream *stream);
void hub_stream_fail(struct hub *hub, struct hub_stream *stream, const struct error *why);
/* Free what is dead; without the lock meanwhile. */
void hub_stream_sweep(struct hub *hub);
void hub_counts_add(struct hub_counts *sum, const struct hub_counts *c);
void hub_ring_drop(struct hub *hub, struct shared_ring *ring);
/* Of one key, open to all and with batches to come; NULL: there is none. */
struct hub_stream *hub_stream_shared(const struct hub *hub, const char *key);
/* Others may join it from now on, and the ledger's lines are its. */
void hub_stream_share(struct hub *hub, struct hub_stream *stream);
/* One of its `in_flight` is done. */
void hub_stream_settle(struct hub *hub, struct hub_stream *stream);
/* End it if nobody is there. */
void hub_stream_unwanted(struct hub *hub, struct hub_stream *stream);

/* hub_publish.c */
/* A slot of it was filled: hand over what is complete, in order. Releases the lock meanwhile. */
void hub_stream_publish(struct hub *hub, struct hub_stream *stream);
/* Nothing of its ring comes any more for stations whose steps are all handed over. */
void hub_stream_finish(struct hub *hub, struct hub_stream *stream);

/* hub_pass.c */
int hub_pass_open(struct hub *hub, struct hub_stream *stream, uint64_t step, struct error *err);
void hub_pass_leave(struct hub *hub, struct hub_stream *stream);
bool hub_pass_has_work(const struct hub *hub, const struct pass *pass);
/* At the beginning of a step: take in the passes over the same files that are there, too. */
void hub_pass_gather(struct hub *hub, struct pass *pass);
/* One over the same files is a little behind, and is being worked at. */
bool hub_pass_waits(const struct hub *hub, const struct pass *pass);
/* It is behind one over the same files. */
bool hub_pass_lags(const struct hub *hub, const struct pass *pass);
/* Let members go that hold up the others of their convoy. False: there is no convoy. */
bool hub_pass_free_stalled(struct hub *hub, uint64_t now);

/* hub_pool.c; a thread's main */
void *hub_thread_main(void *argument);
/* hub_ahead.c; likewise */
void *hub_ahead_main(void *argument);

/* hub_consumer.c */
int hub_station_open(struct station **station, struct consumer *c, struct shared_ring *ring,
                     struct error *err);
/* Put it on the stream's list, from step `from` on; what is already in the ring is handed over. */
void hub_station_enter(struct station *station, struct hub_stream *stream, uint64_t from);
void hub_station_leave(struct station *station); /* off the stream's list */
void hub_station_close(struct station *station); /* gives back all that it holds */
void hub_wish_release(struct wish *wish);
void hub_consumer_free(struct consumer *c); /* one that is on no list */

/* hub_place.c */
void hub_consumer_place(const struct consumer *c, const struct hub_stream *stream, uint64_t next,
                        struct consumer_place *place);

/* hub_event.c */
void hub_consumer_event(struct consumer *c, enum hub_event_kind kind, uint64_t at);
void hub_consumer_fail(struct consumer *c, const struct error *why);
void hub_consumer_wake(struct consumer *c); /* there may be a batch */
void hub_notify(int fd);                    /* an eventfd */

/* hub_open.c */
void hub_open_waiting(struct hub *hub);
/* hub_stream_open within the hub's limits; releases the lock meanwhile. NULL: err says why. */
struct hub_stream *hub_stream_like(struct hub *hub, const struct hub_stream *like,
                                   struct error *err);

/* hub_keeper.c */
void *hub_keeper_main(void *argument);
void hub_attend(struct hub *hub);

/* hub_move.c, for the keeper; these release the lock meanwhile */
/* Merge private streams that have caught up with the shared one of their key. */
void hub_merge(struct hub *hub);
/* Take slow consumers out of the way of others. False: nobody could be in anybody's way. */
bool hub_free_stalled(struct hub *hub, uint64_t now);

#endif
