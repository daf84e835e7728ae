/* The keeper: opens what was asked for, frees what nobody needs. */
#include "loader/hub_private.h"

void hub_attend(struct hub *hub)
{
    hub->attention = true;
    pthread_cond_signal(&hub->keep);
}

void *hub_keeper_main(void *argument)
{
    struct hub *hub = argument;
    pthread_mutex_lock(&hub->lock);
    while (!hub->stop) {
        if (!hub->attention) {
            pthread_cond_wait(&hub->keep, &hub->lock);
            continue;
        }
        hub->attention = false;
        hub_stream_sweep(hub);
        hub_open_waiting(hub);
        hub_data_sweep(hub, false);
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}
