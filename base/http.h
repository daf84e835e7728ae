/*
 * A small HTTP server for numbers and pages, answered from the caller's own event loop: no thread,
 * GET and HEAD only.
 *
 *     struct http *h;
 *     if (http_open(&h, "127.0.0.1:9100", answer, context, &err) < 0) ...
 *     poll(http_fd(h), ..., http_wait_ms(h)); http_run(h);      // calls answer()
 *     http_close(h);
 */
#ifndef TENFOLD_BASE_HTTP_H
#define TENFOLD_BASE_HTTP_H

#include "base/buffer.h"
#include "base/error.h"

struct http;

struct http_request {
    const char *path;   /* "/metrics" */
    const char *accept; /* the header; "" when absent */
    const char *host;   /* the header: what the client takes this server for; "" when absent */
    void *connection;   /* for http_query */
};
struct http_reply {
    int status;          /* 200 when the answer is called */
    const char *type;    /* a text that lives on */
    const char *refresh; /* seconds after which a browser asks again; NULL: never */
    struct buffer body;  /* empty when the answer is called; http frees it */
};

/* Fill `reply`; -1: 500 with the error's text. */
typedef int http_answer(void *context, const struct http_request *request, struct http_reply *reply,
                        struct error *err);

/* A value of the query ("since" of /data.json?since=3); "" when absent. Lives as long as the
 * request. */
const char *http_query(const struct http_request *request, const char *name);

/* `address` is HOST:PORT; port 0: any, http_port says which. */
int http_open(struct http **http, const char *address, http_answer *answer, void *context,
              struct error *err);
int http_port(const struct http *http);
int http_fd(const struct http *http);      /* readable while there is something to do */
int http_wait_ms(const struct http *http); /* until http_run is due in any case; -1: never */
void http_run(struct http *http);
void http_close(struct http *http); /* NULL is a no-op */

#endif
