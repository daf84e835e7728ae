/*
 * Where a training's batches come from: the loader in this process, or a daemon's stream. The
 * batches are the same, to the bit.
 *
 *     struct feed *feed;
 *     if (feed_open(&feed, &o, &err) < 0) ...
 *     if (feed_next(feed, &batch, &err) < 0) ...
 *     feed_release(feed, &batch);
 *     feed_close(feed);
 */
#ifndef TENFOLD_TRAIN_FEED_H
#define TENFOLD_TRAIN_FEED_H

#include "loader/pipeline.h"

struct feed;

struct feed_options {
    const struct pipeline *pipeline; /* borrowed while the feed lives, with the stream's options */
    const struct config *config;     /* that it was made of; borrowed during the call, as below */
    const char *data;                /* in place of data.train; NULL: none */
    const char *daemon;              /* as client_open's address; NULL: the loader here */
    const json_t *state;             /* to go on from; the options are set from it. NULL: none */
    int soft_classes;                /* that soft labels must have */
};

/* ERROR_DATA when the daemon sees other data than this process. */
int feed_open(struct feed **feed, const struct feed_options *options, struct error *err);
/* The next batch; the end of the steps is an error, as the trainer counts them itself. */
int feed_next(struct feed *feed, struct batch *batch, struct error *err);
/* The daemon has been stopped or has died: another one goes on from feed_state. */
bool feed_lost(const struct feed *feed);
void feed_release(struct feed *feed, const struct batch *batch);
json_t *feed_state(const struct feed *feed, struct error *err); /* as stream_state */
void feed_close(struct feed *feed);                             /* NULL is a no-op */

#endif
