/* What the server is told of its consumers, and what clients are woken by. */
#include <fcntl.h>
#include <unistd.h>

#include "loader/hub_private.h"

/* The client has the same eventfd and could let it block: then it is not told. */
void hub_notify(int fd)
{
    uint64_t one = 1;
    if (fd < 0 || !(fcntl(fd, F_GETFL) & O_NONBLOCK))
        return;
    ssize_t n = write(fd, &one, sizeof(one)); /* full: it is readable, which is all that it says */
    (void)n;
}

void hub_consumer_wake(struct consumer *c)
{
    if (c->local && c->armed) {
        c->armed = false;
        hub_consumer_event(c, HUB_READY, c->next_step);
    }
    hub_notify(c->ready);
}

void hub_consumer_event(struct consumer *c, enum hub_event_kind kind, uint64_t at)
{
    struct hub *hub = c->hub;
    if (c->gone)
        return;
    c->has[kind] = true;
    c->at[kind] = at;
    if (!c->is_pending) {
        c->is_pending = true;
        c->pending = NULL;
        *hub->pending_end = c;
        hub->pending_end = &c->pending;
    }
    hub_notify(hub->event_fd);
}

void hub_consumer_fail(struct consumer *c, const struct error *why)
{
    c->why = *why;
    c->state = CONSUMER_OVER;
    hub_consumer_event(c, HUB_FAILED, 0);
}

int hub_fd(const struct hub *hub)
{
    return hub->event_fd;
}

/* The next event of the first consumer that has any. */
static void take_event(struct hub *hub, struct hub_event *event)
{
    struct consumer *c = hub->pending;
    int kind = 0, more = 0;
    while (!c->has[kind])
        kind++;
    c->has[kind] = false;
    for (int i = kind + 1; i < EVENT_KINDS; i++)
        more += c->has[i];
    if (!more) {
        hub->pending = c->pending;
        c->is_pending = false;
        if (!hub->pending)
            hub->pending_end = &hub->pending;
    }
    if (kind == HUB_OPENED || kind == HUB_MOVED)
        c->place = c->coming;
    *event = (struct hub_event){
        .kind = (enum hub_event_kind)kind, .consumer = c, .context = c->context, .at = c->at[kind]
    };
    if (kind == HUB_FAILED)
        event->err = c->why;
}

bool hub_event(struct hub *hub, struct hub_event *event)
{
    uint64_t written;
    pthread_mutex_lock(&hub->lock);
    bool any = hub->pending != NULL;
    if (any)
        take_event(hub, event);
    if (!hub->pending) {
        ssize_t n = read(hub->event_fd, &written, sizeof(written)); /* empty is as good */
        (void)n;
    }
    pthread_mutex_unlock(&hub->lock);
    return any;
}
