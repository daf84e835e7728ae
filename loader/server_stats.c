/* The daemon's numbers: the hub's, the clients', as JSON; and who asks for them over HTTP. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "loader/metrics.h"
#include "loader/server_private.h"

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static json_t *client_json(const struct connection *c)
{
    json_t *numbers =
        c->consumer && !c->opening ? c->server->from->consumer_stats(c->consumer) : NULL;
    json_t *client = numbers ? numbers : json_object();
    const char *stream =
        c->consumer && !c->opening ? c->server->from->place(c->consumer)->stream : NULL;
    if (!c->remote) {
        json_object_set_new(client, "pid", json_integer(c->peer.pid));
        json_object_set_new(client, "uid", json_integer(c->peer.uid));
    }
    json_object_set_new(client, "transport",
                        json_string(c->remote ? "tcp"
                                    : c->wire ? "stream"
                                              : "memory"));
    json_object_set_new(client, "stream", stream ? json_bytes(stream) : json_null());
    return client;
}

json_t *server_stats(const struct server *s)
{
    json_t *stats = s->from->stats(s->self);
    json_t *clients = json_array();
    for (const struct connection *c = s->connections; c; c = c->next)
        if (c->greeted && !c->dead)
            json_array_append_new(clients, client_json(c));
    json_object_set_new(stats, "clients", clients);
    json_object_set_new(stats, "software", json_string("tenfold " TENFOLD_VERSION));
    json_object_set_new(stats, "pid", json_integer(getpid()));
    json_object_set_new(stats, "address", json_bytes(s->address));
    json_object_set_new(stats, "uptime", json_real(seconds(stats_clock() - s->begun)));
    json_object_set_new(stats, "accepted", json_integer((json_int_t)s->accepted));
    json_object_set_new(stats, "refused", json_integer((json_int_t)s->refused));
    return stats;
}

static int answer_json(const json_t *stats, struct http_reply *reply, struct error *err)
{
    char *text = json_canonical(stats, err);
    int rc = text ? buffer_append(&reply->body, text, strlen(text), err) : -1;
    free(text);
    reply->type = "application/json";
    return rc;
}

static int answer(const struct server *s, const json_t *stats, const struct http_request *request,
                  struct http_reply *reply, struct error *err)
{
    bool json = strcmp(http_query(request, "format"), "json") == 0 ||
                strstr(request->accept, "application/json");
    if (strcmp(request->path, "/") == 0) {
        reply->type = "text/html; charset=utf-8";
        reply->refresh = "2";
        return metrics_page(stats, s->rate, &reply->body, err);
    }
    if (strcmp(request->path, "/metrics") == 0 && !json) {
        reply->type = "text/plain; version=0.0.4; charset=utf-8";
        return metrics_text(stats, &reply->body, err);
    }
    if (strcmp(request->path, "/metrics") == 0)
        return answer_json(stats, reply, err);
    reply->status = 404;
    return buffer_print(&reply->body, err, "There is /, /metrics and /metrics?format=json.\n");
}

/* Images a second, over the time since the figure was made last, at least a second. */
static void update_rate(struct server *s, const json_t *stats)
{
    double now = json_number_value(json_object_get(stats, "uptime"));
    double images = json_number_value(json_object_get(stats, "images"));
    if (now - s->rate_at < 1)
        return;
    s->rate = (images - s->rate_images) / (now - s->rate_at);
    s->rate_at = now;
    s->rate_images = images;
}

int server_http(void *context, const struct http_request *request, struct http_reply *reply,
                struct error *err)
{
    struct server *s = context;
    json_t *stats = server_stats(s);
    if (!stats)
        return error_set(err, ERROR_FAILED, NULL, "no memory for the numbers");
    update_rate(s, stats);
    int rc = answer(s, stats, request, reply, err);
    json_decref(stats);
    return rc;
}
