#include "loader/relay_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"

int relay_open(struct relay **result, const char *address, struct tls *tls, uint64_t memory,
               struct error *err)
{
    if (!strchr(address, ':'))
        return error_set(err, ERROR_USAGE, "--relay", "%s is not HOST:PORT", address);
    struct relay *r = memory_array(1, sizeof(*r), err);
    if (!r)
        return -1;
    snprintf(r->address, sizeof(r->address), "tcp:%s", address);
    r->tls = tls;
    r->limit = memory ? memory : memory_free() / 2;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->ended, NULL);
    r->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->events < 0) {
        error_errno(err, NULL, "no descriptor for a relay");
        relay_supply.close(r);
        return -1;
    }
    *result = r;
    return 0;
}

static struct relay_stream *stream_of(const struct consumer *c)
{
    return (struct relay_stream *)c;
}

/* What a client of the other daemon sends, but for the config. */
static json_t *open_json(const struct hub_request *request)
{
    json_t *open =
        json_pack("{s:s, s:{s:b}, s:I, s:I, s:I, s:b, s:s, s:s}", "type", "open", "config", "parts",
                  true, "rank", (json_int_t)request->rank, "world", (json_int_t)request->world,
                  "steps", (json_int_t)request->steps, "share", request->share, "slow",
                  request->slow == SLOW_PRIVATE ? "private" : "hold", "transport", "stream");
    if (request->has_start)
        json_object_set_new(open, "start", json_integer((json_int_t)request->start));
    if (request->state)
        json_object_set_new(open, "state", json_deep_copy(request->state));
    return open;
}

static char *config_text(const struct config *config, struct error *err)
{
    json_t *json = node_json(config_root(config), err);
    char *text = json ? json_canonical(json, err) : NULL;
    json_decref(json);
    return text;
}

static int start(struct relay_stream *s, struct error *err)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_mutex_lock(&s->relay->lock);
    int problem = pthread_create(&thread, &attributes, relay_stream_main, s);
    if (problem == 0) {
        s->relay->threads++;
        s->next = s->relay->streams;
        s->relay->streams = s;
    }
    pthread_mutex_unlock(&s->relay->lock);
    pthread_attr_destroy(&attributes);
    errno = problem;
    return problem ? error_errno(err, NULL, "no thread for a stream") : 0;
}

static int attach(void *self, const struct hub_request *request, struct consumer **consumer,
                  struct error *err)
{
    if (request->local)
        return error_set(err, ERROR_USAGE, "transport",
                         "a relay hands batches over in memory only");
    struct relay_stream *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    s->relay = self;
    s->context = request->context;
    s->control.fd = -1;
    s->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->freed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->open = open_json(request);
    s->text = config_text(request->config, err);
    int rc = s->text ? 0 : -1;
    if (rc == 0 && (s->ready < 0 || s->freed < 0 || s->wake < 0))
        rc = error_errno(err, NULL, "no descriptors for a stream");
    if (rc == 0)
        rc = start(s, err);
    if (rc < 0) {
        relay_stream_free(s);
        return -1;
    }
    *consumer = (struct consumer *)s;
    return 0;
}

static const struct consumer_place *place(const struct consumer *c)
{
    return &stream_of(c)->place;
}

static json_t *state(const struct consumer *c, struct error *err)
{
    json_t *copy = json_deep_copy(stream_of(c)->state);
    if (!copy)
        error_set(err, ERROR_FAILED, NULL, "no memory for the stream's state");
    return copy;
}

void relay_poke(int fd)
{
    uint64_t one = 1;
    /* Full: it is readable, which is all that it says. */
    if (write(fd, &one, sizeof(one)) < 0)
        return;
}

static void reset(int fd)
{
    uint64_t count;
    if (read(fd, &count, sizeof(count)) < 0)
        return; /* it was reset already */
}

static void collect(struct consumer *c)
{
    struct relay_stream *s = stream_of(c);
    int given = 0;
    reset(s->freed);
    pthread_mutex_lock(&s->relay->lock);
    for (int i = 0; s->opened && i < s->ring->slots; i++)
        if (s->owed[i] && control_released(&s->control, i) == s->owed[i]) {
            s->owed[i] = 0;
            given++;
        }
    s->free_slots += given;
    pthread_mutex_unlock(&s->relay->lock);
    if (given)
        relay_poke(s->wake);
}

