/* A client's stream: opened, moved to another ring, ended. */
#include <string.h>
#include <sys/epoll.h>

#include "base/json.h"
#include "loader/server_private.h"

/* The slots of a ring as docs/protocol.md has it. Over the wire tensors follow each other. */
static json_t *ring_json(const struct consumer_place *place, bool wire)
{
    json_t *tensors = json_array();
    size_t at = 0;
    for (int i = 0; i < place->tensors; i++) {
        const struct place_tensor *t = &place->tensor[i];
        json_t *shape = json_array();
        for (int d = 0; d < t->rank; d++)
            json_array_append_new(shape, json_integer(t->shape[d]));
        json_array_append_new(tensors, json_pack("{s:s, s:I, s:s, s:o}", "name", t->name, "offset",
                                                 (json_int_t)(wire ? at : t->offset), "dtype",
                                                 t->dtype, "shape", shape));
        at += t->bytes;
    }
    return json_pack("{s:i, s:I, s:I, s:o}", "slots", place->slots, "slot_bytes",
                     (json_int_t)(wire ? at : place->slot_bytes), "header_bytes",
                     (json_int_t)(wire ? 0 : place->header_bytes), "tensors", tensors);
}

static void on_freed(struct server *s, struct watch *w, uint32_t events)
{
    struct connection *c = w->context;
    (void)s;
    (void)events;
    if (c->consumer)
        c->server->from->collect(c->consumer);
}

static int read_u64(const json_t *message, const char *key, uint64_t most, uint64_t *value,
                    bool *given, struct error *err)
{
    const json_t *found = json_object_get(message, key);
    *given = found && !json_is_null(found);
    if (!*given)
        return 0;
    if (!json_is_integer(found) || json_integer_value(found) < 0 ||
        (uint64_t)json_integer_value(found) > most)
        return error_set(err, ERROR_USAGE, key, "must be an integer 0..%llu",
                         (unsigned long long)most);
    *value = (uint64_t)json_integer_value(found);
    return 0;
}

static int read_choice(const json_t *message, const char *key, const char *const *names, int *value,
                       struct error *err)
{
    const json_t *found = json_object_get(message, key);
    if (!found || json_is_null(found))
        return 0;
    const char *text = json_string_value(found);
    for (int i = 0; text && i < 2; i++)
        if (strcmp(text, names[i]) == 0) {
            *value = i;
            return 0;
        }
    return error_set(err, ERROR_USAGE, key, "must be %s or %s", names[0], names[1]);
}

static int read_request(struct connection *c, const json_t *message, struct hub_request *r,
                        struct error *err)
{
    static const char *const slow[] = { "hold", "private" };
    static const char *const transports[] = { "memory", "stream" };
    uint64_t rank = 0, world = 1;
    bool given;
    int policy = SLOW_HOLD, transport = c->remote;
    const json_t *share = json_object_get(message, "share");
    r->state = json_object_get(message, "state");
    if (json_is_null(r->state))
        r->state = NULL;
    if (read_u64(message, "rank", UINT32_MAX, &rank, &given, err) < 0 ||
        read_u64(message, "world", UINT32_MAX, &world, &given, err) < 0 ||
        read_u64(message, "start", INT64_MAX, &r->start, &r->has_start, err) < 0 ||
        read_u64(message, "steps", INT64_MAX, &r->steps, &given, err) < 0 ||
        read_choice(message, "slow", slow, &policy, err) < 0 ||
        read_choice(message, "transport", transports, &transport, err) < 0)
        return -1;
    if (share && !json_is_boolean(share))
        return error_set(err, ERROR_USAGE, "share", "must be true or false");
    if (c->remote && transport == 0)
        return error_set(err, ERROR_USAGE, "transport", "memory cannot be shared over TCP");
    if (r->state && r->has_start)
        return error_set(err, ERROR_USAGE, "start", "is given beside a state, which says it");
    r->rank = (uint32_t)rank;
    r->world = (uint32_t)world;
    r->share = !share || json_is_true(share);
    r->slow = policy ? SLOW_PRIVATE : SLOW_HOLD;
    r->local = transport == 1;
    r->context = c;
    return 0;
}

