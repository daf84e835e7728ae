/*
 * Messages between daemon and client: a 4-byte length and a JSON object. docs/protocol.md.
 *
 *     struct message_reader r = { 0 };
 *     ... recv into buffer ...
 *     while (message_feed(&r, &bytes, &n, &object, &err) == 1) { ... json_decref(object); }
 *     message_reader_release(&r);
 */
#ifndef TENFOLD_LOADER_PROTOCOL_H
#define TENFOLD_LOADER_PROTOCOL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"

enum { PROTOCOL_VERSION = 1, MESSAGE_MAX = 65536, CONFIG_TEXT_MAX = 1 << 20, MESSAGE_FDS = 4 };

/* What has come of a message so far. */
struct message_reader {
    uint8_t head[4];
    size_t have;        /* bytes of head and body */
    struct buffer body; /* owned */
};

/* Eat from *bytes (n of them, both moved on). 1: a message in *object, the caller's; 0: more bytes
 * are needed; -1: ERROR_DATA, no message can follow. */
int message_feed(struct message_reader *r, const uint8_t **bytes, size_t *n, json_t **object,
                 struct error *err);
void message_reader_release(struct message_reader *r);

/* Append the message's bytes to `out`; steals nothing. ERROR_USAGE when it is too large. */
int message_write(const json_t *object, struct buffer *out, struct error *err);

/* An `error` reply, and the reverse. NULL: no memory. */
json_t *message_error(json_int_t id, const struct error *e);
void message_read_error(const json_t *object, struct error *e);

/* What one send(2) takes of `bytes` on a Unix socket, with `count` descriptors on its first byte.
 */
ssize_t message_send_some(int fd, const uint8_t *bytes, size_t n, const int *fds, int count);
/* A connected Unix socket: the whole of `bytes` with `count` descriptors on its first byte; and at
 * most n bytes with at most MESSAGE_FDS descriptors (close-on-exec), the rest closed. Errors as
 * send(2) and recv(2), EINTR repeated. */
int message_send(int fd, const uint8_t *bytes, size_t n, const int *fds, int count,
                 struct error *err);
ssize_t message_receive(int fd, uint8_t *bytes, size_t n, int *fds, int *count);

#endif
