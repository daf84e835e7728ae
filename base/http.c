#include "base/http.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/socket.h"

/* What one who asks may take: nobody needs more for a page. */
enum { CONNECTIONS = 64, TIMEOUT_SECONDS = 10, CONNECTION_BYTES = 32768 };

struct http {
    struct MHD_Daemon *daemon; /* owned */
    http_answer *answer;
    void *context; /* borrowed */
    int fd, port;  /* fd: of the daemon's epoll set */
};

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct http_reply *reply)
{
    /* libmicrohttpd copies: the body is freed right below. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.size, reply->body.data ? reply->body.data : "", MHD_RESPMEM_MUST_COPY);
    buffer_release(&reply->body);
    if (!response)
        return MHD_NO;
    enum MHD_Result rc =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    if (rc == MHD_YES)
        rc = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (rc == MHD_YES && reply->refresh)
        rc = MHD_add_response_header(response, "Refresh", reply->refresh);
    if (rc == MHD_YES)
        rc = MHD_queue_response(connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return rc;
}

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return or_nothing(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

const char *http_query(const struct http_request *request, const char *name)
{
    return or_nothing(
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name));
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    static int seen;
    struct http *h = context;
    struct error err = { 0 };
    struct http_reply reply = { .status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8" };
    (void)version;
    (void)upload;
    if (!*state) { /* the headers have come; the answer is given at the next call */
        *state = &seen;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0; /* thrown away */
        return MHD_YES;
    }
    const struct http_request request = {
        .path = url,
        .accept = header(connection, MHD_HTTP_HEADER_ACCEPT),
        .host = header(connection, MHD_HTTP_HEADER_HOST),
        .connection = connection,
    };
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
        (void)buffer_print(&reply.body, &err, "GET and HEAD only\n");
    } else if (h->answer(h->context, &request, &reply, &err) < 0) {
        struct error ignored = { 0 };
        reply =
            (struct http_reply){ MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", NULL, reply.body };
        reply.body.size = 0;
        (void)buffer_print(&reply.body, &ignored, "%s\n", err.message);
    }
    return send_reply(connection, &reply);
}

int http_open(struct http **result, const char *address, http_answer *answer, void *context,
              struct error *err)
{
    struct http *h = memory_array(1, sizeof(*h), err);
    if (!h)
        return -1;
    h->answer = answer;
    h->context = context;
    int listener = tcp_listen(address, &h->port, err);
    if (listener < 0) {
        free(h);
        return -1;
    }
    h->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h,
                                 MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        h->daemon ? MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (!info) {
        error_set(err, ERROR_FAILED, address, "the HTTP server does not start");
        if (h->daemon)
            MHD_stop_daemon(h->daemon);
        else
            close(listener);
        free(h);
        return -1;
    }
    h->fd = info->epoll_fd;
    *result = h;
    return 0;
}

int http_port(const struct http *h)
{
    return h->port;
}

int http_fd(const struct http *h)
{
    return h->fd;
}

int http_wait_ms(const struct http *h)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (MHD_get_timeout(h->daemon, &ms) != MHD_YES)
        return -1;
    return ms > 1000 ? 1000 : (int)ms;
}

void http_run(struct http *h)
{
    /* What it reports is about connections that have failed already. */
    (void)MHD_run(h->daemon);
}

void http_close(struct http *h)
{
    if (!h)
        return;
    MHD_stop_daemon(h->daemon);
    free(h);
}
