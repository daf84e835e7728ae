/*
 * A daemon of its own for a test: bin/nnprepd in a folder of its own, with a small data set.
 *
 *     tcase_add_checked_fixture(cases, daemon_enter, daemon_leave);
 *     ...
 *     struct daemon d;
 *     daemon_start(&d, "--idle-exit 5");
 *     struct client *c = daemon_client(&d, 0);
 *     daemon_stop(&d);                                    // SIGTERM; must exit with 0
 */
#ifndef TENFOLD_TESTS_DAEMON_H
#define TENFOLD_TESTS_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

#include "loader/client.h"
#include "loader/talk.h"
#include "tests/tiny.h"

struct daemon {
    pid_t pid;
    char address[120]; /* unix:... */
    char log[120];
};

enum { DAEMON_IMAGES = 40, DAEMON_BATCH = 8 };

extern struct tiny daemon_data;
extern char daemon_home[64];
/* Settings of a stream of daemon_data: batches of 8 of 20x20, seed 7. */
extern const char *daemon_settings[];
extern int daemon_setting_count;

void daemon_enter(void);
void daemon_leave(void);

/* Start with the socket `daemon_home`/d.sock and further options (words without quotes), and wait
 * until it listens. */
void daemon_start(struct daemon *d, const char *options);
/* The same with another socket's name. */
void daemon_start_at(struct daemon *d, const char *socket, const char *options);
/* The port in the line of its log that begins with `what`: "listening on tcp:", "metrics on". */
int daemon_port(const struct daemon *d, const char *what);
/* As daemon_start, but it must end by itself: its exit status, its words in `said`. */
int daemon_refused(const char *options, char *said, size_t size);
/* Wait until its log has `what` for the `times`-th time. */
void daemon_said(const struct daemon *d, const char *what, int times);
/* SIGTERM; what it exits with. */
int daemon_stop(struct daemon *d);
void daemon_kill(struct daemon *d);

struct client_options daemon_options(const struct daemon *d);
struct client *daemon_client(const struct daemon *d, const struct client_options *o);
struct talk *daemon_talk(const struct daemon *d);
/* The daemon's numbers; the caller's. */
json_t *daemon_stats(const struct daemon *d);

/* Run a line with @ for the programs' folder and % for the test's (command_line.h). */
int daemon_run(const char *line, char *out, size_t size);
/* A file of the test's folder. */
void daemon_write(const char *name, const char *text);

/* A checksum of a batch's pixels, labels and ids. */
uint64_t batch_sum(const struct batch *b, const struct client_shape *shape);
/* The sums of `count` batches of the same stream, made in this process, from `start` on. */
void local_sums(uint64_t start, int count, uint64_t *sums);

int descriptors_of(pid_t pid);
long resident_kib(pid_t pid);

#endif
