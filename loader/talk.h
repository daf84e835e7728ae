/*
 * A daemon from its client's side: one connection, requests and their replies, events as they come.
 *
 *     struct talk *t;
 *     if (talk_open(&t, "unix:/run/user/1000/tenfold/nnprepd.sock", NULL, 10000, &err) < 0) ...
 *     struct talk_message reply;
 *     if (talk_request(t, json_pack("{s:s}", "type", "stats"), 10000, &reply, &err) < 0) ...
 *     talk_message_release(&reply);
 *     talk_close(t);
 *
 * Nothing waits for ever: requests have a limit, and the end of the connection is an error. One
 * thread at a time.
 */
#ifndef TENFOLD_LOADER_TALK_H
#define TENFOLD_LOADER_TALK_H

#include <jansson.h>

#include "base/error.h"
#include "loader/protocol.h"
#include "loader/tls.h"

struct talk;

struct talk_message {
    json_t *object;       /* owned */
    int fds[MESSAGE_FDS]; /* owned: those that the message names; -1: taken out */
    int count;
};
void talk_message_release(struct talk_message *m);

/* Connect and say hello. `address`: unix:PATH, or tcp:HOST:PORT with `tls`, which is borrowed while
 * the connection lives. ERROR_DATA when nobody answers there. */
int talk_open(struct talk **talk, const char *address, struct tls *tls, int wait_ms,
              struct error *err);
/* Takes the reference to `request` (NULL: no memory) and gives it an id. A reply of type `error` is
 * an error. Events that come before the reply are kept. */
int talk_request(struct talk *t, json_t *request, int wait_ms, struct talk_message *reply,
                 struct error *err);
/* Send what has no reply; takes the reference. */
int talk_send(struct talk *t, json_t *message, struct error *err);
/* The next event that is here already: 1; 0: none; -1: the daemon is gone, or talks nonsense. */
int talk_event(struct talk *t, struct talk_message *event, struct error *err);
/* Wait until something may have come, from the daemon or on `fd` (-1: none). 0: `wait_ms` are over;
 * -1: poll's error. */
int talk_wait(struct talk *t, int fd, int wait_ms, struct error *err);
/* A config's text, in parts, for the open request that follows. */
int talk_send_config(struct talk *t, const char *text, int wait_ms, struct error *err);
/* End the connection under whoever waits for it, from any thread. */
void talk_cut(struct talk *t);
/* The raw bytes that follow a message: n of them, each wait limited. */
int talk_bytes(struct talk *t, void *bytes, size_t n, int wait_ms, struct error *err);
void talk_close(struct talk *t); /* NULL is a no-op */

#endif
