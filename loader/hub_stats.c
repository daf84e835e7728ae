/* What the hub has counted, as JSON. */
#include "loader/hub_private.h"

static double seconds(uint64_t ns)
{
    return 1e-9 * (double)ns;
}

static json_t *seconds_json(const uint64_t ns[STAGES])
{
    return json_pack("{s:f, s:f, s:f, s:f}", "read", seconds(ns[STAGE_READ]), "decode",
                     seconds(ns[STAGE_DECODE]), "render", seconds(ns[STAGE_RENDER]), "wait",
                     seconds(ns[STAGE_WAIT]));
}

static json_t *counts_json(const struct hub_counts *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "batches",
                     (json_int_t)c->batches, "images", (json_int_t)c->images, "substituted",
                     (json_int_t)c->substituted, "skipped", (json_int_t)c->skipped, "bytes",
                     (json_int_t)c->bytes, "decoded", (json_int_t)c->decoded, "cached",
                     (json_int_t)c->cached, "cpu_seconds", seconds(c->cpu_ns), "seconds",
                     seconds_json(c->ns));
}

static json_t *stream_json(const struct hub_stream *s)
{
    int held = 0, filling = 0, consumers = 0;
    for (int i = 0; i < s->ring->slots; i++) {
        held += s->ring->slot[i].slot.state == SLOT_HELD;
        filling += s->ring->slot[i].slot.state == SLOT_FILLING ||
                   s->ring->slot[i].slot.state == SLOT_READY;
    }
    for (const struct station *at = s->stations; at; at = at->next)
        consumers++;
    json_t *all = counts_json(&s->counts);
    json_t *own =
        json_pack("{s:s, s:b, s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:i}", "name", s->name, "private",
                  s->private, "data", s->data->path, "step", (json_int_t)s->published, "batch",
                  (int)s->maker.options.batch, "slots", s->ring->slots, "ready", held, "filling",
                  filling, "consumers", consumers, "convoy", s->pass ? s->pass->count : 0);
    if (all && own)
        json_object_update(all, own);
    json_decref(own);
    return all;
}

json_t *hub_stats(struct hub *hub)
{
    struct stats_sum sum = stats_sum(hub->stats);
    json_t *streams = json_array();
    int consumers = 0, convoys = 0, waiting = 0;
    pthread_mutex_lock(&hub->lock);
    struct hub_counts all = hub->past;
    for (const struct hub_stream *s = hub->streams; s; s = s->next) {
        hub_counts_add(&all, &s->counts);
        if (!s->dead)
            json_array_append_new(streams, stream_json(s));
    }
    for (const struct pass *p = hub->passes; p; p = p->next)
        convoys += p->count > 1;
    for (const struct consumer *c = hub->consumers; c; c = c->next)
        consumers++;
    for (const struct consumer *c = hub->waiting; c; c = c->waiting)
        waiting++;
    uint64_t memory = hub->memory, moves = hub->moves;
    pthread_mutex_unlock(&hub->lock);
    all.bytes = sum.bytes;
    all.decoded = sum.decoded;
    all.cached = sum.cached;
    all.cpu_ns = sum.cpu_ns;
    for (int i = 0; i < STAGES; i++)
        all.ns[i] = sum.ns[i];
    json_t *stats = counts_json(&all);
    json_t *own =
        json_pack("{s:i, s:I, s:I, s:I, s:i, s:i, s:i, s:I, s:o}", "threads", hub->options.threads,
                  "memory", (json_int_t)memory, "memory_limit", (json_int_t)hub->options.memory,
                  "samples", (json_int_t)sum.samples, "consumers", consumers, "opening", waiting,
                  "convoys", convoys, "moves", (json_int_t)moves, "streams", streams);
    if (stats && own)
        json_object_update(stats, own);
    json_decref(own);
    return stats;
}

json_t *consumer_stats(const struct consumer *c)
{
    pthread_mutex_lock(&c->hub->lock);
    const struct station *at = c->now;
    bool maps = at && at->control.fd >= 0;
    uint64_t starved = c->starved_ns + (c->starving ? stats_clock() - c->starving : 0);
    uint64_t published =
        at ? atomic_load_explicit(&at->ring->header->published, memory_order_relaxed) : 0;
    json_t *stats = json_pack("{s:I, s:I, s:i, s:I, s:f, s:f}", "taken",
                              (json_int_t)(maps ? control_taken(&at->control) : c->next_step),
                              "published", (json_int_t)published, "held",
                              (at ? at->owed_count : 0) + (c->old ? c->old->owed_count : 0),
                              "batches", (json_int_t)c->batches, "waited_seconds",
                              seconds(maps ? control_waited(&at->control) : starved),
                              "starved_seconds", seconds(starved));
    pthread_mutex_unlock(&c->hub->lock);
    return stats;
}
