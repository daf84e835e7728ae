/*
 * A training from a config to weights: batches from the stream, steps of backpropagation, a
 * validation after each epoch, everything written to a run folder.
 *
 *     struct train_request request = { .config = config, .data = NULL, .stop = &stop };
 *     struct train_result result;
 *     if (train_run(&request, &result, &err) < 0) ...
 */
#ifndef TENFOLD_TRAIN_TRAINER_H
#define TENFOLD_TRAIN_TRAINER_H

#include <signal.h>
#include <stdbool.h>

#include "base/config.h"

struct train_request {
    const struct config *config;  /* borrowed, as all below */
    const char *data, *val, *out; /* in place of data.train, data.val, train.out; may be NULL */
    const char *daemon; /* whose stream brings the batches, as client_open's address; NULL: none */
    bool overwrite;     /* an earlier run in `out` */
    bool resume;        /* go on with the run in `out`, as if it had not stopped; none: begin */
    bool allow_changes; /* ... though its config was another */
    bool quiet;         /* no progress on standard error */
    int until;          /* end after so many of train.epochs, to be resumed; 0: after all */
    const volatile sig_atomic_t *stop; /* ends the run after the step at hand when it is not 0 */
    /* Told of every finished epoch, in a line of text; NULL: nobody listens. */
    void (*epoch)(void *context, const char *line);
    /* Told of what went wrong without ending the run; NULL: nobody listens. */
    void (*warn)(void *context, const char *place, const char *text);
    /* Asked before anything is written: -1 with err filled ends the run with that error. NULL: it
     * may. */
    int (*may_write)(void *context, struct error *err);
    void *context;
};

struct train_result {
    int epochs; /* finished */
    int best;   /* the one with the highest validation top-1, the first of equals; 0: none */
    double top1, best_top1; /* validation, of the last epoch and of the best; 0..1 */
    double seconds;
    bool early;    /* ended by early_stop */
    bool diverged; /* why it failed: loss or weights are no longer finite */
};

/* The weights written depend on data, config and seeds, not on threads. ERROR_REQUEUE or
 * ERROR_INTERRUPTED (see interrupt.h) after `stop`, with `last` and a checkpoint saved;
 * ERROR_FAILED when the loss is no longer finite, with the weights of the last good epoch left in
 * place. Without validation data there is no `best`. */
int train_run(const struct train_request *request, struct train_result *result, struct error *err);

/* Refuse what train_run would refuse before it writes anything; the run folder is not looked at. */
int train_check(const struct train_request *request, struct error *err);

#endif
