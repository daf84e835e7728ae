/*
 * Bytes to and from one peer, over a Unix socket that can carry descriptors or over TLS on TCP:
 * what lies between a connection's messages and the kernel. Nothing here waits, unless the socket
 * blocks.
 *
 *     struct channel c = { .fd = fd };                    // or .tls = tls_session(...)
 *     ssize_t n = channel_receive(&c, bytes, sizeof(bytes), fds, &count);
 *     if (n < 0 && errno == EAGAIN) ... poll for EPOLLIN, and EPOLLOUT if c.wants_write ...
 *     channel_close(&c);
 */
#ifndef TENFOLD_LOADER_CHANNEL_H
#define TENFOLD_LOADER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tls_session;

struct channel {
    int fd;                  /* owned, as the next */
    struct tls_session *tls; /* NULL: none */
    bool wants_write;        /* TLS cannot go on before it has written */
};

/* At most n bytes with at most MESSAGE_FDS descriptors (none over TLS). 0: the peer has ended; -1:
 * errno, EAGAIN when there is nothing now, EPROTO when TLS has failed. */
ssize_t channel_receive(struct channel *c, uint8_t *bytes, size_t n, int *fds, int *count);
/* What goes of n bytes, 1 or more. -1: errno as above. */
ssize_t channel_send(struct channel *c, const uint8_t *bytes, size_t n, const int *fds, int count);
void channel_close(struct channel *c);

#endif
