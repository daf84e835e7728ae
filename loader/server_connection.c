/*
 * One client: bytes in become messages, messages out become bytes, descriptors and the tensors of
 * batches that go over the wire between them. What a client leaves unread is bounded: first its
 * requests are left unread in turn, then it is given up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "loader/server_private.h"

enum { READ_AT_ONCE = 16384 };

static void close_all(int *fds, int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
}

void connection_drop_descriptors(struct connection *c)
{
    close_all(c->fds, c->fd_count);
    c->fd_count = 0;
}

int connection_claim(struct connection *c)
{
    if (c->fd_count == 0)
        return -1;
    int fd = c->fds[0];
    memmove(c->fds, c->fds + 1, (size_t)--c->fd_count * sizeof(int));
    return fd;
}

/* Of a peer over TCP neither process nor user is known. */
static void log_about(const struct connection *c, const char *what, const char *why)
{
    if (c->remote)
        server_log(c->server, "client (over TCP)%s: %s", what, why);
    else
        server_log(c->server, "client (pid %d, user %u)%s: %s", (int)c->peer.pid,
                   (unsigned)c->peer.uid, what, why);
}

void connection_close(struct connection *c, const char *why)
{
    if (c->dead)
        return;
    if (why)
        log_about(c, "", why);
    c->dead = true;
    server_leave(c);
    server_unwatch(c->server, &c->socket);
    c->socket.fd = -1;
    channel_close(&c->channel);
    c->server->connection_count--;
}

void connection_free(struct connection *c)
{
    struct server *s = c->server;
    if (c->previous)
        c->previous->next = c->next;
    else
        s->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    connection_drop_descriptors(c);
    for (int i = 0; i < c->mark_count; i++)
        close_all(c->marks[i].fds, c->marks[i].count);
    message_reader_release(&c->reader);
    buffer_release(&c->pending);
    buffer_release(&c->parts);
    buffer_release(&c->out);
    free(c);
}

static size_t unsent(const struct connection *c)
{
    return c->out.size - c->sent;
}

/* Ask epoll for what this connection can go on with. */
static void update_interest(struct connection *c)
{
    uint32_t interest = 0;
    bool tls_writes = c->channel.wants_write;
    if (!c->ended && !c->opening && unsent(c) < OUT_PAUSE)
        interest |= EPOLLIN;
    if (unsent(c) || c->batch.on || tls_writes)
        interest |= EPOLLOUT;
    if (c->dead || interest == c->interest)
        return;
    struct epoll_event e = { .events = interest, .data.ptr = &c->socket };
    if (epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->socket.fd, &e) < 0)
        connection_close(c, "epoll has refused its socket");
    else
        c->interest = interest;
}

/* The next bytes to send without a gap, and the descriptors that go with the first. */
static bool next_piece(struct connection *c, const uint8_t **bytes, size_t *n, struct mark **mark)
{
    *mark = NULL;
    if (c->batch.on && c->sent == c->batch.at)
        return wire_piece(c, bytes, n);
    size_t end = c->batch.on ? c->batch.at : c->out.size;
    if (c->mark_count > 0 && c->marks[0].at == c->sent)
        *mark = &c->marks[0];
    int next = *mark ? 1 : 0;
    if (c->mark_count > next && c->marks[next].at < end)
        end = c->marks[next].at;
    *bytes = (const uint8_t *)c->out.data + c->sent;
    *n = end - c->sent;
    return *n > 0;
}

static void was_sent(struct connection *c, size_t n, const struct mark *mark)
{
    c->since = stats_clock();
    if (c->batch.on && c->sent == c->batch.at) {
        wire_sent(c, n);
        return;
    }
    if (mark) {
        close_all(c->marks[0].fds, c->marks[0].count);
        memmove(c->marks, c->marks + 1, (size_t)--c->mark_count * sizeof(*c->marks));
    }
    c->sent += n;
}

/* Forget what is sent. */
static void compact(struct connection *c)
{
    size_t done = c->sent;
    if (done == 0 || (unsent(c) && done < OUT_PAUSE))
        return;
    memmove(c->out.data, c->out.data + done, unsent(c));
    c->out.size -= done;
    c->sent = 0;
    c->batch.at -= c->batch.on ? done : 0;
    for (int i = 0; i < c->mark_count; i++)
        c->marks[i].at -= done;
}

void connection_flush(struct connection *c)
{
    const uint8_t *bytes;
    size_t n;
    struct mark *mark;
    while (!c->dead && next_piece(c, &bytes, &n, &mark)) {
        ssize_t sent =
            channel_send(&c->channel, bytes, n, mark ? mark->fds : NULL, mark ? mark->count : 0);
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0) {
            connection_close(c, errno == EPROTO ? "TLS has failed" : NULL);
            return;
        }
        was_sent(c, (size_t)sent, mark);
    }
    if (c->dead)
        return;
    compact(c);
    if (c->ended && !unsent(c) && !c->batch.on) {
        connection_close(c, NULL);
        return;
    }
    update_interest(c);
}

