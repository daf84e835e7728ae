/*
 * The common case costs no system call: the ring says that the step is there. Only who must wait
 * polls, for the ring's eventfd and for the connection, whose end means that the daemon is gone.
 */
#include "loader/client.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/socket.h"
#include "loader/client_ring.h"
#include "loader/client_start.h"
#include "loader/stats.h"
#include "loader/talk.h"

/* EVENT_MS: between a ring's end and the event that explains it. POLL_MS: no wait is longer without
 * a look at the ring. */
enum { WAIT_MS = 10000, EVENT_MS = 2000, POLL_MS = 1000, MOVES_MAX = 16 };
enum { STARTS = 4 }; /* of the user's daemon, before it is given up */

/* A scan of a large folder takes its time. */
enum { OPEN_MS = 600000 };

struct client {
    struct talk *talk;                    /* owned, as all below */
    json_t *opened;                       /* the reply to open */
    struct client_ring *ring;             /* the step at `next` comes from here */
    struct talk_message moves[MOVES_MAX]; /* that lie ahead */
    int move_count;
    uint64_t next;   /* step */
    uint64_t waited; /* ns */
    uint64_t last;   /* 1 + the step taken last; 0: none */
    uint64_t bad;    /* of its header */
    bool ended, draining;
    bool broken; /* `failure` is all that will come */
    struct error failure;
};

static int fail_for_good(struct client *c, const struct error *why, struct error *err)
{
    c->broken = true;
    c->failure = *why;
    *err = *why;
    return -1;
}

/* One event. */
static int handle(struct client *c, struct talk_message *m, struct error *err)
{
    const char *type = json_string_value(json_object_get(m->object, "type"));
    if (strcmp(type, "ended") == 0)
        c->ended = true;
    else if (strcmp(type, "draining") == 0)
        c->draining = true;
    else if (strcmp(type, "failed") == 0 || strcmp(type, "error") == 0) {
        c->broken = true;
        message_read_error(m->object, &c->failure);
    } else if (strcmp(type, "moved") == 0) {
        if (c->move_count == MOVES_MAX) {
            talk_message_release(m);
            return error_set(err, ERROR_DATA, "daemon", "moves the stream without end");
        }
        c->moves[c->move_count++] = *m;
        return 0;
    }
    talk_message_release(m); /* what is unknown is ignored */
    return 0;
}

static int handle_all(struct client *c, struct error *err)
{
    struct talk_message m;
    int rc;
    while ((rc = talk_event(c->talk, &m, err)) == 1)
        if (handle(c, &m, err) < 0)
            return -1;
    return rc;
}

/* Rings that nothing is held of any more. */
static void drop_old_rings(struct client *c)
{
    for (struct client_ring **place = &c->ring->older; *place;) {
        struct client_ring *old = *place;
        if (old->held) {
            place = &old->older;
            continue;
        }
        *place = old->older;
        old->older = NULL;
        client_ring_close(old);
    }
}

/* Go on in the ring that the stream has moved to. */
static int follow(struct client *c, struct error *err)
{
    struct talk_message m = c->moves[0];
    const json_t *at = json_object_get(m.object, "at");
    struct client_ring *ring;
    memmove(c->moves, c->moves + 1, (size_t)--c->move_count * sizeof(m));
    bool here = json_is_integer(at) && (uint64_t)json_integer_value(at) == c->next;
    int rc = here ? client_ring_open(&ring, &m, c->opened, err)
                  : error_set(err, ERROR_DATA, "daemon", "moves the stream to another step");
    talk_message_release(&m);
    if (rc < 0)
        return -1;
    if (ring->count != c->ring->count || ring->form.dtype != c->ring->form.dtype ||
        ring->form.layout != c->ring->form.layout) {
        client_ring_close(ring);
        return error_set(err, ERROR_DATA, "daemon", "moves the stream to other batches");
    }
    ring->older = c->ring;
    c->ring = ring;
    drop_old_rings(c);
    return 0;
}

static int wait_some(struct client *c, int ms, struct error *err)
{
    uint64_t begun = stats_clock(), count;
    int rc = talk_wait(c->talk, c->ring->ready, ms, err);
    /* Reset; what it says is in the ring's header. Nothing there is no error. */
    if (rc > 0 && read(c->ring->ready, &count, sizeof(count)) < 0)
        count = 0;
    c->waited += stats_clock() - begun;
    return rc;
}

