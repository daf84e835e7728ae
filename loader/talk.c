#include "loader/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/socket.h"
#include "loader/channel.h"
#include "loader/stats.h"

/* EVENTS: that may come before a reply; PENDING: descriptors that came before their message. */
enum { AT_ONCE = 65536, EVENTS = 64, PENDING = 2 * MESSAGE_FDS };

struct talk {
    char address[200];
    struct channel channel;
    struct message_reader reader;
    uint8_t bytes[AT_ONCE]; /* received, not looked at: [begin, end) */
    size_t begin, end;
    int fds[PENDING]; /* owned: received, not claimed */
    int fd_count;
    struct talk_message events[EVENTS]; /* owned: that came while a reply was waited for */
    int event_count;
    json_int_t id;
};

static void close_all(int *fds, int count)
{
    for (int i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

void talk_message_release(struct talk_message *m)
{
    json_decref(m->object);
    close_all(m->fds, m->count);
    *m = (struct talk_message){ 0 };
}

static int gone(const struct talk *t, struct error *err)
{
    return error_set(err, ERROR_FAILED, t->address, "the daemon is gone");
}

/* Read what is here into `to`. How many bytes; 0: nothing; -1. */
static ssize_t receive_into(struct talk *t, uint8_t *to, size_t size, struct error *err)
{
    int fds[MESSAGE_FDS], count;
    ssize_t n = channel_receive(&t->channel, to, size, fds, &count);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0 && errno == EPROTO)
        return error_set(err, ERROR_FAILED, t->address, "TLS has failed: is it the daemon's key?");
    if (n <= 0)
        return gone(t, err);
    if (count > PENDING - t->fd_count) {
        close_all(fds, count);
        return error_set(err, ERROR_DATA, t->address, "too many descriptors came from the daemon");
    }
    memcpy(t->fds + t->fd_count, fds, (size_t)count * sizeof(int));
    t->fd_count += count;
    return n;
}

/* Read what is here. 1: something; 0: nothing; -1. */
static int receive(struct talk *t, struct error *err)
{
    t->begin = t->end = 0;
    ssize_t n = receive_into(t, t->bytes, sizeof(t->bytes), err);
    if (n > 0)
        t->end = (size_t)n;
    return n < 0 ? -1 : n > 0;
}

/* A message that describes a ring in memory has its descriptors with it. */
static int claim(struct talk *t, struct talk_message *m, struct error *err)
{
    const char *type = json_string_value(json_object_get(m->object, "type"));
    const json_t *header = json_object_get(json_object_get(m->object, "ring"), "header_bytes");
    if ((strcmp(type, "opened") != 0 && strcmp(type, "moved") != 0) ||
        json_integer_value(header) == 0)
        return 0;
    if (t->fd_count < MESSAGE_FDS)
        return error_set(err, ERROR_DATA, t->address, "%s came without its descriptors", type);
    memcpy(m->fds, t->fds, sizeof(m->fds));
    m->count = MESSAGE_FDS;
    t->fd_count -= MESSAGE_FDS;
    memmove(t->fds, t->fds + MESSAGE_FDS, (size_t)t->fd_count * sizeof(int));
    return 0;
}

/* The next message of what is here. 1, 0, -1. */
static int next_message(struct talk *t, struct talk_message *m, struct error *err)
{
    *m = (struct talk_message){ 0 };
    for (;;) {
        const uint8_t *bytes = t->bytes + t->begin;
        size_t n = t->end - t->begin;
        int rc = message_feed(&t->reader, &bytes, &n, &m->object, err);
        t->begin = (size_t)(bytes - t->bytes);
        if (rc == 1 && claim(t, m, err) < 0) {
            talk_message_release(m);
            rc = -1;
        }
        if (rc != 0)
            return rc;
        rc = receive(t, err);
        if (rc <= 0)
            return rc;
    }
}

int talk_event(struct talk *t, struct talk_message *event, struct error *err)
{
    if (t->event_count == 0)
        return next_message(t, event, err);
    *event = t->events[0];
    memmove(t->events, t->events + 1, (size_t)--t->event_count * sizeof(*t->events));
    return 1;
}

int talk_wait(struct talk *t, int fd, int wait_ms, struct error *err)
{
    short events = t->channel.wants_write ? POLLIN | POLLOUT : POLLIN;
    struct pollfd p[2] = { { .fd = t->channel.fd, .events = events },
                           { .fd = fd, .events = POLLIN } };
    int rc = poll(p, 2, wait_ms);
    if (rc < 0 && errno != EINTR)
        return error_errno(err, t->address, "poll");
    return rc != 0;
}

int talk_send(struct talk *t, json_t *message, struct error *err)
{
    struct buffer out = { 0 };
    int rc = message ? message_write(message, &out, err)
                     : error_set(err, ERROR_FAILED, NULL, "no memory for a message");
    json_decref(message);
    for (size_t sent = 0; rc == 0 && sent < out.size;) {
        ssize_t n =
            channel_send(&t->channel, (const uint8_t *)out.data + sent, out.size - sent, NULL, 0);
        struct pollfd p = { .fd = t->channel.fd, .events = POLLOUT };
        if (n >= 0)
            sent += (size_t)n;
        else if (errno != EAGAIN)
            rc = gone(t, err);
        else if (poll(&p, 1, 10000) == 0)
            rc = error_set(err, ERROR_FAILED, t->address, "the daemon does not read");
    }
    buffer_release(&out);
    return rc;
}

static int keep_event(struct talk *t, struct talk_message *m, struct error *err)
{
    if (t->event_count < EVENTS) {
        t->events[t->event_count++] = *m;
        return 0;
    }
    talk_message_release(m);
    return error_set(err, ERROR_DATA, t->address, "too many events came from the daemon");
}

static bool is_error(const struct talk_message *m)
{
    return strcmp(json_string_value(json_object_get(m->object, "type")), "error") == 0;
}

/* An `error`, which answers this request or ends the connection (id 0). */
static int read_error(struct talk_message *m, struct error *err)
{
    message_read_error(m->object, err);
    talk_message_release(m);
    return -1;
}

int talk_request(struct talk *t, json_t *request, int wait_ms, struct talk_message *reply,
                 struct error *err)
{
    json_int_t id = ++t->id;
    uint64_t begun = stats_clock();
    if (request && json_object_set_new(request, "id", json_integer(id)) < 0) {
        json_decref(request);
        request = NULL;
    }
    if (talk_send(t, request, err) < 0) {
        /* Who is turned away finds the reason there. */
        struct error ignored = { 0 };
        if (next_message(t, reply, &ignored) == 1)
            return is_error(reply) ? read_error(reply, err) : keep_event(t, reply, err);
        return -1;
    }
    for (;;) {
        int rc = next_message(t, reply, err);
        if (rc < 0)
            return -1;
        if (rc == 0) {
            int left = wait_ms - (int)((stats_clock() - begun) / 1000000);
            if (left <= 0)
                return error_set(err, ERROR_FAILED, t->address,
                                 "the daemon has not answered within %d ms", wait_ms);
            if (talk_wait(t, -1, left, err) < 0)
                return -1;
            continue;
        }
        const json_t *answers = json_object_get(reply->object, "id");
        if (is_error(reply) &&
            (json_integer_value(answers) == id || json_integer_value(answers) == 0))
            return read_error(reply, err);
        if (json_is_integer(answers) && json_integer_value(answers) == id)
            return 0;
        if (keep_event(t, reply, err) < 0)
            return -1;
    }
}

/* A config's text in parts that fit a message, escaped as JSON they are at most six times as long.
 */
int talk_send_config(struct talk *t, const char *text, int wait_ms, struct error *err)
{
    enum { PART = MESSAGE_MAX / 7 };
    size_t left = strlen(text);
    while (left > 0) {
        struct talk_message ok;
        size_t n = left < PART ? left : PART;
        /* Not within a character. */
        while (n < left && n > 1 && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
        json_t *part = json_pack("{s:s, s:s%}", "type", "part", "text", text, n);
        if (talk_request(t, part, wait_ms, &ok, err) < 0)
            return -1;
        talk_message_release(&ok);
        text += n;
        left -= n;
    }
    return 0;
}

void talk_cut(struct talk *t)
{
    (void)shutdown(t->channel.fd, SHUT_RDWR);
}

int talk_bytes(struct talk *t, void *bytes, size_t n, int wait_ms, struct error *err)
{
    uint8_t *to = bytes;
    while (n > 0) {
        size_t here = t->end - t->begin < n ? t->end - t->begin : n;
        memcpy(to, t->bytes + t->begin, here);
        t->begin += here;
        to += here;
        n -= here;
        if (n == 0)
            return 0;
        ssize_t got = receive_into(t, to, n, err);
        int rc = got < 0 ? -1 : got > 0;
        if (got > 0) {
            to += got;
            n -= (size_t)got;
        }
        if (rc == 0)
            rc = talk_wait(t, -1, wait_ms, err);
        if (rc == 0)
            return error_set(err, ERROR_FAILED, t->address, "no bytes for %d ms", wait_ms);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int connect_to(struct talk *t, const char *address, struct tls *tls, int wait_ms,
                      struct error *err)
{
    bool tcp = strncmp(address, "tcp:", 4) == 0;
    if (!tcp && strncmp(address, "unix:", 5) != 0)
        return error_set(err, ERROR_USAGE, address, "is neither unix:PATH nor tcp:HOST:PORT");
    if (tcp && !tls)
        return error_set(err, ERROR_USAGE, address,
                         "over TCP a key is needed: go through nnprepd --relay");
    t->channel.fd = tcp ? tcp_connect(address + 4, wait_ms, err) : unix_connect(address + 5, err);
    if (t->channel.fd < 0)
        return -1;
    if (tcp) {
        /* The handshake waits, but not for ever. */
        struct timeval limit = { wait_ms / 1000, wait_ms % 1000 * 1000 };
        if (setsockopt(t->channel.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
            return error_errno(err, address, "cannot set the socket up");
        t->channel.tls = tls_session(tls, t->channel.fd, false, err);
        if (!t->channel.tls || tls_handshake(t->channel.tls, err) < 0)
            return -1;
    }
    if (fcntl(t->channel.fd, F_SETFL, O_NONBLOCK) < 0)
        return error_errno(err, address, "fcntl");
    return 0;
}

int talk_open(struct talk **talk, const char *address, struct tls *tls, int wait_ms,
              struct error *err)
{
    struct talk *t = memory_array(1, sizeof(*t), err);
    if (!t)
        return -1;
    t->channel.fd = -1;
    snprintf(t->address, sizeof(t->address), "%s", address);
    struct talk_message welcome = { 0 };
    if (connect_to(t, address, tls, wait_ms, err) < 0 ||
        talk_request(t,
                     json_pack("{s:s, s:i, s:s}", "type", "hello", "version", PROTOCOL_VERSION,
                               "software", "tenfold " TENFOLD_VERSION),
                     wait_ms, &welcome, err) < 0) {
        talk_close(t);
        return -1;
    }
    json_int_t version = json_integer_value(json_object_get(welcome.object, "version"));
    talk_message_release(&welcome);
    if (version != PROTOCOL_VERSION) {
        talk_close(t);
        return error_set(err, ERROR_DATA, address, "the daemon speaks version %lld; here it is %d",
                         (long long)version, PROTOCOL_VERSION);
    }
    *talk = t;
    return 0;
}

void talk_close(struct talk *t)
{
    if (!t)
        return;
    channel_close(&t->channel);
    message_reader_release(&t->reader);
    close_all(t->fds, t->fd_count);
    for (int i = 0; i < t->event_count; i++)
        talk_message_release(&t->events[i]);
    free(t);
}
