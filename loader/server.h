/*
 * The daemon: sockets, connections and requests in front of the hub's streams. One thread serves
 * all clients with epoll; it copies no batch and waits for no client.
 *
 *     struct server_options o = { .threads = 8, .log = print_line };
 *     struct server *server;
 *     if (server_open(&server, &o, &err) < 0) ...
 *     int rc = server_run(server, &err);          // until SIGTERM or SIGINT; SIGHUP: configs anew
 *     server_close(server);
 *
 * docs/protocol.md has what goes over the sockets. Every byte from a client is taken for hostile:
 * it can end its own connection, and nothing else.
 */
#ifndef TENFOLD_LOADER_SERVER_H
#define TENFOLD_LOADER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct server;

enum { SERVER_LISTENERS = 8 };

/* Texts are borrowed while the server lives. */
struct server_options {
    const char *const *listen;  /* unix:PATH, tcp:HOST:PORT */
    int listen_count;           /* 0: what systemd hands over, else the user's own socket */
    const char *const *configs; /* files that clients name by their name without folder and .yaml */
    int config_count;
    int threads;            /* 0: as many as this process may use */
    uint64_t memory;        /* of all rings, bytes; 0: half of what is free */
    uint64_t client_memory; /* of one client's ring, bytes; 0: half of `memory` */
    int streams;            /* at most; 0: 256 */
    const char *metrics;    /* HOST:PORT; NULL: none */
    const char *group;      /* whose members may connect, besides the user itself; NULL: none */
    int clients;            /* at once; 0: 1024 */
    int idle_exit;          /* seconds without a client after which it ends; 0: never */
    int grace;              /* seconds between SIGTERM and the end, at most; 0: 5 */
    const char *relay;      /* HOST:PORT of the daemon whose batches these are; NULL: made here */
    const char *psk;        /* key of TCP peers; NULL: none */
    bool munge;             /* TCP peers bring a MUNGE credential of the same user */
    void (*log)(void *context, const char *line); /* what an operator wants to read; NULL: nobody */
    void *context;
};

/* One in a process: SIGTERM, SIGINT and SIGHUP are its until it is closed, SIGPIPE is ignored.
 * ERROR_USAGE: TCP without a key, an unknown group, a config that is wrong. */
int server_open(struct server **server, const struct server_options *options, struct error *err);
/* The first address, as a client names it. */
const char *server_address(const struct server *server);
int server_run(struct server *server, struct error *err);
void server_close(struct server *server); /* NULL is a no-op */

#endif
