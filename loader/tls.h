/*
 * TLS 1.3 with a pre-shared key: how trainers on other nodes reach a daemon. The key comes from a
 * file, or on a cluster with MUNGE it is 32 random bytes that the client sends inside a credential
 * that only the daemon's user can open; the credential is the key's identity in the handshake.
 *
 *     struct tls *tls;
 *     struct tls_options o = { .psk = "key.hex" };            // or .munge = true
 *     if (tls_open(&tls, &o, &err) < 0) ...
 *     struct tls_session *session = tls_session(tls, fd, true, &err);    // true: we accept
 *     ... tls_receive, tls_send: the handshake happens on the way ...
 *     tls_end(session);
 *     tls_close(tls);
 *
 * No certificates, no older version, one cipher suite (AES-128-GCM, SHA-256), fresh X25519 keys for
 * every connection. A peer without the key gets no further than the handshake.
 */
#ifndef TENFOLD_LOADER_TLS_H
#define TENFOLD_LOADER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct tls;
struct tls_session;

struct tls_options {
    const char *psk; /* file with 32 to 64 bytes in hexadecimal, readable by its owner alone; NULL:
                        none */
    bool munge;      /* ERROR_USAGE where it was built without libmunge */
    uid_t daemon;    /* munge: the user that may open our credentials, and whose we accept */
};

int tls_open(struct tls **tls, const struct tls_options *options, struct error *err);
void tls_close(struct tls *tls); /* after its sessions; NULL is a no-op */

/* Over `fd`, which stays the caller's. NULL with err filled. */
struct tls_session *tls_session(struct tls *tls, int fd, bool accepts, struct error *err);
/* As recv(2) and send(2): EAGAIN, with *wants_write, when the socket must become ready first;
 * EPROTO when the handshake or a record has failed. */
ssize_t tls_receive(struct tls_session *s, uint8_t *bytes, size_t n, bool *wants_write);
ssize_t tls_send(struct tls_session *s, const uint8_t *bytes, size_t n, bool *wants_write);
/* Finish the handshake of a socket that blocks; why it failed, in words. */
int tls_handshake(struct tls_session *s, struct error *err);
void tls_end(struct tls_session *s); /* NULL is a no-op */
/* The last thing of a thread that had sessions: what OpenSSL keeps for it is freed now, and not
 * when the process may have ended. */
void tls_thread_end(void);

#endif
