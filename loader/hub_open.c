/*
 * What a consumer asked for, once its data set is open: a place in a stream that gives the same
 * batches, if there is one that still has its first step or comes to it next; else a stream of its
 * own. Called by the keeper, who alone opens streams.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/hub_private.h"

enum { SLOTS_DEFAULT = 4 };

/* Texts that are equal exactly when two streams give the same batches, and when they read the same
 * images at the same steps. */
static int keys(const struct hub_stream *like, char **key, char **pass_key, struct error *err)
{
    const struct maker *m = &like->maker;
    const struct stream_options *o = &m->options;
    const char *ledger = like->recipe->ledger ? like->recipe->ledger : "";
    char recipe[65];
    if (recipe_hash(m->recipe, m->mix, o, recipe, err) < 0)
        return -1;
    *key = *pass_key = NULL;
    int n = asprintf(pass_key, "%" PRIu64 " %" PRIu64 " %d %u %d %u/%u %d %d", like->data->number,
                     o->order_seed, o->shuffle, o->batch, o->last, o->rank, o->world, o->exif_apply,
                     o->cache);
    if (n >= 0)
        n = asprintf(key, "%s %s %" PRIu64 " %d %d %d %.17g %d %.17g %d %d %" PRIu64 " %s",
                     *pass_key, recipe, o->augment_seed, o->form.dtype, o->form.layout, o->on_error,
                     o->max_bad, o->soft_labels ? m->classes : 0, o->label_smoothing, o->slots,
                     o->soft_labels, like->end, ledger);
    if (n >= 0)
        return 0;
    free(*pass_key);
    return error_set(err, ERROR_FAILED, NULL, "no memory for a stream's name");
}

/* Within the limits: what the ring takes is then the stream's. */
static int reserve(struct hub *hub, const struct maker *m, size_t *bytes, struct error *err)
{
    struct slot_shape shape = maker_shape(m);
    const struct hub_options *o = &hub->options;
    if (hub->stream_count >= o->streams)
        return error_set(err, ERROR_FAILED, NULL,
                         "the daemon has %d streams, as many as it may; close some, share one, or "
                         "start it with more",
                         hub->stream_count);
    if (!shared_ring_bytes(m->options.slots, &shape, bytes))
        return error_set(err, ERROR_USAGE, NULL,
                         "a ring of %d batches of %u samples does not fit the address space",
                         m->options.slots, m->places);
    if (*bytes > o->client_memory)
        return error_set(err, ERROR_FAILED, NULL,
                         "a ring of %d batches takes %zu MiB, and a client may have %" PRIu64
                         " MiB; take fewer data.slots, a smaller data.batch or data.dtype: uint8",
                         m->options.slots, *bytes >> 20, o->client_memory >> 20);
    if (*bytes > o->memory || hub->memory > o->memory - *bytes)
        return error_set(err, ERROR_FAILED, NULL,
                         "a ring of %d batches takes %zu MiB, and of the daemon's memory (%" PRIu64
                         " MiB) %" PRIu64
                         " MiB are used; take fewer data.slots or a smaller data.batch, or give "
                         "the daemon more (--memory)",
                         m->options.slots, *bytes >> 20, o->memory >> 20, hub->memory >> 20);
    hub->memory += *bytes;
    return 0;
}

struct hub_stream *hub_stream_like(struct hub *hub, const struct hub_stream *like,
                                   struct error *err)
{
    size_t bytes;
    struct hub_stream *s = NULL;
    if (reserve(hub, &like->maker, &bytes, err) < 0)
        return NULL;
    pthread_mutex_unlock(&hub->lock);
    int rc = hub_stream_open(&s, like, err);
    pthread_mutex_lock(&hub->lock);
    if (rc < 0)
        hub->memory -= bytes;
    return s;
}

/* Begin where the consumer asked for, or where the stream is. */
static bool can_join(const struct hub_stream *s, const struct consumer *c, uint64_t start)
{
    bool asked = c->wish.has_start || c->wish.state;
    return !asked || (start >= hub_stream_oldest(s) && start <= s->published);
}

static int find_stream(struct consumer *c, struct hub_stream *like, struct hub_stream **stream,
                       uint64_t *from, struct error *err)
{
    uint64_t start = like->maker.options.start;
    struct hub_stream *shared = c->wish.share ? hub_stream_shared(c->hub, like->key) : NULL;
    *from = start;
    if (shared && can_join(shared, c, start)) {
        *stream = shared;
        if (!c->wish.has_start && !c->wish.state)
            *from = hub_stream_oldest(shared);
        return 0;
    }
    like->private = shared || !c->wish.share;
    like->alone = !c->wish.share;
    if (shared)
        like->ledger_until = shared->began;
    *stream = hub_stream_like(c->hub, like, err);
    if (!*stream)
        return -1;
    if (shared && !hub_stream_shared(c->hub, like->key)) /* it has gone meanwhile */
        hub_stream_share(c->hub, *stream);
    return hub_stream_enter(c->hub, *stream, err);
}

static int take_place(struct consumer *c, struct hub_stream *like, struct error *err)
{
    struct hub_stream *s;
    uint64_t from;
    if (find_stream(c, like, &s, &from, err) < 0)
        return -1;
    uint64_t bad = c->wish.state && from == like->maker.options.start
                       ? like->maker.options.bad_before
                       : hub_stream_bad_before(s, from);
    c->first_state = maker_state(&s->maker, from, bad, err);
    if (!c->first_state || hub_station_open(&c->now, c, s->ring, err) < 0) {
        hub_stream_unwanted(c->hub, s);
        return -1;
    }
    c->state = CONSUMER_OPEN;
    c->next_step = from;
    hub_consumer_place(c, s, from, &c->coming);
    hub_consumer_event(c, HUB_OPENED, from);
    hub_station_enter(c->now, s, from);
    return 0;
}

/* The maker and what else tells one stream from another; kept in a stream that is never entered. */
static int open_consumer(struct consumer *c, struct error *err)
{
    struct wish *wish = &c->wish;
    struct stream_options *o = &wish->options;
    struct hub_stream like = { .data = wish->data,
                               .recipe = wish->recipe,
                               .ledger_until = UINT64_MAX };
    const struct index *index = wish->data->index;
    if (wish->data->state == DATA_FAILED) {
        *err = wish->data->why;
        return -1;
    }
    if (!o->slots)
        o->slots = SLOTS_DEFAULT;
    if (wish->state &&
        stream_resume(wish->state, index, wish->recipe->recipe, wish->recipe->mix, o, err) < 0)
        return -1;
    if (maker_init(&like.maker, index, wish->recipe->recipe, wish->recipe->mix, o, err) < 0 ||
        hub_data_cache(wish->data, o, &like.maker.job.cache, err) < 0)
        return -1;
    like.end = o->steps ? o->start + o->steps : UINT64_MAX;
    if (keys(&like, &like.key, &like.pass_key, err) < 0)
        return -1;
    int rc = take_place(c, &like, err);
    free(like.key);
    free(like.pass_key);
    return rc;
}

void hub_open_waiting(struct hub *hub)
{
    for (struct consumer **at = &hub->waiting; *at;) {
        struct consumer *c = *at;
        if (c->wish.data->state == DATA_OPENING) {
            at = &c->waiting;
            continue;
        }
        *at = c->waiting;
        struct error why = { 0 };
        c->busy = true;
        if (open_consumer(c, &why) < 0)
            hub_consumer_fail(c, &why);
        hub_wish_release(&c->wish);
        c->busy = false;
        if (c->gone)
            hub_consumer_free(c);
        at = &hub->waiting; /* it may have changed meanwhile */
    }
}
