/*
 * Finished batches are handed over in order. Whoever completes a slot does it, and goes on as long
 * as the next one in order is complete, too; books and ledger are kept at that moment, without the
 * lock, by the one thread that has set `publishing`.
 */
#include "loader/hub_private.h"

static void hand_to(struct station *at, const struct slot *slot)
{
    at->owed[slot->number] = slot->step + 1;
    at->owed_count++;
    struct consumer *c = at->consumer;
    c->batches++;
    if (c->starving) {
        c->starved_ns += stats_clock() - c->starving;
        c->starving = 0;
    }
}

void hub_stream_finish(struct hub *hub, struct hub_stream *s)
{
    for (struct station *at = s->stations, *next; at; at = next) {
        next = at->next;
        if (s->published == s->end && at->until == UINT64_MAX) {
            hub_consumer_event(at->consumer, HUB_ENDED, s->end);
            at->consumer->state = CONSUMER_OVER;
        }
        if (at->until <= s->published)
            hub_station_leave(at);
    }
    hub_stream_unwanted(hub, s);
}

static void hand_over(struct hub *hub, struct hub_stream *s, struct shared_slot *slot)
{
    slot->holders = 0;
    for (struct station *at = s->stations; at; at = at->next)
        if (at->from <= s->published && s->published < at->until) {
            hand_to(at, &slot->slot);
            slot->holders++;
        }
    slot->slot.state = slot->holders ? SLOT_HELD : SLOT_FREE;
    s->published++;
    shared_ring_publish(s->ring, s->published);
    for (struct station *at = s->stations; at; at = at->next)
        hub_consumer_wake(at->consumer);
    if (slot->holders == 0)
        pthread_cond_broadcast(&hub->work);
    hub_stream_finish(hub, s);
    if (hub->followers > 0)
        hub_attend(hub);
}

void hub_stream_publish(struct hub *hub, struct hub_stream *s)
{
    if (s->publishing)
        return;
    s->publishing = true;
    for (;;) {
        struct shared_slot *slot = shared_ring_slot(s->ring, s->published);
        if (s->failed || s->dead || slot->slot.state != SLOT_READY ||
            slot->slot.step != s->published)
            break;
        struct error why = { 0 };
        struct account before = s->books.account;
        uint64_t step = slot->slot.step, bad_before = step % s->maker.steps_per_epoch ? s->bad : 0;
        struct filling f = { &s->maker, &slot->slot, shared_ring_outcomes(s->ring, &slot->slot) };
        s->books.ledger = step < s->ledger_until ? s->ledger : NULL;
        pthread_mutex_unlock(&hub->lock);
        int rc = books_enter(&s->books, &f, &why);
        pthread_mutex_lock(&hub->lock);
        if (before.epoch != s->books.account.epoch)
            before = (struct account){ .epoch = s->books.account.epoch };
        s->counts.substituted += s->books.account.substituted - before.substituted;
        s->counts.skipped += s->books.account.skipped - before.skipped;
        if (rc < 0) {
            if (!s->dead)
                hub_stream_fail(hub, s, &why);
            break;
        }
        slot->bad_before = bad_before;
        s->bad = s->books.bad;
        s->counts.batches++;
        s->counts.images += slot->slot.header->valid;
        if (!s->dead)
            hand_over(hub, s, slot);
    }
    s->publishing = false;
}