static json_t *consumer_numbers(const struct consumer *c)
{
    const struct relay_stream *s = stream_of(c);
    int held = 0;
    pthread_mutex_lock(&s->relay->lock);
    for (int i = 0; i < s->ring->slots; i++)
        held += s->owed[i] != 0;
    uint64_t published = s->published;
    pthread_mutex_unlock(&s->relay->lock);
    return json_pack("{s:I, s:I, s:i, s:f}", "taken", (json_int_t)control_taken(&s->control),
                     "published", (json_int_t)published, "held", held, "waited_seconds",
                     (double)control_waited(&s->control) / 1e9);
}

static void detach(struct consumer *c)
{
    struct relay_stream *s = stream_of(c);
    if (!s)
        return;
    struct relay *relay = s->relay;
    pthread_mutex_lock(&relay->lock);
    s->gone = true;
    memset(s->has, 0, sizeof(s->has));
    if (s->talk)
        talk_cut(s->talk);
    relay_poke(s->wake);
    pthread_mutex_unlock(&relay->lock);
}

static int event_fd(const void *self)
{
    return ((const struct relay *)self)->events;
}

void relay_tell(struct relay_stream *s, enum hub_event_kind kind)
{
    s->has[kind] = true;
    relay_poke(s->relay->events);
}

static bool event(void *self, struct hub_event *event)
{
    struct relay *relay = self;
    bool found = false;
    reset(relay->events);
    pthread_mutex_lock(&relay->lock);
    for (struct relay_stream *s = relay->streams; s && !found; s = s->next)
        for (int kind = 0; kind <= HUB_FAILED && !found; kind++) {
            if (!s->has[kind])
                continue;
            s->has[kind] = false;
            *event = (struct hub_event){ .kind = (enum hub_event_kind)kind,
                                         .consumer = (struct consumer *)s,
                                         .context = s->context,
                                         .at = s->place.next,
                                         .err = s->why };
            found = true;
        }
    pthread_mutex_unlock(&relay->lock);
    if (found)
        relay_poke(relay->events); /* there may be more */
    return found;
}

static json_t *stats(void *self)
{
    struct relay *relay = self;
    json_t *streams = json_array();
    pthread_mutex_lock(&relay->lock);
    for (const struct relay_stream *s = relay->streams; s; s = s->next) {
        int held = 0;
        for (int i = 0; s->opened && i < s->ring->slots; i++)
            held += s->owed[i] != 0;
        if (s->opened)
            json_array_append_new(
                streams, json_pack("{s:s, s:b, s:I, s:i, s:i, s:i}", "name", s->place.stream,
                                   "private", s->place.private, "step", (json_int_t)s->published,
                                   "slots", s->ring->slots, "ready", held, "consumers", 1));
    }
    json_t *all =
        json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:i, s:o}", "relay", relay->address,
                  "threads", relay->threads, "memory", (json_int_t)relay->memory, "memory_limit",
                  (json_int_t)relay->limit, "batches", (json_int_t)relay->batches, "images",
                  (json_int_t)relay->images, "bytes", (json_int_t)relay->bytes, "consumers",
                  (int)json_array_size(streams), "streams", streams);
    pthread_mutex_unlock(&relay->lock);
    return all;
}

static void drain(void *self)
{
    struct relay *relay = self;
    pthread_mutex_lock(&relay->lock);
    relay->draining = true;
    for (struct relay_stream *s = relay->streams; s; s = s->next)
        relay_poke(s->wake);
    pthread_mutex_unlock(&relay->lock);
}

static void close_relay(void *self)
{
    struct relay *relay = self;
    if (!relay)
        return;
    pthread_mutex_lock(&relay->lock);
    for (struct relay_stream *s = relay->streams; s; s = s->next) {
        s->gone = true;
        if (s->talk)
            talk_cut(s->talk);
        relay_poke(s->wake);
    }
    while (relay->threads > 0)
        pthread_cond_wait(&relay->ended, &relay->lock);
    pthread_mutex_unlock(&relay->lock);
    if (relay->events >= 0)
        close(relay->events);
    pthread_cond_destroy(&relay->ended);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}

const struct supply relay_supply = {
    .attach = attach,
    .place = place,
    .state = state,
    .collect = collect,
    .consumer_stats = consumer_numbers,
    .detach = detach,
    .fd = event_fd,
    .event = event,
    .stats = stats,
    .drain = drain,
    .close = close_relay,
};
