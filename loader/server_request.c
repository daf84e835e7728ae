/* What clients ask for, but for streams: hello, part, take, close, stats. */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "loader/server_private.h"

static json_int_t id_of(const json_t *message)
{
    return json_integer_value(json_object_get(message, "id"));
}

/* The request cannot be done; the connection goes on. */
static void decline(struct connection *c, json_int_t id, const struct error *why)
{
    c->server->refused++;
    connection_send_new(c, message_error(id, why));
}

static void reply_ok(struct connection *c, json_int_t id)
{
    connection_send_new(c, json_pack("{s:s, s:I}", "type", "ok", "id", id));
}

static json_t *config_names(const struct server *s)
{
    json_t *names = json_array();
    for (int i = 0; i < s->options.config_count; i++)
        json_array_append_new(names, json_bytes(s->configs[i].name));
    return names;
}

static void hello(struct connection *c, json_int_t id, const json_t *message)
{
    const struct server *s = c->server;
    struct error err = { 0 };
    json_int_t version = json_integer_value(json_object_get(message, "version"));
    if (c->greeted) {
        error_set(&err, ERROR_USAGE, "hello", "has been said");
        connection_refuse(c, id, &err);
        return;
    }
    if (version != PROTOCOL_VERSION) {
        error_set(&err, ERROR_USAGE, "hello",
                  "version is %lld; this daemon (tenfold " TENFOLD_VERSION ") speaks version %d",
                  (long long)version, PROTOCOL_VERSION);
        connection_refuse(c, id, &err);
        return;
    }
    c->greeted = true;
    connection_send_new(c, json_pack("{s:s, s:I, s:i, s:s, s:i, s:i, s:o}", "type", "welcome", "id",
                                     id, "version", PROTOCOL_VERSION, "software",
                                     "tenfold " TENFOLD_VERSION, "pid", (int)getpid(), "threads",
                                     s->options.threads, "configs", config_names(s)));
}

static void part(struct connection *c, json_int_t id, const json_t *message)
{
    const json_t *text = json_object_get(message, "text");
    struct error err = { 0 };
    size_t size = json_string_length(text);
    if (!json_is_string(text))
        error_set(&err, ERROR_USAGE, "part", "has no text \"text\"");
    else if (c->parts.size + size > CONFIG_TEXT_MAX)
        error_set(&err, ERROR_USAGE, "part", "config text above %d bytes", CONFIG_TEXT_MAX);
    else if (buffer_append(&c->parts, json_string_value(text), size, &err) == 0) {
        reply_ok(c, id);
        return;
    }
    buffer_release(&c->parts);
    decline(c, id, &err);
}

static void take(struct connection *c, json_int_t id, const json_t *message)
{
    struct error err = { 0 };
    const json_t *batches = json_object_get(message, "batches");
    json_int_t n = json_integer_value(batches);
    if (!c->consumer || !c->wire)
        error_set(&err, ERROR_USAGE, "take", "no stream is open whose batches go this way");
    else if (!json_is_integer(batches) || n < 1 || n > 1 << 20)
        error_set(&err, ERROR_USAGE, "take", "batches must be an integer 1..%d", 1 << 20);
    else {
        c->credit += (uint64_t)n;
        wire_take(c);
        return;
    }
    decline(c, id, &err);
}

void server_leave(struct connection *c)
{
    wire_end(c);
    server_unwatch(c->server, &c->freed);
    c->freed.fd = -1;
    c->server->from->detach(c->consumer);
    c->consumer = NULL;
    c->opening = false;
}

static void leave(struct connection *c, json_int_t id, const json_t *message)
{
    (void)message;
    server_leave(c);
    reply_ok(c, id);
}

/* What does not fit into a message goes without its lists. */
static void stats(struct connection *c, json_int_t id, const json_t *message)
{
    (void)message;
    struct buffer text = { 0 };
    struct error ignored = { 0 };
    json_t *numbers = server_stats(c->server);
    json_t *reply = json_pack("{s:s, s:I, s:o}", "type", "stats", "id", id, "stats", numbers);
    if (reply && message_write(reply, &text, &ignored) < 0) {
        json_object_del(numbers, "clients");
        json_object_del(numbers, "streams");
        json_object_set_new(numbers, "cut", json_true());
    }
    buffer_release(&text);
    connection_send_new(c, reply);
}

static const struct {
    const char *type;
    void (*handle)(struct connection *c, json_int_t id, const json_t *message);
    bool reply; /* needs an id */
} requests[] = {
    { "hello", hello, true }, { "part", part, true },   { "open", server_open_stream, true },
    { "take", take, false },  { "close", leave, true }, { "stats", stats, true },
};

void server_request(struct connection *c, const json_t *message)
{
    const char *type = json_string_value(json_object_get(message, "type"));
    struct error err = { 0 };
    json_int_t id = id_of(message);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(requests[i].type, type) != 0)
            continue;
        if (requests[i].reply && !json_is_integer(json_object_get(message, "id")))
            error_set(&err, ERROR_DATA, "message", "%s has no integer \"id\"", type);
        else if (!c->greeted && requests[i].handle != hello)
            error_set(&err, ERROR_DATA, "message", "%s came before hello", type);
        else {
            requests[i].handle(c, id, message);
            return;
        }
        connection_refuse(c, id, &err);
        return;
    }
    error_set(&err, ERROR_DATA, "message", "type %.40s is unknown", type);
    connection_refuse(c, id, &err);
}
