/*
 * The hub's threads. Each takes a unit (a pair of places) of the pass that has used least CPU time,
 * fills it without the lock, and charges what it cost. A pass that had nothing to do, its ring
 * being full, or that is new, begins at the time of the one served last: it owes nothing and is
 * owed nothing, so nobody starves and nobody pays for the idle. A pass that is behind another over
 * the same files is charged less, until it has caught up and costs next to nothing.
 */
#include <time.h>

#include "loader/hub_private.h"

enum { LAG_SHARE = 3 };

/* A unit being filled. */
struct job {
    uint64_t step;
    uint32_t first, places;
    uint64_t estimate; /* of its cost, which the pass was charged */
    int count;
    bool fresh; /* the first of a slot whose memory was never written */
    struct hub_stream *stream[FILLINGS_MAX];
    struct filling filling[FILLINGS_MAX];
};

static uint64_t cpu_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct pass *pick(struct hub *hub)
{
    struct pass *best = NULL;
    for (struct pass *p = hub->passes; p; p = p->next) {
        if (!hub_pass_has_work(hub, p)) {
            p->idle = true;
            continue;
        }
        if (hub_pass_waits(hub, p))
            continue;
        if (p->idle && p->time < hub->time)
            p->time = hub->time;
        p->idle = false;
        if (!best || p->time < best->time)
            best = p;
    }
    return best;
}

/* Was its memory never written? */
static bool begin_slot(struct hub_stream *s, const struct pass *p)
{
    struct shared_slot *slot = shared_ring_slot(s->ring, p->step);
    bool fresh = slot->fresh;
    slot->fresh = false;
    slot->slot.state = SLOT_FILLING;
    slot->slot.step = p->step;
    slot->slot.units_left = p->units;
    return fresh;
}

/* The step is all taken: on to the next, without those that have no more. `p` may be gone. */
static void next_step(struct hub *hub, struct pass *p)
{
    struct hub_stream *over[FILLINGS_MAX];
    int count = 0;
    p->unit = 0;
    p->step++;
    pthread_cond_signal(&hub->ahead);
    for (int i = 0; i < p->count; i++)
        if (p->step >= p->member[i]->end || p->step >= p->member[i]->stop)
            over[count++] = p->member[i];
    for (int i = 0; i < count; i++)
        hub_pass_leave(hub, over[i]);
}

static bool take(struct hub *hub, struct job *job)
{
    struct pass *p = pick(hub);
    while (p && p->unit == 0) {
        hub_pass_gather(hub, p);
        if (hub_pass_has_work(hub, p))
            break;
        p = pick(hub); /* who was taken in has no room yet */
    }
    if (!p)
        return false;
    uint32_t places = p->member[0]->maker.places;
    job->step = p->step;
    job->first = p->unit * SLOT_UNIT;
    job->places = places - job->first < SLOT_UNIT ? places - job->first : SLOT_UNIT;
    job->count = p->count;
    job->fresh = false;
    for (int i = 0; i < p->count; i++) {
        struct hub_stream *s = p->member[i];
        if (p->unit == 0)
            job->fresh |= begin_slot(s, p);
        struct slot *slot = &shared_ring_slot(s->ring, p->step)->slot;
        s->in_flight++;
        job->stream[i] = s;
        job->filling[i] = (struct filling){ &s->maker, slot, shared_ring_outcomes(s->ring, slot) };
    }
    if (p->time > hub->time)
        hub->time = p->time;
    job->estimate = p->cost;
    p->time += p->cost; /* put right when it is done */
    if (++p->unit == p->units)
        next_step(hub, p);
    return true;
}

/* What the thread's counters have counted in all, less what they had. */
static struct hub_counts counted(const struct thread_stats *t, const struct hub_counts *before)
{
    struct hub_counts c = { .bytes = t->bytes - before->bytes,
                            .decoded = t->decoded - before->decoded,
                            .cached = t->cached - before->cached };
    for (int i = 0; i < STAGES; i++)
        c.ns[i] = t->ns[i] - before->ns[i];
    return c;
}

static void charge(struct hub_stream *s, const struct hub_counts *c, uint64_t cpu, int members)
{
    uint64_t n = (uint64_t)members;
    s->counts.bytes += c->bytes / n;
    s->counts.decoded += c->decoded;
    s->counts.cached += c->cached;
    s->counts.cpu_ns += cpu / n;
    for (int i = 0; i < STAGES; i++)
        s->counts.ns[i] += c->ns[i] / n;
}

static void done(struct hub *hub, const struct job *job, const struct hub_counts *c, uint64_t cpu)
{
    struct pass *p = job->stream[0]->pass;
    if (p) {
        p->cost = cpu / (uint64_t)job->count / (hub_pass_lags(hub, p) ? LAG_SHARE : 1);
        p->time = p->time + p->cost > job->estimate ? p->time + p->cost - job->estimate : 0;
    }
    for (int i = 0; i < job->count; i++) {
        struct hub_stream *s = job->stream[i];
        struct slot *slot = job->filling[i].slot;
        charge(s, c, cpu, job->count);
        if (--slot->units_left == 0) {
            slot->state = SLOT_READY;
            hub_stream_publish(hub, s);
        }
        hub_stream_settle(hub, s);
    }
}

void *hub_thread_main(void *argument)
{
    struct hub_thread *t = argument;
    struct hub *hub = t->hub;
    struct job job;
    uint64_t cpu = cpu_clock();
    struct hub_counts nothing = { 0 };
    stats_begin(t->stats);
    pthread_mutex_lock(&hub->lock);
    while (!hub->stop) {
        if (!take(hub, &job)) {
            pthread_cond_wait(&hub->work, &hub->lock);
            continue;
        }
        pthread_mutex_unlock(&hub->lock);
        stats_stage(t->stats, STAGE_WAIT);
        struct hub_counts before = counted(t->stats, &nothing);
        for (int i = 0; i < job.count && job.fresh; i++)
            shared_ring_back(job.stream[i]->ring, job.filling[i].slot);
        maker_fill(job.filling, job.count, t->worker, job.step, job.first, job.places);
        stats_stage(t->stats, STAGE_RENDER);
        struct hub_counts c = counted(t->stats, &before);
        uint64_t now = cpu_clock(), used = now - cpu;
        cpu = now;
        pthread_mutex_lock(&hub->lock);
        done(hub, &job, &c, used);
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}
