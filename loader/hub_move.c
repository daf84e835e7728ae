/*
 * Consumers move between streams of one key. A private stream merges into the shared one: at the
 * first step that it has not begun, if the shared one still has that step or comes to it within a
 * ring. A consumer that holds the others up, and agreed to it, gets a stream of its own: the old
 * ring, of which it holds slots, is given up, and the others go on in a new one.
 *
 * Until a consumer has given back all of its old ring it is not moved again.
 */
#include "loader/hub_private.h"

static bool movable(const struct consumer *c)
{
    return c->state == CONSUMER_OPEN && !c->old && !c->has[HUB_OPENED] && !c->has[HUB_MOVED];
}

/* The consumer's batches from `at` on come from `to`, whose ring `place` belongs to. */
static void move(struct consumer *c, struct station *place, struct hub_stream *to, uint64_t at)
{
    c->old = c->now;
    c->old->until = at;
    c->now = place;
    hub_consumer_place(c, to, at, &c->coming);
    hub_consumer_event(c, HUB_MOVED, at);
    hub_station_enter(place, to, at);
    c->hub->moves++;
}

/* Does the stream still have step `at`, or can it come to it though nobody gives anything back? */
static bool reaches(const struct hub_stream *s, uint64_t at)
{
    if (at < hub_stream_oldest(s) || at >= s->published + (uint64_t)s->ring->slots)
        return false;
    for (uint64_t step = s->published; step <= at; step++)
        if (shared_ring_slot(s->ring, step)->slot.state == SLOT_HELD)
            return false;
    return true;
}

static void merge(struct hub *hub, struct hub_stream *s)
{
    struct hub_stream *to = hub_stream_shared(hub, s->key);
    struct consumer *c = s->stations ? s->stations->consumer : NULL;
    struct station *place;
    struct error ignored = { 0 }; /* it stays where it is */
    if (!to || !c || !s->pass || !movable(c))
        return;
    uint64_t at = s->pass->step + (s->pass->unit > 0);
    if (at >= s->end || !reaches(to, at) || hub_station_open(&place, c, to->ring, &ignored) < 0)
        return;
    s->stop = at;
    shared_ring_end(s->ring, at);
    if (s->pass->unit == 0)
        hub_pass_leave(hub, s);
    move(c, place, to, at);
    hub_consumer_wake(c);
    hub_stream_finish(hub, s);
}

void hub_merge(struct hub *hub)
{
    for (struct hub_stream *s = hub->streams; s && hub->followers > 0; s = s->next)
        if (s->private && !s->alone && !s->dead && !s->failed && s->stop == UINT64_MAX)
            merge(hub, s);
}

static bool is_slow(const struct station *at, const struct slot *slot)
{
    return at->owed[slot->number] != 0;
}

/* Everything that was begun is handed over, the next slot is held by consumers that would rather go
 * their own way, and another one has nothing. */
static bool stalls(const struct hub_stream *s)
{
    if (s->private || s->dead || s->failed || !s->pass || s->pass->unit > 0 || s->in_flight > 0 ||
        s->published != s->pass->step)
        return false;
    const struct slot *slot = &shared_ring_slot(s->ring, s->published)->slot;
    bool starves = false;
    for (const struct station *at = s->stations; at; at = at->next) {
        if (!movable(at->consumer) || (is_slow(at, slot) && at->consumer->slow != SLOW_PRIVATE))
            return false;
        starves |= at->owed_count == 0;
    }
    return starves && slot->state == SLOT_HELD;
}

static int slow_ones(const struct hub_stream *s)
{
    const struct slot *slot = &shared_ring_slot(s->ring, s->published)->slot;
    int count = 0;
    for (const struct station *at = s->stations; at; at = at->next)
        count += is_slow(at, slot);
    return count;
}

/* What a split needs, made before anything is changed: streams that are not entered, linked by
 * `next`. The first one's ring is for those who go on. */
static void undo(struct hub *hub, struct hub_stream *made)
{
    while (made) {
        struct hub_stream *s = made;
        made = s->next;
        if (s->ring)
            hub_ring_drop(hub, s->ring);
        hub_stream_free(s);
    }
}