/* The ring has ended before `next`: why? 1: go on; 0: the stream is done; -1. */
static int at_end(struct client *c, struct error *err)
{
    uint64_t begun = stats_clock();
    for (;;) {
        struct error gone = { 0 };
        int rc = handle_all(c, &gone);
        if (c->move_count)
            return follow(c, err) < 0 ? -1 : 1;
        if (c->ended)
            return 0;
        if (c->broken)
            return fail_for_good(c, &c->failure, err);
        if (c->draining)
            return error_set(err, ERROR_REQUEUE,
                             json_string_value(json_object_get(c->opened, "stream")),
                             "the daemon has been stopped before step %" PRIu64, c->next);
        if (rc < 0)
            return fail_for_good(c, &gone, err);
        if (stats_clock() - begun > EVENT_MS * 1000000ull)
            return error_set(err, ERROR_FAILED, "daemon", "its stream has ended without a reason");
        if (talk_wait(c->talk, -1, EVENT_MS, err) < 0)
            return -1;
    }
}

static int take(struct client *c, struct batch *batch, struct error *err)
{
    if (client_ring_batch(c->ring, c->next, batch, err) < 0)
        return -1;
    c->last = ++c->next;
    c->bad = batch->header->bad;
    client_ring_coming(c->ring, c->next, c->waited);
    return 1;
}

int client_next(struct client *c, struct batch *batch, struct error *err)
{
    for (;;) {
        struct error gone = { 0 };
        int rc = 1;
        /* `end` first: what is published later may lie beyond it, never the reverse. */
        uint64_t end = client_ring_end(c->ring);
        if (c->next < end && c->next < client_ring_published(c->ring))
            return take(c, batch, err);
        if (c->next >= end)
            rc = at_end(c, err);
        else if (c->broken)
            return fail_for_good(c, &c->failure, err);
        else if (handle_all(c, &gone) < 0) {
            /* Gone; what was finished before is still ours. */
            end = client_ring_end(c->ring);
            if (c->next < end && c->next < client_ring_published(c->ring))
                return take(c, batch, err);
            return fail_for_good(c, &gone, err);
        } else if (!c->broken && wait_some(c, POLL_MS, err) < 0)
            return -1;
        if (rc <= 0)
            return rc;
    }
}

void client_give_back(struct client *c, const void *at, uint64_t step)
{
    for (struct client_ring *r = c->ring; r; r = r->older) {
        if (!client_ring_has(r, at))
            continue;
        client_ring_give_back(r, step);
        break;
    }
    drop_old_rings(c);
}

void client_release(struct client *c, const struct batch *batch)
{
    client_give_back(c, batch->header, batch->header->step);
}

json_t *client_state(const struct client *c, struct error *err)
{
    json_t *state = json_deep_copy(json_object_get(c->opened, "state"));
    if (c->last && state) {
        uint64_t per_epoch = client_steps_per_epoch(c);
        uint64_t batch = (uint64_t)json_integer_value(json_object_get(state, "batch"));
        uint64_t epoch = c->last / per_epoch, position = c->last % per_epoch * batch;
        json_object_set_new(state, "epoch", json_integer((json_int_t)epoch));
        json_object_set_new(state, "position", json_integer((json_int_t)position));
        json_object_set_new(state, "bad", json_integer(position ? (json_int_t)c->bad : 0));
    }
    if (!state)
        error_set(err, ERROR_FAILED, NULL, "no memory for the stream's state");
    return state;
}

uint64_t client_samples(const struct client *c)
{
    return (uint64_t)json_integer_value(json_object_get(c->opened, "samples"));
}

uint64_t client_steps_per_epoch(const struct client *c)
{
    return (uint64_t)json_integer_value(json_object_get(c->opened, "steps_per_epoch"));
}

const char *client_stream(const struct client *c)
{
    return json_string_value(json_object_get(c->opened, "stream"));
}

struct client_shape client_shape(const struct client *c)
{
    return (struct client_shape){
        .form = c->ring->form,
        .places = c->ring->count,
        .height = c->ring->height,
        .width = c->ring->width,
        .classes = json_integer_value(json_object_get(c->opened, "classes")),
        .soft_classes = c->ring->soft ? c->ring->soft_classes : 0,
        .mixing = c->ring->label_b != 0,
    };
}

/* {parts}, {name} or {path}; the latter absolute. NULL: no memory. */
static json_t *config_json(const struct client_options *o, struct error *err)
{
    const char *config = o->config;
    if (o->text)
        return json_pack("{s:b}", "parts", true);
    if (!config)
        return json_null();
    if (config[0] == '@')
        return json_pack("{s:s}", "name", config + 1);
    char *path = realpath(config, NULL);
    if (!path) {
        error_errno(err, config, "cannot be read");
        err->kind = ERROR_USAGE;
        return NULL;
    }
    json_t *json = json_pack("{s:o}", "path", json_bytes(path));
    free(path);
    return json;
}

