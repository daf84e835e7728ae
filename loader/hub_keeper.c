/* The keeper: opens what was asked for, moves who is in the way, frees what nobody needs. */
#include <time.h>

#include "loader/hub_private.h"

enum { LOOK_EVERY = HUB_GRACE / 5 }; /* ns: who holds others up is looked for */

void hub_attend(struct hub *hub)
{
    hub->attention = true;
    pthread_cond_signal(&hub->keep);
}

/* Until something comes about, or, where consumers could be in each other's way, for a moment. */
static void wait(struct hub *hub, bool watch)
{
    struct timespec until;
    if (!watch) {
        pthread_cond_wait(&hub->keep, &hub->lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_EVERY;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&hub->keep, &hub->lock, &until);
}

void *hub_keeper_main(void *argument)
{
    struct hub *hub = argument;
    bool watch = false;
    pthread_mutex_lock(&hub->lock);
    while (!hub->stop) {
        if (!hub->attention)
            wait(hub, watch);
        hub->attention = false;
        hub_stream_sweep(hub);
        hub_open_waiting(hub);
        hub_data_sweep(hub, false);
        hub_merge(hub);
        uint64_t now = stats_clock();
        watch = hub_free_stalled(hub, now);
        watch |= hub_pass_free_stalled(hub, now);
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}