/* Duplicates of `fds`, which the consumer may close before they are sent. */
static int keep_mark(struct connection *c, size_t at, const int *fds, int count)
{
    if (count == 0)
        return 0;
    if (c->mark_count == MARKS)
        return -1;
    struct mark *m = &c->marks[c->mark_count];
    *m = (struct mark){ .at = at };
    for (; m->count < count; m->count++) {
        m->fds[m->count] = fcntl(fds[m->count], F_DUPFD_CLOEXEC, 0);
        if (m->fds[m->count] < 0) {
            close_all(m->fds, m->count);
            return -1;
        }
    }
    c->mark_count++;
    return 0;
}

void connection_send(struct connection *c, const json_t *message, const int *fds, int count)
{
    struct error err = { 0 };
    if (c->dead)
        return;
    size_t at = c->out.size;
    if (unsent(c) > OUT_LIMIT) {
        connection_close(c, "does not read");
    } else if (message_write(message, &c->out, &err) < 0) {
        connection_close(c, err.message);
    } else if (keep_mark(c, at, fds, count) < 0) {
        connection_close(c, "no descriptors are left for it");
    } else {
        if (at == c->sent)
            c->since = stats_clock();
        connection_flush(c);
    }
}

void connection_send_new(struct connection *c, json_t *message)
{
    if (message)
        connection_send(c, message, NULL, 0);
    else
        connection_close(c, "no memory for a message");
    json_decref(message);
}

void connection_refuse(struct connection *c, json_int_t id, const struct error *why)
{
    if (c->dead || c->ended)
        return;
    log_about(c, " refused", why->message);
    c->server->refused++;
    server_leave(c);
    c->ended = true;
    c->since = stats_clock();
    connection_send_new(c, message_error(id, why));
}

static void feed(struct connection *c, const uint8_t *bytes, size_t n)
{
    json_t *message;
    struct error err = { 0 };
    int rc = 0;
    while (!c->dead && !c->ended && !c->opening &&
           (rc = message_feed(&c->reader, &bytes, &n, &message, &err)) == 1) {
        server_request(c, message);
        json_decref(message);
    }
    if (rc >= 0 && c->opening)
        rc = buffer_append(&c->pending, bytes, n, &err);
    if (rc < 0)
        connection_refuse(c, 0, &err);
}

void connection_resume(struct connection *c)
{
    struct buffer bytes = c->pending;
    c->pending = (struct buffer){ 0 };
    c->opening = false;
    feed(c, (const uint8_t *)bytes.data, bytes.size);
    buffer_release(&bytes);
    update_interest(c);
}

static int keep_descriptors(struct connection *c, int *fds, int count)
{
    if (count <= MESSAGE_FDS - c->fd_count) {
        memcpy(c->fds + c->fd_count, fds, (size_t)count * sizeof(int));
        c->fd_count += count;
        return 0;
    }
    close_all(fds, count);
    return -1;
}

/* One read a turn, so that a client that floods takes its turn with the others. */
static void read_some(struct connection *c)
{
    uint8_t bytes[READ_AT_ONCE];
    int fds[MESSAGE_FDS], count;
    ssize_t n = channel_receive(&c->channel, bytes, sizeof(bytes), fds, &count);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        connection_close(c, n < 0 && errno == EPROTO ? "TLS has failed" : NULL);
        return;
    }
    struct error err = { 0 };
    if (keep_descriptors(c, fds, count) < 0) {
        error_set(&err, ERROR_DATA, "message", "more than %d descriptors that no message names",
                  MESSAGE_FDS);
        connection_refuse(c, 0, &err);
        return;
    }
    feed(c, bytes, (size_t)n);
}

static void on_socket(struct server *s, struct watch *w, uint32_t events)
{
    struct connection *c = w->context;
    (void)s;
    if ((events & EPOLLIN) || ((events & EPOLLOUT) && c->channel.wants_write))
        if (!c->ended && !c->opening)
            read_some(c);
    if (!c->dead && (events & EPOLLOUT))
        connection_flush(c);
    /* Nothing more can be read or written; what it has sent before was read above. */
    if (!c->dead && (events & (EPOLLHUP | EPOLLERR)) && !(events & EPOLLIN))
        connection_close(c, NULL);
    if (!c->dead)
        update_interest(c);
}

int connection_open(struct server *s, int fd, const struct peer *peer, struct error *err)
{
    struct connection *c = memory_array(1, sizeof(*c), err);
    if (!c)
        return -1;
    c->server = s;
    c->channel.fd = fd;
    c->remote = !peer;
    c->peer = peer ? *peer : (struct peer){ .uid = geteuid() };
    c->trusted = peer && peer->uid == geteuid();
    c->since = stats_clock();
    c->socket = (struct watch){ .fd = fd, .ready = on_socket, .context = c };
    c->freed.fd = -1;
    c->interest = EPOLLIN;
    if (c->remote)
        c->channel.tls = tls_session(s->tls, fd, true, err);
    if ((c->remote && !c->channel.tls) || server_watch(s, &c->socket, c->interest, err) < 0) {
        tls_end(c->channel.tls);
        free(c);
        return -1;
    }
    c->next = s->connections;
    if (c->next)
        c->next->previous = c;
    s->connections = c;
    s->connection_count++;
    return 0;
}
