/*
 * A stream of a daemon, from a trainer's side: the batches lie in memory that the daemon fills.
 *
 *     struct client *c;
 *     struct client_options o = { .address = "unix:/run/user/1000/tenfold/nnprepd.sock",
 *                                 .config = "recipe.yaml", .settings = settings, .count = 2 };
 *     if (client_open(&c, &o, &err) < 0) ...
 *     struct batch batch;
 *     while (client_next(c, &batch, &err) > 0) {
 *         train(batch.images, batch.label, ...);
 *         client_release(c, &batch);
 *     }
 *     client_close(c);
 *
 * One thread at a time. What the daemon sends is checked like a file's bytes: sizes before memory.
 */
#ifndef TENFOLD_LOADER_CLIENT_H
#define TENFOLD_LOADER_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "loader/stream.h"

struct client;

struct client_options {
    const char
        *address; /* unix:PATH; NULL or "auto": the user's daemon, started when there is none */
    const char *config;          /* a file, @NAME for one that the daemon holds, or NULL */
    const char *text;            /* YAML in place of `config`; NULL: none */
    const char *const *settings; /* section.key=value */
    int count;
    uint32_t rank, world; /* world 0: 1 */
    bool has_start;
    uint64_t start, steps;
    const json_t *state; /* borrowed; NULL: none */
    bool alone;          /* share: false */
    bool slow_private;
    int wait_ms; /* for an answer; 0: 10,000 */
};

int client_open(struct client **client, const struct client_options *options, struct error *err);
/* As stream_next. -1 within 2 s when the daemon is gone (ERROR_FAILED), never a hang. */
int client_next(struct client *c, struct batch *batch, struct error *err);
void client_release(struct client *c, const struct batch *batch);
/* The same of the batch of `step` in whose memory `at` lies. */
void client_give_back(struct client *c, const void *at, uint64_t step);
/* To go on with the batch after the last one taken; the caller owns it. */
json_t *client_state(const struct client *c, struct error *err);
uint64_t client_samples(const struct client *c);
uint64_t client_steps_per_epoch(const struct client *c);
const char *client_stream(const struct client *c); /* its name, for messages */
/* What its batches look like. */
struct client_shape {
    struct output_form form;
    uint32_t places; /* of a batch */
    int height, width;
    int64_t classes;  /* of the data */
    int soft_classes; /* 0: no soft labels */
    bool mixing;
};
struct client_shape client_shape(const struct client *c);
void client_close(struct client *c); /* NULL is a no-op */

#endif
