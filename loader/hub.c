/* What the server calls: the hub opened and closed, consumers attached and detached, events. */
#include "loader/hub.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"
#include "loader/hub_private.h"
#include "loader/tables.h"

enum { STREAMS_DEFAULT = 256 };

static void init_locks(struct hub *hub)
{
    pthread_mutex_init(&hub->lock, NULL);
    pthread_cond_init(&hub->work, NULL);
    pthread_cond_init(&hub->ahead, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->keep, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static int start_threads(struct hub *hub, struct error *err)
{
    int n = hub->options.threads;
    for (int i = 0; i < n; i++) {
        struct hub_thread *t = &hub->threads[i];
        t->hub = hub;
        t->stats = &hub->stats->threads[i];
        if (worker_open(&t->worker, t->stats, err) < 0)
            return -1;
        int rc = pthread_create(&t->thread, NULL, hub_thread_main, t);
        if (rc != 0) {
            worker_close(t->worker);
            return error_set(err, ERROR_FAILED, NULL, "thread %d of %d cannot be started: %s",
                             i + 1, n, strerror(rc));
        }
        hub->started = i + 1;
    }
    /* Streams work without it: where no thread is to be had, nobody goes ahead. */
    hub->reads = pthread_create(&hub->reader, NULL, hub_ahead_main, hub) == 0;
    int rc = pthread_create(&hub->keeper, NULL, hub_keeper_main, hub);
    hub->keeps = rc == 0;
    return rc == 0 ? 0
                   : error_set(err, ERROR_FAILED, NULL, "the hub's keeper cannot be started: %s",
                               strerror(rc));
}

int hub_open(struct hub **result, const struct hub_options *options, struct error *err)
{
    struct hub *hub = memory_array(1, sizeof(*hub), err);
    if (!hub)
        return -1;
    init_locks(hub);
    hub->options = *options;
    hub->pending_end = &hub->pending;
    struct hub_options *o = &hub->options;
    if (!o->threads)
        o->threads = thread_cpus();
    if (!o->memory)
        o->memory = memory_free() / 2;
    if (!o->client_memory)
        o->client_memory = o->memory / 2;
    if (!o->streams)
        o->streams = STREAMS_DEFAULT;
    hub->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (hub->event_fd < 0)
        error_errno(err, NULL, "no eventfd for the hub");
    else if ((hub->stats = stats_open(o->threads, err)) &&
             (hub->threads = memory_array((size_t)o->threads, sizeof(*hub->threads), err)) &&
             start_threads(hub, err) == 0) {
        *result = hub;
        return 0;
    }
    hub_close(hub);
    return -1;
}

static int read_recipe(struct hub_recipe *r, const struct config *config,
                       const struct stream_options *o, struct error *err)
{
    const struct node *root = config_root(config);
    if (recipe_open(&r->recipe, node_get(root, "augment"), o->augment_seed, err) < 0 ||
        tables_read(r->recipe, err) < 0 ||
        mix_open(&r->mix, node_get(root, "mix"), o->augment_seed, err) < 0)
        return -1;
    if (o->ledger && !(r->ledger = memory_text(o->ledger, err)))
        return -1;
    return 0;
}

/* What was asked for, as far as the data set need not be known. */
static int read_wish(struct wish *wish, const struct hub_request *request, struct data_config *data,
                     struct error *err)
{
    if (config_check_sections(request->config, err) < 0 ||
        data_config_read(data, node_get(config_root(request->config), "data"), err) < 0)
        return -1;
    if (!data->train)
        return error_set(err, ERROR_USAGE, "data.train", "no images are named");
    struct stream_options *o = &data->stream;
    o->rank = request->rank;
    o->world = request->world ? request->world : 1;
    o->start = request->has_start ? request->start : 0;
    o->steps = request->steps;
    wish->has_start = request->has_start;
    wish->share = request->share;
    wish->state = request->state ? json_deep_copy(request->state) : NULL;
    if (request->state && !wish->state)
        return error_set(err, ERROR_FAILED, "state", "no memory for it");
    wish->recipe = memory_array(1, sizeof(*wish->recipe), err);
    if (!wish->recipe)
        return -1;
    wish->recipe->refs = 1;
    if (o->start > UINT64_MAX / 2 || o->steps > UINT64_MAX / 2)
        return error_set(err, ERROR_USAGE, "start", "step %llu and %llu more lie behind any epoch",
                         (unsigned long long)o->start, (unsigned long long)o->steps);
    if (read_recipe(wish->recipe, request->config, o, err) < 0)
        return -1;
    wish->options = *o;
    wish->options.ledger = wish->recipe->ledger;
    return 0;
}

static int open_fds(struct consumer *c, struct error *err)
{
    c->ready = c->freed = -1;
    if (c->local)
        return 0;
    c->ready = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->freed = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (c->ready < 0 || c->freed < 0)
        return error_errno(err, NULL, "no eventfd for a client (descriptors: ulimit -n)");
    return 0;
}

int hub_attach(struct hub *hub, const struct hub_request *request, struct consumer **consumer,
               struct error *err)
{
    struct data_config data;
    struct consumer *c = memory_array(1, sizeof(*c), err);
    if (!c)
        return -1;
    c->hub = hub;
    c->context = request->context;
    c->slow = request->slow;
    c->local = request->local;
    int rc = open_fds(c, err);
    if (rc == 0)
        rc = read_wish(&c->wish, request, &data, err);
    int64_t stamp[HUB_STAMP] = { 0 };
    if (rc == 0)
        hub_data_stamp(data.train, stamp);
    pthread_mutex_lock(&hub->lock);
    if (rc == 0) {
        c->wish.data = hub_data_find(hub, &data, stamp, err);
        rc = c->wish.data ? 0 : -1;
    }
    if (rc < 0)
        hub_consumer_free(c);
    else {
        c->next = hub->consumers;
        hub->consumers = c;
        struct consumer **last = &hub->waiting;
        while (*last)
            last = &(*last)->waiting;
        *last = c;
        hub_attend(hub);
        *consumer = c;
    }
    pthread_mutex_unlock(&hub->lock);
    return rc;
}

static void forget(struct hub *hub, struct consumer *c)
{
    struct consumer **at = &hub->consumers;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    for (at = &hub->waiting; *at; at = &(*at)->waiting)
        if (*at == c) {
            *at = c->waiting;
            break;
        }
    for (at = &hub->pending; *at; at = &(*at)->pending)
        if (*at == c) {
            *at = c->pending;
            if (!*at)
                hub->pending_end = at;
            break;
        }
}

void hub_detach(struct consumer *c)
{
    if (!c)
        return;
    struct hub *hub = c->hub;
    pthread_mutex_lock(&hub->lock);
    forget(hub, c);
    if (c->busy)
        c->gone = true;
    else
        hub_consumer_free(c);
    pthread_mutex_unlock(&hub->lock);
}

void hub_drain(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->drain = true;
    for (struct hub_stream *s = hub->streams; s; s = s->next) {
        if (s->dead || !s->pass)
            continue;
        shared_ring_end(s->ring, s->pass->step + (s->pass->unit > 0));
        for (struct station *at = s->stations; at; at = at->next)
            hub_notify(at->consumer->ready);
    }
    pthread_mutex_unlock(&hub->lock);
}

static void stop_threads(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->stop = true;
    pthread_cond_broadcast(&hub->work);
    pthread_cond_broadcast(&hub->keep);
    pthread_cond_broadcast(&hub->ahead);
    pthread_mutex_unlock(&hub->lock);
    for (int i = 0; i < hub->started; i++) {
        pthread_join(hub->threads[i].thread, NULL);
        worker_close(hub->threads[i].worker);
    }
    if (hub->keeps)
        pthread_join(hub->keeper, NULL);
    if (hub->reads)
        pthread_join(hub->reader, NULL);
}

void hub_close(struct hub *hub)
{
    if (!hub)
        return;
    stop_threads(hub);
    while (hub->consumers)
        hub_detach(hub->consumers);
    pthread_mutex_lock(&hub->lock);
    hub_stream_sweep(hub);
    hub_data_sweep(hub, true);
    pthread_mutex_unlock(&hub->lock);
    if (hub->event_fd >= 0)
        close(hub->event_fd);
    free(hub->threads);
    free(hub->stats);
    pthread_cond_destroy(&hub->ahead);
    pthread_cond_destroy(&hub->keep);
    pthread_cond_destroy(&hub->work);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}
