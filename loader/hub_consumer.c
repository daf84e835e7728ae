/*
 * A consumer's places. What its page says is compared with what it was handed: a slot comes back
 * when its word is 1 + the step that lies in it and was handed to this consumer; anything else is
 * as if it had not been written.
 */
#include <assert.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/memory.h"
#include "loader/hub_private.h"

int hub_station_open(struct station **result, struct consumer *c, struct shared_ring *ring,
                     struct error *err)
{
    struct station *at = memory_array(1, sizeof(*at), err);
    if (!at)
        return -1;
    at->consumer = c;
    at->control.fd = -1;
    at->owed = memory_array((size_t)ring->slots, sizeof(*at->owed), err);
    if (!at->owed || (!c->local && control_open(&at->control, ring->slots, err) < 0)) {
        free(at->owed);
        free(at);
        return -1;
    }
    at->ring = ring;
    ring->refs++;
    *result = at;
    return 0;
}

void hub_station_enter(struct station *at, struct hub_stream *s, uint64_t from)
{
    at->stream = s;
    at->from = from;
    at->until = UINT64_MAX;
    at->next = s->stations;
    s->stations = at;
    for (uint64_t step = from; step < s->published; step++) {
        struct shared_slot *slot = shared_ring_slot(s->ring, step);
        assert(slot->slot.step == step && slot->slot.state == SLOT_HELD);
        slot->holders++;
        at->owed[slot->slot.number] = step + 1;
        at->owed_count++;
        at->consumer->batches++;
    }
    struct consumer *c = at->consumer;
    if (at->owed_count > 0) {
        hub_consumer_wake(c);
        c->starving = 0;
    } else if (!c->starving && !c->old)
        c->starving = stats_clock();
    if (s->published == s->end) {
        hub_consumer_event(c, HUB_ENDED, s->end);
        c->state = CONSUMER_OVER;
    }
}

void hub_station_leave(struct station *at)
{
    struct station **link = &at->stream->stations;
    while (*link != at)
        link = &(*link)->next;
    *link = at->next;
    at->next = NULL;
    at->stream = NULL;
}

/* One slot given back. */
static void give_back(struct station *at, int slot)
{
    struct shared_slot *s = &at->ring->slot[slot];
    at->owed[slot] = 0;
    at->owed_count--;
    assert(s->holders > 0);
    if (--s->holders == 0) {
        s->slot.state = SLOT_FREE;
        pthread_cond_broadcast(&at->consumer->hub->work);
    }
}

void hub_station_close(struct station *at)
{
    if (!at)
        return;
    struct hub *hub = at->consumer->hub;
    for (int i = 0; i < at->ring->slots; i++)
        if (at->owed[i])
            give_back(at, i);
    struct hub_stream *s = at->stream;
    if (s) {
        hub_station_leave(at);
        hub_stream_unwanted(hub, s);
    }
    control_close(&at->control);
    hub_ring_drop(hub, at->ring);
    free(at->owed);
    free(at);
}

/* The ring that it moved from is done with. */
static void close_old(struct consumer *c)
{
    struct station *old = c->old;
    if (!old || old->stream || old->owed_count > 0 || c->has[HUB_MOVED])
        return;
    c->old = NULL;
    hub_station_close(old);
    hub_attend(c->hub);
}

static void after_giving(struct consumer *c)
{
    if (c->now->owed_count == 0 && (!c->old || c->old->owed_count == 0) && !c->starving)
        c->starving = stats_clock();
    close_old(c);
}

static void collect(struct station *at)
{
    if (!at || at->control.fd < 0 || at->owed_count == 0)
        return;
    for (int i = 0; i < at->ring->slots; i++)
        if (at->owed[i] && control_released(&at->control, i) == at->owed[i])
            give_back(at, i);
}

/* Without blocking, whatever the client has made of the descriptor. */
static void reset(int fd)
{
    uint64_t count;
    struct iovec v = { &count, sizeof(count) };
    ssize_t n = preadv2(fd, &v, 1, -1, RWF_NOWAIT);
    (void)n; /* it was reset already */
}

void consumer_collect(struct consumer *c)
{
    if (c->freed >= 0)
        reset(c->freed);
    pthread_mutex_lock(&c->hub->lock);
    if (c->now) {
        collect(c->old);
        collect(c->now);
        after_giving(c);
    }
    pthread_mutex_unlock(&c->hub->lock);
}

/* Where a local consumer's next step lies. */
static struct station *station_of(const struct consumer *c, uint64_t step)
{
    return c->old && step < c->old->until ? c->old : c->now;
}

/* Nothing more will come: it has failed, or all that it was to get has been handed over. While it
 * moves, the new ring may be done before the old one has delivered what is left there. */
static bool is_over(const struct consumer *c)
{
    bool old_owes = c->old && c->next_step < c->old->until;
    return c->state == CONSUMER_OVER && (c->why.kind != ERROR_NONE || !old_owes);
}

int consumer_take(struct consumer *c, struct batch *batch)
{
    int rc = 0;
    assert(c->local);
    pthread_mutex_lock(&c->hub->lock);
    struct station *at = c->now ? station_of(c, c->next_step) : NULL;
    const struct shared_slot *slot = at ? shared_ring_slot(at->ring, c->next_step) : NULL;
    if (slot && at->owed[slot->slot.number] == c->next_step + 1) {
        *batch = slot_batch(&slot->slot, &at->ring->shape, c->place.width, c->place.height);
        c->next_step++;
        rc = 1;
    } else if (is_over(c))
        rc = -1;
    else
        c->armed = true;
    pthread_mutex_unlock(&c->hub->lock);
    return rc;
}

void consumer_release(struct consumer *c, const struct batch *batch)
{
    pthread_mutex_lock(&c->hub->lock);
    struct station *at = c->now;
    if (c->old && c->old->ring->slot[batch->slot].slot.header == batch->header)
        at = c->old;
    assert(at->owed[batch->slot] == batch->header->step + 1);
    give_back(at, batch->slot);
    after_giving(c);
    pthread_mutex_unlock(&c->hub->lock);
}

json_t *consumer_state(const struct consumer *c, struct error *err)
{
    json_t *state = json_deep_copy(c->first_state);
    if (!state)
        error_set(err, ERROR_FAILED, NULL, "no memory for the stream's state");
    return state;
}

void hub_consumer_free(struct consumer *c)
{
    hub_station_close(c->old);
    hub_station_close(c->now);
    hub_wish_release(&c->wish);
    json_decref(c->first_state);
    if (c->ready >= 0)
        close(c->ready);
    if (c->freed >= 0)
        close(c->freed);
    free(c);
}

void hub_wish_release(struct wish *wish)
{
    if (wish->data)
        hub_data_drop(wish->data);
    hub_recipe_drop(wish->recipe);
    json_decref(wish->state);
    *wish = (struct wish){ .data = NULL };
}
