/* The hub as a supply. */
#include "loader/supply.h"

static int attach(void *self, const struct hub_request *request, struct consumer **consumer,
                  struct error *err)
{
    return hub_attach(self, request, consumer, err);
}

static int event_fd(const void *self)
{
    return hub_fd(self);
}

static bool event(void *self, struct hub_event *event)
{
    return hub_event(self, event);
}

static json_t *stats(void *self)
{
    return hub_stats(self);
}

static void drain(void *self)
{
    hub_drain(self);
}

static void close_hub(void *self)
{
    hub_close(self);
}

const struct supply hub_supply = {
    .attach = attach,
    .place = consumer_place,
    .state = consumer_state,
    .collect = consumer_collect,
    .take = consumer_take,
    .release = consumer_release,
    .consumer_stats = consumer_stats,
    .detach = hub_detach,
    .fd = event_fd,
    .event = event,
    .stats = stats,
    .drain = drain,
    .close = close_hub,
};
