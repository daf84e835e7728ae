/*
 * Where a server's streams come from: the hub in this process (hub.h), or a daemon elsewhere
 * (relay.h). The functions are those of hub.h under shorter names; what stands behind `self` and
 * `consumer` is the supply's own.
 *
 *     const struct supply *from = &hub_supply;
 *     if (from->attach(self, &request, &consumer, &err) < 0) ...
 */
#ifndef TENFOLD_LOADER_SUPPLY_H
#define TENFOLD_LOADER_SUPPLY_H

#include "loader/hub.h"

struct supply {
    int (*attach)(void *self, const struct hub_request *request, struct consumer **consumer,
                  struct error *err);
    const struct consumer_place *(*place)(const struct consumer *c);
    json_t *(*state)(const struct consumer *c, struct error *err);
    void (*collect)(struct consumer *c);
    int (*take)(struct consumer *c, struct batch *batch); /* NULL: no local consumers */
    void (*release)(struct consumer *c, const struct batch *batch);
    json_t *(*consumer_stats)(const struct consumer *c);
    void (*detach)(struct consumer *c); /* NULL is a no-op */
    int (*fd)(const void *self);
    bool (*event)(void *self, struct hub_event *event);
    json_t *(*stats)(void *self);
    void (*drain)(void *self);
    void (*close)(void *self); /* NULL is a no-op */
};

extern const struct supply hub_supply;

#endif