/* Steals `state`. */
static json_t *opened_json(const struct connection *c, json_t *state)
{
    const struct consumer_place *p = c->server->from->place(c->consumer);
    return json_pack("{s:s, s:I, s:o, s:b, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:o, s:o}", "type",
                     "opened", "id", c->open_id, "stream", json_bytes(p->stream), "private",
                     p->private, "next", (json_int_t)p->next, "samples", (json_int_t)p->samples,
                     "steps_per_epoch", (json_int_t)p->steps_per_epoch, "classes",
                     (json_int_t)p->classes, "soft_classes", p->soft_classes, "height", p->height,
                     "width", p->width, "state", state, "ring", ring_json(p, c->wire));
}

static void send_place(struct connection *c, json_t *message)
{
    const struct consumer_place *p = c->server->from->place(c->consumer);
    const int fds[MESSAGE_FDS] = { p->ring, p->control, p->ready, p->freed };
    if (message)
        connection_send(c, message, fds, c->wire ? 0 : MESSAGE_FDS);
    else
        connection_close(c, "no memory for a message");
    json_decref(message);
}

static int attach(struct connection *c, const json_t *message, struct hub_request *r,
                  struct error *err)
{
    struct config *config = NULL;
    if (c->consumer)
        return error_set(err, ERROR_USAGE, "open", "this connection has a stream: close it first");
    if (c->server->drained)
        return error_set(err, ERROR_REQUEUE, c->server->address, "the daemon is being stopped");
    int rc = read_request(c, message, r, err);
    if (rc == 0)
        rc = server_config(c, message, &config, err);
    r->config = config;
    if (rc == 0)
        rc = c->server->from->attach(c->server->self, r, &c->consumer, err);
    config_close(config);
    return rc;
}

void server_open_stream(struct connection *c, json_int_t id, const json_t *message)
{
    struct error err = { 0 };
    struct hub_request r = { 0 };
    int rc = attach(c, message, &r, &err);
    connection_drop_descriptors(c);
    buffer_release(&c->parts);
    if (rc < 0) {
        c->server->refused++;
        connection_send_new(c, message_error(id, &err));
        return;
    }
    c->wire = r.local;
    c->opening = true;
    c->open_id = id;
}

static void not_opened(struct connection *c, const struct error *why)
{
    server_leave(c);
    c->server->refused++;
    connection_send_new(c, message_error(c->open_id, why));
    if (!c->dead)
        connection_resume(c);
}

static void opened(struct connection *c)
{
    struct error err = { 0 };
    json_t *state = c->server->from->state(c->consumer, &err);
    int rc = state ? 0 : -1;
    if (rc == 0 && !c->wire) {
        c->freed = (struct watch){ c->server->from->place(c->consumer)->freed, on_freed, c };
        rc = server_watch(c->server, &c->freed, EPOLLIN, &err);
    }
    if (rc == 0) {
        send_place(c, opened_json(c, state));
        if (!c->dead)
            connection_resume(c);
        return;
    }
    json_decref(state);
    not_opened(c, &err);
}

static void moved(struct connection *c, const struct hub_event *event)
{
    const struct consumer_place *p = c->server->from->place(c->consumer);
    if (c->wire)
        return; /* its batches come in order whatever they come from */
    send_place(c, json_pack("{s:s, s:I, s:o, s:b, s:o}", "type", "moved", "at",
                            (json_int_t)event->at, "stream", json_bytes(p->stream), "private",
                            p->private, "ring", ring_json(p, false)));
}

/* A stream's last word. Over the wire it goes behind the last batch. */
static void ended(struct connection *c, json_t *message)
{
    if (!c->wire) {
        connection_send_new(c, message);
        return;
    }
    json_decref(c->ending);
    c->ending = message;
    if (!message)
        connection_close(c, "no memory for a message");
    else
        wire_take(c);
}

void server_supply_event(struct server *s, const struct hub_event *event)
{
    struct connection *c = event->context;
    json_t *message;
    (void)s;
    if (c->dead || c->consumer != event->consumer)
        return;
    if (c->opening && event->kind == HUB_FAILED) {
        not_opened(c, &event->err);
        return;
    }
    switch (event->kind) {
    case HUB_OPENED:
        opened(c);
        break;
    case HUB_READY:
        wire_take(c);
        break;
    case HUB_MOVED:
        moved(c, event);
        break;
    case HUB_ENDED:
        ended(c, json_pack("{s:s}", "type", "ended"));
        break;
    case HUB_FAILED:
        server_log(s, "stream %s: %s%s%s", c->server->from->place(c->consumer)->stream,
                   event->err.place, event->err.place[0] ? ": " : "", event->err.message);
        message = message_error(0, &event->err);
        json_object_set_new(message, "type", json_string("failed"));
        json_object_del(message, "id");
        ended(c, message);
        break;
    }
}