static json_t *open_json(const struct client_options *o, struct error *err)
{
    char folder[4096];
    json_t *config = config_json(o, err);
    if (!config)
        return NULL;
    if (!getcwd(folder, sizeof(folder))) {
        json_decref(config);
        error_errno(err, NULL, "the working folder has no name");
        return NULL;
    }
    json_t *settings = json_array();
    for (int i = 0; i < o->count; i++)
        json_array_append_new(settings, json_bytes(o->settings[i]));
    json_t *open = json_pack(
        "{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:b, s:s, s:s}", "type", "open", "config", config,
        "settings", settings, "folder", json_bytes(folder), "rank", (json_int_t)o->rank, "world",
        (json_int_t)(o->world ? o->world : 1), "steps", (json_int_t)o->steps, "share", !o->alone,
        "slow", o->slow_private ? "private" : "hold", "transport", "memory");
    if (o->has_start)
        json_object_set_new(open, "start", json_integer((json_int_t)o->start));
    if (o->state)
        json_object_set(open, "state", (json_t *)o->state);
    return open;
}

static int check_opened(const struct client *c, struct error *err)
{
    const json_t *state = json_object_get(c->opened, "state");
    const json_t *next = json_object_get(c->opened, "next");
    if (json_is_string(json_object_get(c->opened, "stream")) && json_is_integer(next) &&
        json_integer_value(next) >= 0 && json_is_object(state) &&
        json_integer_value(json_object_get(state, "batch")) >= 1 &&
        json_integer_value(json_object_get(c->opened, "steps_per_epoch")) >= 1 &&
        json_integer_value(json_object_get(c->opened, "samples")) >= 1)
        return 0;
    return error_set(err, ERROR_DATA, "daemon", "its reply to open lacks what a client needs");
}

static int open_stream(struct client *c, const struct client_options *o, int wait_ms,
                       struct error *err)
{
    struct talk_message m;
    if (o->text && talk_send_config(c->talk, o->text, wait_ms, err) < 0)
        return -1;
    json_t *open = open_json(o, err);
    if (!open || talk_request(c->talk, open, OPEN_MS, &m, err) < 0)
        return -1;
    c->opened = json_incref(m.object);
    int rc = check_opened(c, err);
    if (rc == 0)
        rc = client_ring_open(&c->ring, &m, c->opened, err);
    talk_message_release(&m);
    if (rc < 0)
        return -1;
    c->next = (uint64_t)json_integer_value(json_object_get(c->opened, "next"));
    client_ring_coming(c->ring, c->next, 0);
    return 0;
}

/* The user's own daemon, started when nobody answers. One that is ending may take a connection
 * without an answer and keep the next one from its place for a moment: hence the tries. */
static int talk_to_own(struct client *c, int wait_ms, struct error *err)
{
    char address[160];
    char *folder = socket_folder(err);
    char *path = folder ? file_join(folder, "nnprepd.sock", err) : NULL;
    int rc = -1;
    if (path) {
        snprintf(address, sizeof(address), "unix:%s", path);
        uint64_t begun = stats_clock();
        rc = talk_open(&c->talk, address, NULL, wait_ms, err);
        for (int i = 0; rc < 0 && err->kind != ERROR_USAGE && i < STARTS; i++) {
            if ((stats_clock() - begun) / 1000000 >= (uint64_t)wait_ms)
                break;
            nanosleep(&(struct timespec){ .tv_nsec = i * 100000000 }, NULL);
            if (client_start(path, wait_ms, err) < 0)
                break;
            rc = talk_open(&c->talk, address, NULL, wait_ms, err);
        }
    }
    free(folder);
    free(path);
    return rc;
}

int client_open(struct client **client, const struct client_options *o, struct error *err)
{
    int wait_ms = o->wait_ms ? o->wait_ms : WAIT_MS;
    struct client *c = memory_array(1, sizeof(*c), err);
    if (!c)
        return -1;
    bool own = !o->address || strcmp(o->address, "auto") == 0;
    int rc =
        own ? talk_to_own(c, wait_ms, err) : talk_open(&c->talk, o->address, NULL, wait_ms, err);
    if (rc == 0)
        rc = open_stream(c, o, wait_ms, err);
    if (rc < 0) {
        client_close(c);
        return -1;
    }
    *client = c;
    return 0;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    talk_close(c->talk);
    client_ring_close(c->ring);
    for (int i = 0; i < c->move_count; i++)
        talk_message_release(&c->moves[i]);
    json_decref(c->opened);
    free(c);
}
