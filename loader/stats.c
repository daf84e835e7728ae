#include "loader/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"

/* Reading a thread's CPU time is a system call: not at every sample. */
static const uint64_t CPU_EVERY = 10000000;
/* Below this share of the CPU time asked for, somebody else has the CPUs. */
static const double CPU_LEAST = 0.7;
/* Below this share of its time at work, the consumer takes whatever it can get. */
static const double BUSY_LEAST = 0.02;

const char *const stats_verdicts[] = {
    [VERDICT_IDLE] = "idle",
    [VERDICT_STORAGE] = "storage-bound",
    [VERDICT_DECODE] = "decode-bound",
    [VERDICT_RENDER] = "render-bound",
    [VERDICT_CONSUMER] = "consumer-bound",
};

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t stats_clock(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

struct stats *stats_open(int threads, struct error *err)
{
    struct stats *stats =
        memory_aligned(1, sizeof(*stats) + (size_t)threads * sizeof(stats->threads[0]), err);
    if (stats)
        stats->count = threads;
    return stats;
}

void stats_begin(struct thread_stats *t)
{
    t->last = t->cpu_read = stats_clock();
}

void stats_stage(struct thread_stats *t, enum stage stage)
{
    uint64_t now = stats_clock();
    stats_add(&t->ns[stage], now - t->last);
    t->last = now;
    if (now - t->cpu_read > CPU_EVERY) {
        t->cpu_read = now;
        atomic_store_explicit(&t->cpu_ns, read_clock(CLOCK_THREAD_CPUTIME_ID),
                              memory_order_relaxed);
    }
}

void stats_come(struct consumer_stats *c)
{
    uint64_t now = stats_clock();
    if (c->last)
        stats_add(&c->busy_ns, now - c->last);
    c->last = now;
}

void stats_go(struct consumer_stats *c, uint32_t images)
{
    uint64_t now = stats_clock();
    stats_add(&c->wait_ns, now - c->last);
    stats_add(&c->batches, 1);
    stats_add(&c->images, images);
    c->last = now;
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

struct stats_sum stats_sum(const struct stats *stats)
{
    struct stats_sum sum = { .at = stats_clock(), .threads = stats->count };
    for (int i = 0; i < stats->count; i++) {
        const struct thread_stats *t = &stats->threads[i];
        sum.samples += get(&t->samples);
        sum.bytes += get(&t->bytes);
        sum.decoded += get(&t->decoded);
        sum.cached += get(&t->cached);
        sum.cpu_ns += get(&t->cpu_ns);
        for (int stage = 0; stage < STAGES; stage++)
            sum.ns[stage] += get(&t->ns[stage]);
    }
    sum.batches = get(&stats->consumer.batches);
    sum.images = get(&stats->consumer.images);
    sum.wait_ns = get(&stats->consumer.wait_ns);
    sum.busy_ns = get(&stats->consumer.busy_ns);
    return sum;
}

/* Who waits for whom: threads for the consumer (a full ring), or it for them. */
static enum stats_verdict judge(const struct stats_report *r, double threads_wait)
{
    if (r->images_per_second == 0 && r->samples_per_second == 0)
        return VERDICT_IDLE;
    if (threads_wait > r->consumer_wait)
        return VERDICT_CONSUMER;
    if (r->ms[STAGE_READ] > r->ms[STAGE_DECODE] && r->ms[STAGE_READ] > r->ms[STAGE_RENDER])
        return VERDICT_STORAGE;
    return r->ms[STAGE_DECODE] > r->ms[STAGE_RENDER] ? VERDICT_DECODE : VERDICT_RENDER;
}

struct stats_report stats_report(const struct stats_sum *a, const struct stats_sum *b)
{
    double ns = (double)(b->at - a->at), samples = (double)(b->samples - a->samples);
    struct stats_report r = {
        .seconds = 1e-9 * ns,
        .images_per_second = (double)(b->images - a->images) / (1e-9 * ns),
        .samples_per_second = samples / (1e-9 * ns),
        .megabytes_per_second = (double)(b->bytes - a->bytes) / (1e-3 * ns),
        .consumer_wait = (double)(b->wait_ns - a->wait_ns) / ns,
    };
    double busy = (double)(b->busy_ns - a->busy_ns), making = 0;
    for (int stage = 0; stage < STAGES && samples > 0; stage++)
        r.ms[stage] = 1e-6 * (double)(b->ns[stage] - a->ns[stage]) / samples;
    if (samples > 0) {
        r.cpu_ms = 1e-6 * (double)(b->cpu_ns - a->cpu_ns) / samples;
        r.cached = (double)(b->cached - a->cached) / samples;
        double work = r.ms[STAGE_DECODE] + r.ms[STAGE_RENDER];
        r.cpu_got = work > r.cpu_ms ? r.cpu_ms / work : 1;
        making = r.ms[STAGE_READ] + r.ms[STAGE_DECODE] + r.ms[STAGE_RENDER];
    }
    r.verdict = judge(&r, (double)(b->ns[STAGE_WAIT] - a->ns[STAGE_WAIT]) / (ns * b->threads));
    uint64_t images = b->images - a->images;
    if (busy > BUSY_LEAST * ns && images > 0)
        r.threads_needed = making / (1e-6 * busy / (double)images);
    return r;
}

void stats_print(const struct stats_report *r, char *text, size_t size)
{
    int used =
        snprintf(text, size,
                 "%.1f images/s; ms an image: read %.3f, decode %.3f, render %.3f, wait "
                 "%.3f, cpu %.3f; the consumer waits %.0f %%; %s",
                 r->images_per_second, r->ms[STAGE_READ], r->ms[STAGE_DECODE], r->ms[STAGE_RENDER],
                 r->ms[STAGE_WAIT], r->cpu_ms, 100 * r->consumer_wait, stats_verdicts[r->verdict]);
    if (r->threads_needed > 0 && used > 0 && (size_t)used < size)
        used +=
            snprintf(text + used, size - (size_t)used, ", %.1f threads feed it", r->threads_needed);
    if (r->cpu_got < CPU_LEAST && r->cpu_ms > 0 && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, "; threads get %.0f %% of the CPU they want",
                 100 * r->cpu_got);
}

json_t *stats_json(const struct stats_report *r)
{
    return json_pack("{s:f, s:f, s:{s:f, s:f, s:f, s:f, s:f}, s:f, s:f, s:f, s:f, s:s, s:f}",
                     "seconds", r->seconds, "images_per_second", r->images_per_second,
                     "ms_per_image", "read", r->ms[STAGE_READ], "decode", r->ms[STAGE_DECODE],
                     "render", r->ms[STAGE_RENDER], "wait", r->ms[STAGE_WAIT], "cpu", r->cpu_ms,
                     "megabytes_per_second", r->megabytes_per_second, "cached", r->cached,
                     "consumer_wait", r->consumer_wait, "cpu_got", r->cpu_got, "verdict",
                     stats_verdicts[r->verdict], "threads_needed", r->threads_needed);
}
