/*
 * A message is read in two steps, length then body, so that nothing is taken on trust: the length
 * is checked before the body has a buffer, and that grows with the bytes that came, not with those
 * that were announced.
 */
#include "loader/protocol.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"

enum { HEAD = 4 };

static uint32_t read_length(const uint8_t *head)
{
    return (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 |
           (uint32_t)head[3] << 24;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The body is whole. */
static int parse(struct message_reader *r, json_t **object, struct error *err)
{
    json_t *json = json_parse(r->body.data, r->body.size, "message", err);
    r->have = 0;
    r->body.size = 0;
    if (!json)
        return -1;
    if (!json_is_object(json) || !json_is_string(json_object_get(json, "type"))) {
        json_decref(json);
        return error_set(err, ERROR_DATA, "message", "is no JSON object with a text \"type\"");
    }
    *object = json;
    return 1;
}

int message_feed(struct message_reader *r, const uint8_t **bytes, size_t *n, json_t **object,
                 struct error *err)
{
    while (*n > 0) {
        size_t part;
        if (r->have < HEAD) {
            part = smaller(HEAD - r->have, *n);
            memcpy(r->head + r->have, *bytes, part);
        } else {
            part = smaller(HEAD + read_length(r->head) - r->have, *n);
            if (buffer_append(&r->body, *bytes, part, err) < 0)
                return -1;
        }
        r->have += part;
        *bytes += part;
        *n -= part;
        if (r->have < HEAD)
            continue;
        uint32_t length = read_length(r->head);
        if (length < 1 || length > MESSAGE_MAX)
            return error_set(err, ERROR_DATA, "message", "has length %u; must be 1..%d", length,
                             MESSAGE_MAX);
        if (r->have == HEAD + length)
            return parse(r, object, err);
    }
    return 0;
}

void message_reader_release(struct message_reader *r)
{
    buffer_release(&r->body);
    *r = (struct message_reader){ 0 };
}

static int append(struct buffer *out, const char *text, size_t length, struct error *err)
{
    const uint8_t head[HEAD] = { (uint8_t)length, (uint8_t)(length >> 8), (uint8_t)(length >> 16),
                                 (uint8_t)(length >> 24) };
    size_t before = out->size;
    if (buffer_append(out, head, HEAD, err) == 0 && buffer_append(out, text, length, err) == 0)
        return 0;
    out->size = before;
    return -1;
}

int message_write(const json_t *object, struct buffer *out, struct error *err)
{
    char *text = json_canonical(object, err);
    if (!text)
        return -1;
    size_t length = strlen(text);
    int rc = length <= MESSAGE_MAX
                 ? append(out, text, length, err)
                 : error_set(err, ERROR_USAGE, "message", "has %zu bytes; %d are the limit", length,
                             MESSAGE_MAX);
    free(text);
    return rc;
}

static const struct {
    enum error_kind kind;
    const char *name;
} kinds[] = {
    { ERROR_FAILED, "failed" },
    { ERROR_USAGE, "usage" },
    { ERROR_DATA, "data" },
    { ERROR_REQUEUE, "interrupted" },
    { ERROR_INTERRUPTED, "interrupted" },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

json_t *message_error(json_int_t id, const struct error *e)
{
    const char *kind = kinds[0].name;
    for (int i = 0; i < KINDS; i++)
        if (kinds[i].kind == e->kind)
            kind = kinds[i].name;
    /* Names of files in the text may be no UTF-8. */
    return json_pack("{s:s, s:I, s:s, s:o, s:o}", "type", "error", "id", id, "kind", kind, "place",
                     json_bytes(e->place), "message", json_bytes(e->message));
}

void message_read_error(const json_t *object, struct error *e)
{
    const char *kind = json_string_value(json_object_get(object, "kind"));
    const char *place = json_string_value(json_object_get(object, "place"));
    const char *message = json_string_value(json_object_get(object, "message"));
    enum error_kind found = ERROR_FAILED;
    for (int i = KINDS - 1; i >= 0; i--)
        if (kind && strcmp(kinds[i].name, kind) == 0)
            found = kinds[i].kind;
    error_set(e, found, place, "%s", message ? message : "the daemon gives no reason");
}

/* What is sent along with a message. */
union ancillary {
    char bytes[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
    struct cmsghdr align;
};

ssize_t message_send_some(int fd, const uint8_t *bytes, size_t n, const int *fds, int count)
{
    struct iovec piece = { (void *)bytes, n };
    struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
    union ancillary control = { { 0 } };
    if (count > 0) {
        size_t size = (size_t)count * sizeof(int);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(c), fds, size);
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

int message_send(int fd, const uint8_t *bytes, size_t n, const int *fds, int count,
                 struct error *err)
{
    while (n > 0) {
        ssize_t sent = message_send_some(fd, bytes, n, fds, count);
        if (sent < 0)
            return error_errno(err, NULL, "cannot send");
        bytes += sent;
        n -= (size_t)sent;
        count = 0;
    }
    return 0;
}

/* Keep the first `room` descriptors that came, close the others. */
static void keep_descriptors(struct msghdr *message, int *fds, int *count)
{
    *count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (*count < MESSAGE_FDS)
                fds[(*count)++] = fd;
            else
                close(fd);
        }
    }
}

ssize_t message_receive(int fd, uint8_t *bytes, size_t n, int *fds, int *count)
{
    struct iovec piece = { bytes, n };
    /* The kernel closes what there is no room for. */
    union ancillary control;
    struct msghdr message = {
        .msg_iov = &piece,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t got;
    *count = 0;
    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got >= 0)
        keep_descriptors(&message, fds, count);
    return got;
}
