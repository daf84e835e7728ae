/*
 * Who does what, between processes that share nothing but a folder: files that only one of them can
 * create, and hearts that the others can hear beating.
 *
 *     bool won;
 *     if (claim_take(folder, 0, &won, &err) < 0) ...       // claim.0
 *     if (won) {
 *         struct heart *heart;
 *         heart_open(&heart, folder, 0, &options, &err);    // heartbeat.0, by a thread of its own
 *         ... work; before each write: claim_held(folder, 0) ...
 *         heart_close(heart, false);
 *     }
 *
 * Works over NFS: a file is written whole under a name of its own and linked to its final one,
 * which exactly one process can do, and the link count tells whether a link was made whose answer
 * got lost. No file time is ever looked at, and clocks may differ or jump: whether a heart beats is
 * judged by its file's content over the reader's own monotonic clock.
 */
#ifndef TENFOLD_TRAIN_CLAIM_H
#define TENFOLD_TRAIN_CLAIM_H

#include <jansson.h>
#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

/* Write `content` as folder/name if there is none: whole or not at all. *won: this call did. */
int claim_write(const char *folder, const char *name, const json_t *content, bool *won,
                struct error *err);

/* The last attempt that is claimed in `folder`, looked for from `from` on; -1: none. */
int claim_last(const char *folder, int from);
/* Claim `attempt` (claim.<attempt>: host, process and a nonce). */
int claim_take(const char *folder, int attempt, bool *won, struct error *err);
/* What is in `folder` is seen as it is now, for a moment: a client of NFS may remember for a minute
 * that a file is not there, unless it changes the folder itself. */
void claim_look(const char *folder);
/* Has nobody claimed a later attempt than `attempt`? With claim_look. */
bool claim_held(const char *folder, int attempt);

struct heart_options {
    double beat;                       /* seconds */
    double deadline;                   /* of clock_seconds(); 0: none */
    const volatile sig_atomic_t *stop; /* borrowed; may be NULL */
};

/* Begin to beat in folder/heartbeat.<attempt>. */
struct heart;
int heart_open(struct heart **heart, const char *folder, int attempt,
               const struct heart_options *options, struct error *err);
/* What the work beside it obeys: `stop` when that was set, SIGALRM past the deadline. */
const volatile sig_atomic_t *heart_stop(const struct heart *heart);
/* `left`: the work is not finished, and whoever wants may go on at once. NULL is a no-op. */
void heart_close(struct heart *heart, bool left);

/* What one process knows of another's heart; fill with { 0 }. */
struct pulse {
    int attempt;
    char text[32];  /* the file when it was last looked at */
    double silence; /* seconds for which it has been the same */
    double looked;  /* at what time */
};
/* Listen to the heart of `attempt`: is it dead? That is, it was left, or has not changed for
 * `patience` seconds of the caller's listening. A look counts for no more than a quarter of that,
 * so that a listener who was stopped himself finds nobody dead when he wakes. */
bool pulse_dead(struct pulse *pulse, const char *folder, int attempt, double patience);

#endif
