/*
 * Passes over the files. A stream begins with a pass of its own. Passes that read the same images
 * and come to the same step become one, a convoy: each image is read and decoded once, and rendered
 * once for every member. A convoy goes on when all members have room; a member whose consumers do
 * not keep up with the others' is let go (hub_pass_free_stalled), and one that is a few steps
 * behind is waited for (hub_pass_waits).
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/hub_private.h"

/* Who is up to so many steps behind is waited for: what it costs once is saved with every step from
 * then on. Who is farther behind gets more of the pool's time instead (hub_pool.c). */
enum { WAIT_STEPS = 8, LAG_STEPS = 256 };

/* May they be one? Hashes of keys are compared first. */
static bool same_files(const struct pass *p, const struct pass *q)
{
    return p != q && p->key == q->key && !p->member[0]->alone && !q->member[0]->alone &&
           strcmp(p->member[0]->pass_key, q->member[0]->pass_key) == 0;
}

/* How many others there are over the same files, for each: mostly none, and then nobody looks. */
static void count_twins(struct hub *hub)
{
    for (struct pass *p = hub->passes; p; p = p->next) {
        p->twins = 0;
        for (const struct pass *q = hub->passes; q; q = q->next)
            p->twins += same_files(p, q);
    }
}

int hub_pass_open(struct hub *hub, struct hub_stream *s, uint64_t step, struct error *err)
{
    struct pass *p = memory_array(1, sizeof(*p), err);
    if (!p)
        return -1;
    *p = (struct pass){
        .next = hub->passes,
        .member = { s },
        .count = 1,
        .key = hash64_text(s->pass_key),
        .step = step,
        .units = (s->maker.places + SLOT_UNIT - 1) / SLOT_UNIT,
        .time = hub->time,
    };
    s->pass = p;
    hub->passes = p;
    count_twins(hub);
    return 0;
}

void hub_pass_leave(struct hub *hub, struct hub_stream *s)
{
    struct pass *p = s->pass;
    if (!p)
        return;
    s->pass = NULL;
    int kept = 0;
    for (int i = 0; i < p->count; i++)
        if (p->member[i] != s)
            p->member[kept++] = p->member[i];
    p->count = kept;
    if (kept > 0)
        return;
    struct pass **at = &hub->passes;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    free(p);
    count_twins(hub);
}

bool hub_pass_has_work(const struct hub *hub, const struct pass *p)
{
    if (p->unit > 0)
        return true;
    for (int i = 0; i < p->count; i++)
        if (shared_ring_slot(p->member[i]->ring, p->step)->slot.state != SLOT_FREE)
            return false;
    return !hub->drain;
}

static bool has_room(const struct pass *p, const struct hub_stream *s)
{
    return shared_ring_slot(s->ring, p->step)->slot.state == SLOT_FREE;
}

static bool starves(const struct hub_stream *s)
{
    for (const struct station *at = s->stations; at; at = at->next)
        if (at->owed_count == 0)
            return true;
    return false;
}

/* Is there time to wait until `q` has room, too? Once it was let go there is not. */
static bool can_wait(const struct pass *p, const struct pass *q)
{
    for (int i = 0; i < q->count; i++)
        if (q->member[i]->strays)
            return false;
    for (int i = 0; i < p->count; i++)
        if (p->member[i]->strays || starves(p->member[i]))
            return false;
    return true;
}

void hub_pass_gather(struct hub *hub, struct pass *p)
{
    bool any = false;
    for (struct pass **at = &hub->passes; *at && p->twins > 0;) {
        struct pass *q = *at;
        if (q->unit > 0 || q->step != p->step || p->count + q->count > FILLINGS_MAX ||
            !same_files(p, q) || !(hub_pass_has_work(hub, q) || can_wait(p, q))) {
            at = &q->next;
            continue;
        }
        for (int i = 0; i < q->count; i++) {
            p->member[p->count++] = q->member[i];
            q->member[i]->pass = p;
        }
        *at = q->next;
        free(q);
        hub->convoys++;
        any = true;
    }
    if (any) {
        count_twins(hub);
        hub_attend(hub); /* it looks for stalls from now on */
    }
}

/* Steps that `q` has to make until `p` can go on together with it; 0: none. */
static uint64_t behind(const struct pass *p, const struct pass *q)
{
    return q->step < p->step && same_files(p, q) ? p->step - q->step : 0;
}

bool hub_pass_waits(const struct hub *hub, const struct pass *p)
{
    if (p->unit > 0)
        return false;
    for (const struct pass *q = hub->passes; q && p->twins > 0; q = q->next) {
        uint64_t steps = behind(p, q);
        if (steps > 0 && steps <= WAIT_STEPS && hub_pass_has_work(hub, q))
            return true;
    }
    return false;
}

bool hub_pass_lags(const struct hub *hub, const struct pass *p)
{
    for (const struct pass *q = hub->passes; q && p->twins > 0; q = q->next) {
        uint64_t steps = behind(q, p);
        if (steps > 0 && steps <= LAG_STEPS)
            return true;
    }
    return false;
}

/* A member has no room while another's consumers have nothing. */
static bool stalls(const struct pass *p)
{
    bool blocked = false, waits = false;
    for (int i = 0; i < p->count && p->unit == 0; i++) {
        blocked |= !has_room(p, p->member[i]);
        waits |= has_room(p, p->member[i]) && starves(p->member[i]);
    }
    return blocked && waits;
}

static void let_go(struct hub *hub, struct pass *p)
{
    struct error ignored = { 0 }; /* it stays in the convoy */
    for (int i = p->count - 1; i >= 0; i--) {
        struct hub_stream *s = p->member[i];
        if (has_room(p, s) || hub_pass_open(hub, s, p->step, &ignored) < 0)
            continue;
        struct pass *own = s->pass;
        s->pass = p;
        hub_pass_leave(hub, s); /* others stay: the pass does, too */
        s->pass = own;
        s->strays = true;
    }
    pthread_cond_broadcast(&hub->work);
}

bool hub_pass_free_stalled(struct hub *hub, uint64_t now)
{
    bool watch = false;
    for (struct pass *p = hub->passes; p; p = p->next) {
        watch |= p->count > 1;
        if (p->count < 2 || !stalls(p))
            p->stalled = 0;
        else if (!p->stalled)
            p->stalled = now;
        else if (now - p->stalled >= HUB_GRACE) {
            p->stalled = 0;
            let_go(hub, p);
        }
    }
    return watch;
}
