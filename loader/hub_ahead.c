/* The hub's thread that reads ahead of all streams, a stretch of one after the other. */
#include "loader/hub_private.h"

enum { STRETCH = 64 }; /* units: who has much to bring does not keep others waiting */

static uint64_t taken(const struct pass *p)
{
    return p->step * p->units + p->unit;
}

/* Where there is something to bring: less than half of what is wanted lies ahead. */
static struct hub_stream *next_stream(const struct hub *hub, uint64_t *from, uint64_t *to)
{
    for (const struct pass *p = hub->passes; p && !hub->drain; p = p->next) {
        struct hub_stream *s = p->member[0];
        uint64_t far = ahead_far(&s->maker), at = s->ahead.at;
        *from = taken(p);
        *to = *from + far;
        if (far == 0 || (s->reads == false && at >= *from + far / 2))
            continue;
        s->reads = true; /* until all of it is there */
        if (at < *from)
            at = *from;
        if (*to > at + STRETCH)
            *to = at + STRETCH;
        else
            s->reads = false;
        return s;
    }
    return NULL;
}

void *hub_ahead_main(void *argument)
{
    struct hub *hub = argument;
    pthread_mutex_lock(&hub->lock);
    while (!hub->stop) {
        uint64_t from, to;
        struct hub_stream *s = next_stream(hub, &from, &to);
        if (!s) {
            pthread_cond_wait(&hub->ahead, &hub->lock);
            continue;
        }
        struct ahead ahead = s->ahead;
        s->in_flight++;
        pthread_mutex_unlock(&hub->lock);
        ahead_go(&ahead, &s->maker, from, to);
        pthread_mutex_lock(&hub->lock);
        s->ahead = ahead;
        hub_stream_settle(hub, s);
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}
