/* A stream of the hub: opened, shared, ended, freed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/hub_private.h"

struct hub_recipe *hub_recipe_hold(struct hub_recipe *r)
{
    r->refs++;
    return r;
}

void hub_recipe_drop(struct hub_recipe *r)
{
    if (!r || --r->refs > 0)
        return;
    mix_close(r->mix);
    recipe_close(r->recipe);
    free(r->ledger);
    free(r);
}

void hub_stream_free(struct hub_stream *s)
{
    struct error ignored = { 0 }; /* every line is on disk already */
    (void)log_close(s->ledger, &ignored);
    free(s->key);
    free(s->pass_key);
    free(s);
}

int hub_stream_open(struct hub_stream **result, const struct hub_stream *like, struct error *err)
{
    struct hub_stream *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    const struct stream_options *o = &like->maker.options;
    struct slot_shape shape = maker_shape(&like->maker);
    *s = (struct hub_stream){
        .data = like->data,
        .recipe = like->recipe,
        .maker = like->maker,
        .private = like->private,
        .alone = like->alone,
        .began = o->start,
        .published = o->start,
        .end = like->end,
        .stop = UINT64_MAX,
        .ledger_until = like->ledger_until,
        .bad = o->bad_before,
        .books = { .bad = o->bad_before },
    };
    books_begin(&s->books, &s->maker, (uint32_t)(o->start / s->maker.steps_per_epoch),
                o->start % s->maker.steps_per_epoch);
    s->key = memory_text(like->key, err);
    s->pass_key = s->key ? memory_text(like->pass_key, err) : NULL;
    if (!s->pass_key ||
        (s->recipe->ledger && log_open(&s->ledger, s->recipe->ledger, true, err) < 0) ||
        shared_ring_open(&s->ring, o->slots, &shape, o->start, err) < 0) {
        hub_stream_free(s);
        return -1;
    }
    s->ring->refs = 1;
    shared_ring_end(s->ring, s->end);
    *result = s;
    return 0;
}

int hub_stream_enter(struct hub *hub, struct hub_stream *s, struct error *err)
{
    snprintf(s->name, sizeof(s->name), "s%llu", (unsigned long long)++hub->names);
    s->data->users++;
    hub_recipe_hold(s->recipe);
    s->next = hub->streams;
    hub->streams = s;
    hub->stream_count++;
    hub->followers += s->private && !s->alone;
    if (hub_pass_open(hub, s, s->began, err) < 0) {
        hub_stream_end(hub, s);
        return -1;
    }
    pthread_cond_broadcast(&hub->work);
    pthread_cond_signal(&hub->ahead);
    return 0;
}

void hub_stream_settle(struct hub *hub, struct hub_stream *s)
{
    if (--s->in_flight == 0 && s->dead)
        hub_attend(hub);
}

void hub_stream_unwanted(struct hub *hub, struct hub_stream *s)
{
    if (!s->stations)
        hub_stream_end(hub, s);
}

struct hub_stream *hub_stream_shared(const struct hub *hub, const char *key)
{
    for (struct hub_stream *s = hub->streams; s; s = s->next)
        if (!s->private && !s->dead && !s->failed && s->published < s->end &&
            strcmp(s->key, key) == 0)
            return s;
    return NULL;
}

uint64_t hub_stream_oldest(const struct hub_stream *s)
{
    uint64_t step = s->published;
    while (step > s->ring->first && s->published - step < (uint64_t)s->ring->slots) {
        const struct slot *slot = &shared_ring_slot(s->ring, step - 1)->slot;
        if (slot->state != SLOT_HELD || slot->step != step - 1)
            break;
        step--;
    }
    return step;
}

uint64_t hub_stream_bad_before(const struct hub_stream *s, uint64_t step)
{
    if (step < s->published)
        return shared_ring_slot(s->ring, step)->bad_before;
    return step % s->maker.steps_per_epoch ? s->bad : 0;
}

void hub_ring_drop(struct hub *hub, struct shared_ring *ring)
{
    if (--ring->refs > 0)
        return;
    ring->next = hub->closing;
    hub->closing = ring;
    hub_attend(hub);
}

void hub_stream_share(struct hub *hub, struct hub_stream *s)
{
    hub->followers -= s->private && !s->alone;
    s->private = false;
    s->ledger_until = UINT64_MAX;
}

/* A private stream of the key becomes the one that others join. */
static void promote(struct hub *hub, const char *key)
{
    if (hub_stream_shared(hub, key))
        return;
    for (struct hub_stream *s = hub->streams; s; s = s->next)
        if (s->private && !s->alone && !s->dead && !s->failed && s->stop == UINT64_MAX &&
            strcmp(s->key, key) == 0) {
            hub_stream_share(hub, s);
            return;
        }
}

void hub_stream_end(struct hub *hub, struct hub_stream *s)
{
    if (s->dead)
        return;
    s->dead = true;
    hub_pass_leave(hub, s);
    hub->stream_count--;
    hub->followers -= s->private && !s->alone;
    if (!s->private)
        promote(hub, s->key);
    hub_attend(hub);
}

void hub_stream_fail(struct hub *hub, struct hub_stream *s, const struct error *why)
{
    s->failed = true;
    s->why = *why;
    s->end = s->published;
    shared_ring_end(s->ring, s->end);
    hub_pass_leave(hub, s);
    for (struct station *at = s->stations; at; at = at->next)
        if (at->until > s->published) {
            hub_consumer_fail(at->consumer, why);
            hub_notify(at->consumer->ready);
        }
}

void hub_counts_add(struct hub_counts *sum, const struct hub_counts *c)
{
    sum->batches += c->batches;
    sum->images += c->images;
    sum->substituted += c->substituted;
    sum->skipped += c->skipped;
    sum->bytes += c->bytes;
    sum->decoded += c->decoded;
    sum->cached += c->cached;
    sum->cpu_ns += c->cpu_ns;
    for (int i = 0; i < STAGES; i++)
        sum->ns[i] += c->ns[i];
}

static void close_rings(struct hub *hub)
{
    while (hub->closing) {
        struct shared_ring *ring = hub->closing;
        size_t bytes = ring->bytes;
        hub->closing = ring->next;
        pthread_mutex_unlock(&hub->lock);
        shared_ring_close(ring);
        pthread_mutex_lock(&hub->lock);
        hub->memory -= bytes;
    }
}

void hub_stream_sweep(struct hub *hub)
{
    for (struct hub_stream **at = &hub->streams; *at;) {
        struct hub_stream *s = *at;
        if (!s->dead || s->in_flight > 0) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        hub_counts_add(&hub->past, &s->counts);
        hub_ring_drop(hub, s->ring);
        hub_recipe_drop(s->recipe);
        hub_data_drop(s->data);
        pthread_mutex_unlock(&hub->lock);
        hub_stream_free(s);
        pthread_mutex_lock(&hub->lock);
        at = &hub->streams; /* it may have changed meanwhile */
    }
    close_rings(hub);
}
