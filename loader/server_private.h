/* Inside server: the loop, its connections, and the functions that its files share. */
#ifndef TENFOLD_LOADER_SERVER_PRIVATE_H
#define TENFOLD_LOADER_SERVER_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/http.h"
#include "base/socket.h"
#include "loader/channel.h"
#include "loader/protocol.h"
#include "loader/server.h"
#include "loader/supply.h"
#include "loader/tls.h"

enum {
    OUT_LIMIT = 1 << 20,  /* bytes a client may leave unread before it is given up */
    OUT_PAUSE = 1 << 17,  /* ... and before no further request of it is read */
    SETTINGS_MAX = 256,   /* of one open: each makes the maps along its path anew */
    HELLO_SECONDS = 10,   /* for the first message, TLS handshake included */
    STALLED_SECONDS = 60, /* for a byte of what a client has asked for and does not read */
    FAREWELL_SECONDS = 2, /* for the last message to a client that is given up */
    MARKS = 8,            /* messages with descriptors that wait to be sent */
};

/* A descriptor in the epoll set. */
struct watch {
    int fd; /* -1: none */
    void (*ready)(struct server *server, struct watch *watch, uint32_t events);
    void *context; /* the connection or listener */
};

/* Descriptors that go with the byte at `at` of what is to be sent. */
struct mark {
    size_t at;
    int fds[MESSAGE_FDS]; /* owned */
    int count;
};

/* The tensors of a batch on their way over a connection. */
struct wire_batch {
    bool on;
    struct batch batch; /* the consumer's */
    size_t at;          /* in `out`: the bytes before which it goes */
    int tensor;         /* the one being sent */
    size_t sent;        /* bytes of it */
};

struct connection {
    struct connection *next, *previous; /* of all */
    struct server *server;              /* borrowed */
    struct watch socket;
    uint32_t interest; /* the events that epoll is asked for */
    struct channel channel;
    struct peer peer; /* over TCP: 0, and uid that of the daemon */
    bool remote;      /* over TCP */
    bool trusted; /* this user on this machine: may name files for the daemon to write or read */
    bool greeted;
    bool ended;     /* nothing more is read; closed when all is sent */
    bool dead;      /* closed; freed when the round of events is over */
    uint64_t since; /* ns; of the connection, then of the last byte sent */

    struct message_reader reader;
    int fds[MESSAGE_FDS]; /* that came, not claimed yet; owned */
    int fd_count;
    struct buffer parts; /* config text so far */

    struct buffer out; /* to be sent, from `sent` on */
    size_t sent;
    struct mark marks[MARKS];
    int mark_count;

    struct consumer *consumer; /* owned; NULL: no stream */
    bool opening;              /* the hub has not said yet; meanwhile no request is looked at */
    json_int_t open_id;
    struct buffer pending; /* what came meanwhile */
    struct watch freed;    /* the consumer's */
    bool wire;             /* batches go over the connection */
    uint64_t credit;       /* batches that the client has asked for */
    struct wire_batch batch;
    bool exhausted; /* consumer_take gives no more */
    json_t *ending; /* owned: the event that tells of it, sent when both are there */
};

struct named_config {
    char *name;            /* owned */
    const char *path;      /* borrowed */
    struct config *config; /* owned */
};

struct listener {
    struct watch watch;
    struct unix_listener socket; /* Unix */
    bool tcp;
};

struct server {
    struct server_options options;
    char address[160];
    int epoll;
    struct watch signals, supply_events, http_events;
    struct listener listeners[SERVER_LISTENERS];
    int listener_count;
    gid_t group;               /* when options.group */
    const struct supply *from; /* where the streams come from */
    void *self;                /* owned: its own; NULL: none yet */
    struct http *http;         /* NULL: none */
    struct tls *tls;           /* NULL: none */
    struct named_config *configs;
    struct connection *connections;
    int connection_count;
    uint64_t accepted, refused;        /* since the start */
    uint64_t begun;                    /* ns */
    uint64_t idle_since;               /* ns; when the last client went */
    uint64_t drained;                  /* ns; 0: not asked to stop */
    double rate, rate_at, rate_images; /* images a second as last looked at, when, and how many */
};

/* server.c */
int server_watch(struct server *s, struct watch *w, uint32_t events, struct error *err);
void server_unwatch(struct server *s, struct watch *w); /* the descriptor stays open */
void server_log(const struct server *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* server_listen.c */
int server_listen(struct server *s, struct error *err);
void server_unlisten(struct server *s);

/* server_connection.c. After each of these the connection may be dead. */
int connection_open(struct server *s, int fd, const struct peer *peer, struct error *err);
void connection_send(struct connection *c, const json_t *message, const int *fds, int count);
/* As connection_send; takes the reference; NULL: no memory, which ends the connection. */
void connection_send_new(struct connection *c, json_t *message);
void connection_flush(struct connection *c);
/* Tell the client why and end. `id` as in message_error. */
void connection_refuse(struct connection *c, json_int_t id, const struct error *why);
void connection_close(struct connection *c, const char *why);
void connection_free(struct connection *c);
/* An open is settled: go on with what came meanwhile. */
void connection_resume(struct connection *c);
/* The first descriptor that came, -1: none. The caller's. */
int connection_claim(struct connection *c);
void connection_drop_descriptors(struct connection *c);

/* server_request.c */
void server_request(struct connection *c, const json_t *message);
void server_leave(struct connection *c); /* gives the stream up */

/* server_stream.c */
void server_open_stream(struct connection *c, json_int_t id, const json_t *message);
void server_supply_event(struct server *s, const struct hub_event *event);

/* server_wire.c */
void wire_take(struct connection *c); /* go on while there are credit and batches */
bool wire_piece(const struct connection *c, const uint8_t **bytes, size_t *n);
void wire_sent(struct connection *c, size_t n);
size_t wire_bytes(const struct consumer_place *place);
void wire_end(struct connection *c); /* the stream is given up */

/* server_config.c */
int server_configs_read(struct server *s, struct error *err);
void server_configs_reread(struct server *s);
void server_configs_close(struct server *s);
int server_config(struct connection *c, const json_t *message, struct config **config,
                  struct error *err);

/* server_stats.c */
json_t *server_stats(const struct server *s); /* NULL: no memory */
int server_http(void *context, const struct http_request *request, struct http_reply *reply,
                struct error *err);

#endif
