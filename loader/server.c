/*
 * One thread, one epoll set: listeners, connections, the hub's events, signals, HTTP. A handler may
 * close any connection at any time; closed ones are freed when the round of events is over, so that
 * an event of the same round finds them dead and not gone.
 */
#include "loader/server.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/thread.h"
#include "loader/notify.h"
#include "loader/relay.h"
#include "loader/server_private.h"

enum { ROUND = 64 /* events */, TICK_MS = 250, CLIENTS = 1024, GRACE = 5 };

static const uint64_t second = 1000000000;

int server_watch(struct server *s, struct watch *w, uint32_t events, struct error *err)
{
    struct epoll_event e = { .events = events, .data.ptr = w };
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0)
        return error_errno(err, NULL, "epoll");
    return 0;
}

void server_unwatch(struct server *s, struct watch *w)
{
    if (w->fd >= 0)
        epoll_ctl(s->epoll, EPOLL_CTL_DEL, w->fd, NULL);
}

void server_log(const struct server *s, const char *format, ...)
{
    char line[1800];
    if (!s->options.log)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    error_make_printable(line);
    s->options.log(s->options.context, line);
}

static void drain(struct server *s)
{
    if (s->drained)
        return;
    s->drained = stats_clock();
    server_log(s, "stopping: clients (%d) have %d s", s->connection_count, s->options.grace);
    notify_stopping();
    server_unlisten(s);
    s->from->drain(s->self);
    for (struct connection *c = s->connections; c; c = c->next)
        if (c->greeted)
            connection_send_new(c, json_pack("{s:s}", "type", "draining"));
}

/* The end of a pipe that a signal is written to: threads of libraries, which we did not start, may
 * get it as well. */
static volatile sig_atomic_t signal_pipe = -1;

static void on_signal(int number)
{
    int before = errno;
    char byte = (char)number;
    if (signal_pipe >= 0 && write(signal_pipe, &byte, 1) < 0)
        errno = before; /* full: as many are waiting as anybody could send */
    errno = before;
}

static void on_signal_pipe(struct server *s, struct watch *w, uint32_t events)
{
    char number;
    (void)events;
    if (read(w->fd, &number, 1) != 1)
        return;
    if (number != SIGHUP) {
        drain(s);
        return;
    }
    notify_reloading();
    server_configs_reread(s);
    notify_ready();
}

static void on_supply(struct server *s, struct watch *w, uint32_t events)
{
    (void)w;
    (void)events;
    struct hub_event event;
    while (s->from->event(s->self, &event))
        server_supply_event(s, &event);
}

static void on_http(struct server *s, struct watch *w, uint32_t events)
{
    (void)w;
    (void)events;
    http_run(s->http);
}

static void handle_signals(void (*handler)(int))
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
}

static int catch_signals(struct server *s, struct error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_errno(err, NULL, "signals");
    s->signals = (struct watch){ .fd = ends[0], .ready = on_signal_pipe };
    signal_pipe = ends[1];
    handle_signals(on_signal);
    /* OpenSSL writes without MSG_NOSIGNAL. */
    signal(SIGPIPE, SIG_IGN);
    return server_watch(s, &s->signals, EPOLLIN, err);
}

static void leave_signals(struct server *s)
{
    if (s->signals.fd < 0)
        return;
    handle_signals(SIG_DFL);
    close(signal_pipe);
    signal_pipe = -1;
    close(s->signals.fd);
}

static int find_group(struct server *s, struct error *err)
{
    if (!s->options.group)
        return 0;
    errno = 0;
    const struct group *g = getgrnam(s->options.group);
    if (!g)
        return error_set(err, ERROR_USAGE, "--group", "there is no group %s", s->options.group);
    s->group = g->gr_gid;
    return 0;
}

/* A client has five descriptors, its stream some more. */
static void raise_limits(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* what is refused is met when a client comes */
    }
}

static int open_supply(struct server *s, struct error *err)
{
    const struct server_options *o = &s->options;
    if (!o->relay) {
        struct hub *hub;
        s->from = &hub_supply;
        const struct hub_options options = { .threads = o->threads,
                                             .memory = o->memory,
                                             .client_memory = o->client_memory,
                                             .streams = o->streams };
        if (hub_open(&hub, &options, err) < 0)
            return -1;
        s->self = hub;
        return 0;
    }
    struct relay *relay;
    if (!s->tls)
        return error_set(err, ERROR_USAGE, "--relay",
                         "the other daemon wants a key: give --psk FILE or --munge");
    s->from = &relay_supply;
    if (relay_open(&relay, o->relay, s->tls, o->memory, err) < 0)
        return -1;
    s->self = relay;
    return 0;
}

