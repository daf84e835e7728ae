/*
 * Where a loader's time goes. Each thread counts for itself, in a line of memory of its own, with
 * plain stores; anybody may add the counters up at any time. Two sums taken some time apart say
 * what happened in between.
 *
 *     struct stats_sum before = stats_sum(stats), now;
 *     ... a second later ...
 *     now = stats_sum(stats);
 *     stats_print(&before, &now, text, sizeof(text));
 *     -> 485.1 images/s; ms an image: read 0.02, decode 1.31, render 0.62, wait 0.00, cpu 1.95;
 *        the consumer waits 98 %; decode-bound
 */
#ifndef TENFOLD_LOADER_STATS_H
#define TENFOLD_LOADER_STATS_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

/* What a loader thread does: read the file (or find it in the cache), decode (or find the pixels
 * there; the draw, which is made between header and pixels, counts with it), render and mix, wait
 * for a free slot. */
enum stage { STAGE_READ, STAGE_DECODE, STAGE_RENDER, STAGE_WAIT, STAGES };

/* One thread's counters, written by it alone. Cache lines of its own, so that nobody else's store
 * slows it down. */
struct thread_stats {
    _Alignas(64) _Atomic uint64_t samples; /* rendered */
    _Atomic uint64_t bytes;                /* read from files */
    _Atomic uint64_t decoded;              /* images; each may become several samples */
    _Atomic uint64_t cached;               /* samples found in the cache */
    _Atomic uint64_t ns[STAGES];
    _Atomic uint64_t cpu_ns; /* of the thread, a moment old */
    uint64_t last, cpu_read; /* the thread's own: when it was last looked at the clocks */
};

/* The consumer's: it waits for batches, and between them it is busy. */
struct consumer_stats {
    _Alignas(64) _Atomic uint64_t batches, images;
    _Atomic uint64_t wait_ns, busy_ns;
    uint64_t last; /* the consumer's own; 0 before its first batch */
};

struct stats {
    struct consumer_stats consumer;
    int count;
    struct thread_stats threads[]; /* `count` of them */
};

/* NULL with err filled when there is no memory; free(). */
struct stats *stats_open(int threads, struct error *err);

/* Nanoseconds on a clock that never steps back. */
uint64_t stats_clock(void);
/* The thread begins: what it does from now on counts. */
void stats_begin(struct thread_stats *t);
/* What the thread did since it last said so was this stage. */
void stats_stage(struct thread_stats *t, enum stage stage);
/* The consumer comes for a batch, and goes with one of so many images. */
void stats_come(struct consumer_stats *c);
void stats_go(struct consumer_stats *c, uint32_t images);
/* For counters that only their own thread writes. */
static inline void stats_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

struct stats_sum {
    uint64_t at; /* stats_clock */
    int threads;
    uint64_t samples, bytes, decoded, cached, ns[STAGES], cpu_ns;
    uint64_t batches, images, wait_ns, busy_ns; /* the consumer's */
    uint64_t cache_items, cache_bytes;          /* filled in by whoever has a cache */
};
struct stats_sum stats_sum(const struct stats *stats);

enum stats_verdict {
    VERDICT_IDLE, /* nothing happened */
    VERDICT_STORAGE,
    VERDICT_DECODE,
    VERDICT_RENDER,
    VERDICT_CONSUMER
};
extern const char *const stats_verdicts[]; /* "storage-bound", ... */

/* What happened between two sums. */
struct stats_report {
    double seconds, images_per_second, samples_per_second;
    double ms[STAGES], cpu_ms;   /* a sample, of one thread */
    double megabytes_per_second; /* read from files */
    double cached;               /* share of samples found in the cache */
    double consumer_wait;        /* share of the time */
    enum stats_verdict verdict;
    double cpu_got;        /* of the CPU time that decoding and rendering asked for; at most 1 */
    double threads_needed; /* to make samples as fast as the consumer takes them; 0: it takes all */
};
struct stats_report stats_report(const struct stats_sum *before, const struct stats_sum *now);
/* As one line without its end. */
void stats_print(const struct stats_report *r, char *text, size_t size);
/* NULL when there is no memory. */
json_t *stats_json(const struct stats_report *r);

#endif