/* `count` of them; releases the lock meanwhile. NULL: they do not fit the limits. */
static struct hub_stream *prepare(struct hub *hub, const struct hub_stream *s, int count)
{
    struct hub_stream like = *s, *made = NULL;
    like.maker.options.start = s->published;
    like.maker.options.bad_before = hub_stream_bad_before(s, s->published);
    like.private = true;
    like.ledger_until = 0; /* they are the shared stream's lines */
    for (int i = 0; i < count; i++) {
        struct error ignored = { 0 }; /* the slow ones hold the others back a while longer */
        struct hub_stream *one = hub_stream_like(hub, &like, &ignored);
        if (!one) {
            undo(hub, made);
            return NULL;
        }
        one->next = made;
        made = one;
    }
    return made;
}

static void close_coming(struct hub_stream *s)
{
    for (struct station *at = s->stations; at; at = at->next) {
        hub_station_close(at->coming);
        at->coming = NULL;
    }
}

/* A place for everybody in the ring to come. */
static int open_coming(struct hub_stream *s, struct hub_stream *made)
{
    const struct slot *slot = &shared_ring_slot(s->ring, s->published)->slot;
    struct hub_stream *own = made->next;
    struct error ignored = { 0 };
    for (struct station *at = s->stations; at; at = at->next) {
        bool slow = is_slow(at, slot);
        struct shared_ring *ring = slow ? own->ring : made->ring;
        if (hub_station_open(&at->coming, at->consumer, ring, &ignored) < 0) {
            close_coming(s);
            return -1;
        }
        if (slow)
            own = own->next;
    }
    return 0;
}

/* Everybody moves at once: the slow ones into streams of their own, the others into the new ring.
 */
static void commit(struct hub *hub, struct hub_stream *s, struct hub_stream *made)
{
    uint64_t at = s->published;
    const struct slot *slot = &shared_ring_slot(s->ring, at)->slot;
    struct shared_ring *old = s->ring;
    struct station *was = s->stations, *next;
    struct hub_stream *own = made->next;
    s->stations = NULL;
    s->ring = made->ring;
    made->ring = NULL;
    made->next = NULL;
    hub_stream_free(made);
    for (; was; was = next) {
        struct hub_stream *to = s;
        struct error why = { 0 };
        next = was->next;
        was->next = NULL;
        was->stream = NULL;
        if (is_slow(was, slot)) {
            to = own;
            own = own->next;
            if (hub_stream_enter(hub, to, &why) < 0) {
                hub_station_close(was->coming);
                hub_consumer_fail(was->consumer, &why);
                continue;
            }
        }
        move(was->consumer, was->coming, to, at);
        was->coming = NULL;
    }
    shared_ring_end(old, at);
    for (struct station *on = s->stations; on; on = on->next)
        hub_consumer_wake(on->consumer);
    hub_ring_drop(hub, old);
    pthread_cond_broadcast(&hub->work);
}

static void split(struct hub *hub, struct hub_stream *s)
{
    const struct shared_ring *ring = s->ring;
    uint64_t published = s->published;
    int slow = slow_ones(s);
    struct hub_stream *made = prepare(hub, s, slow + 1);
    if (!made)
        return;
    if (s->ring == ring && s->published == published && stalls(s) && slow_ones(s) == slow &&
        open_coming(s, made) == 0)
        commit(hub, s, made);
    else
        undo(hub, made);
}

static bool may_stall(const struct hub_stream *s)
{
    bool slow = false;
    for (const struct station *at = s->stations; at; at = at->next)
        slow |= at->consumer->slow == SLOW_PRIVATE;
    return slow && !s->private && s->stations->next;
}

bool hub_free_stalled(struct hub *hub, uint64_t now)
{
    bool watch = false;
    for (struct hub_stream *s = hub->streams; s; s = s->next) {
        if (s->dead || !may_stall(s))
            continue;
        watch = true;
        if (!stalls(s))
            s->stalled = 0;
        else if (!s->stalled)
            s->stalled = now;
        else if (now - s->stalled >= HUB_GRACE) {
            s->stalled = now;
            split(hub, s);
        }
    }
    return watch;
}