static int open_parts(struct server *s, struct error *err)
{
    const struct server_options *o = &s->options;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0)
        return error_errno(err, NULL, "epoll");
    if (catch_signals(s, err) < 0 || find_group(s, err) < 0 || server_configs_read(s, err) < 0)
        return -1;
    if ((o->psk || o->munge) &&
        tls_open(&s->tls, &(struct tls_options){ o->psk, o->munge, geteuid() }, err) < 0)
        return -1;
    if (open_supply(s, err) < 0)
        return -1;
    s->supply_events = (struct watch){ .fd = s->from->fd(s->self), .ready = on_supply };
    if (server_watch(s, &s->supply_events, EPOLLIN, err) < 0)
        return -1;
    if (o->metrics) {
        if (http_open(&s->http, o->metrics, server_http, s, err) < 0)
            return -1;
        s->http_events = (struct watch){ .fd = http_fd(s->http), .ready = on_http };
        if (server_watch(s, &s->http_events, EPOLLIN, err) < 0)
            return -1;
    }
    return server_listen(s, err);
}

int server_open(struct server **server, const struct server_options *options, struct error *err)
{
    struct server *s = memory_array(1, sizeof(*s), err);
    if (!s)
        return -1;
    s->options = *options;
    if (s->options.clients == 0)
        s->options.clients = CLIENTS;
    if (s->options.threads == 0)
        s->options.threads = thread_cpus();
    if (s->options.grace == 0)
        s->options.grace = GRACE;
    s->epoll = s->signals.fd = -1;
    s->begun = s->idle_since = stats_clock();
    raise_limits();
    if (open_parts(s, err) < 0) {
        server_close(s);
        return -1;
    }
    if (s->http)
        server_log(s, "metrics on port %d", http_port(s->http));
    *server = s;
    return 0;
}

const char *server_address(const struct server *s)
{
    return s->address;
}

/* Clients that take too long for what must not take long. */
static void check_times(struct server *s, uint64_t now)
{
    for (struct connection *c = s->connections, *next; c; c = next) {
        next = c->next;
        uint64_t idle = now - c->since;
        bool unsent = c->sent < c->out.size || c->batch.on;
        if (c->dead)
            continue;
        if (c->ended && idle > FAREWELL_SECONDS * second)
            connection_close(c, NULL);
        else if (!c->greeted && idle > HELLO_SECONDS * second)
            connection_close(c, "said no hello");
        else if (unsent && idle > STALLED_SECONDS * second)
            connection_close(c, "does not read what it has asked for");
    }
}

static void bury(struct server *s)
{
    for (struct connection *c = s->connections, *next; c; c = next) {
        next = c->next;
        if (c->dead)
            connection_free(c);
    }
}

static bool finished(struct server *s, uint64_t now)
{
    if (s->connection_count > 0)
        s->idle_since = now;
    if (s->drained)
        return s->connection_count == 0 || now - s->drained > (uint64_t)s->options.grace * second;
    if (!s->options.idle_exit || now - s->idle_since < (uint64_t)s->options.idle_exit * second)
        return false;
    server_log(s, "no client for %d s", s->options.idle_exit);
    return true;
}

/* Without clients and clocks to look at, the process sleeps. */
static int wait_ms(const struct server *s)
{
    int wait = s->connection_count || s->options.idle_exit || s->drained ? TICK_MS : -1;
    int http = s->http ? http_wait_ms(s->http) : -1;
    return http >= 0 && (wait < 0 || http < wait) ? http : wait;
}

int server_run(struct server *s, struct error *err)
{
    struct epoll_event events[ROUND];
    notify_ready();
    for (;;) {
        int n = epoll_wait(s->epoll, events, ROUND, wait_ms(s));
        if (n < 0 && errno != EINTR)
            return error_errno(err, NULL, "epoll");
        for (int i = 0; i < n; i++) {
            struct watch *w = events[i].data.ptr;
            if (w->fd >= 0)
                w->ready(s, w, events[i].events);
        }
        if (s->http)
            http_run(s->http);
        uint64_t now = stats_clock();
        check_times(s, now);
        bury(s);
        if (finished(s, now))
            return 0;
    }
}

void server_close(struct server *s)
{
    if (!s)
        return;
    server_unlisten(s);
    for (struct connection *c = s->connections; c; c = c->next)
        connection_close(c, NULL);
    bury(s);
    http_close(s->http);
    if (s->self)
        s->from->close(s->self);
    tls_close(s->tls);
    server_configs_close(s);
    leave_signals(s);
    if (s->epoll >= 0)
        close(s->epoll);
    free(s);
}
