/* A daemon's stream behind the public handle. */
#include "loader/tenfold_private.h"

static int daemon_next(struct tenfold *t, struct tenfold_batch *batch, struct error *err)
{
    struct batch b;
    int rc = client_next(t->client, &b, err);
    if (rc == 1)
        tenfold_show(t, &b, batch);
    return rc;
}

/* The tensors of a batch lie in its slot, so any of them tells whose it is. */
static void daemon_release(struct tenfold *t, const struct tenfold_batch *batch)
{
    client_give_back(t->client, batch->images, batch->step);
}

static json_t *daemon_state(const struct tenfold *t, struct error *err)
{
    return client_state(t->client, err);
}

static void daemon_close(struct tenfold *t)
{
    client_close(t->client);
}

static const struct source daemon_source = { daemon_next, daemon_release, daemon_state,
                                             daemon_close };

int tenfold_open_daemon(struct tenfold *t, const struct tenfold_call *call, struct error *err)
{
    const struct client_options o = {
        .address = call->daemon,
        .config = call->config,
        .settings = (const char *const *)call->settings,
        .count = call->count,
        .rank = (uint32_t)call->rank,
        .world = (uint32_t)call->world,
        .has_start = call->has_start,
        .start = call->start,
        .steps = call->steps,
        .state = call->state,
    };
    t->source = &daemon_source;
    if (client_open(&t->client, &o, err) < 0)
        return -1;
    t->form = client_shape(t->client).form;
    t->samples = client_samples(t->client);
    t->steps_per_epoch = client_steps_per_epoch(t->client);
    return 0;
}
