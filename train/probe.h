/*
 * A training apart from every run: the network, data and optimizer that a config describes, from
 * the same beginning, for some steps at a constant learning rate. Nothing that the config names is
 * written to; what is wanted of it is kept in a run folder of its own.
 *
 *     static const char *const sets[] = { "train.lr=0.01", NULL };
 *     struct probe *p;
 *     if (probe_open(&p, &(struct probe_request){ .config = config, .sets = sets, .steps = 100 },
 *                    &err) < 0) ...
 *     while (probe_next(p, &loss, &err) > 0 && isfinite(loss)) ...
 *     probe_close(p);
 */
#ifndef TENFOLD_TRAIN_PROBE_H
#define TENFOLD_TRAIN_PROBE_H

#include <stdint.h>

#include "base/config.h"
#include "loader/stream.h"
#include "model/net.h"
#include "train/train_config.h"

struct probe_request {
    const struct config *config; /* borrowed until close, as all below */
    const char *data;            /* in place of data.train; NULL: none */
    const char *const *sets;     /* as for --set, NULL-terminated; NULL: none */
    uint64_t steps;              /* batches of the stream that there will be */
    bool hold;                   /* ... which are all kept in memory, for probe_again */
    const char *run;             /* folder to write config, log and summary to; NULL: none */
};

struct probe;

/* The config as it is, but without penalties, mixing, averages of weights, schedule and warm-up:
 * the loss is that of the data alone, the labels are hard. `sets` come after that. */
int probe_open(struct probe **probe, const struct probe_request *request, struct error *err);

/* A step on the next batch. 1: `loss` is that of the batch before the step, not finite where
 * training blew up and nothing was learned; 0: there are no more. */
int probe_next(struct probe *probe, double *loss, struct error *err);

/* A step on the i-th of the batches that are held; `correct` gets how many of its images were
 * right. */
double probe_again(struct probe *probe, int i, int *correct);
/* How many of the images held the network as it is gets right without noise (dropout). */
int probe_correct(struct probe *probe, int *correct, struct error *err);
const struct batch *probe_batch(const struct probe *probe, int i);
int probe_batches(const struct probe *probe);
int probe_images(const struct probe *probe); /* held, with a label */

/* From the next step on. */
void probe_rate(struct probe *probe, double lr);
/* A line of the run's log; a row of its summary with what was seen since the last one; the log's
 * last line ("done", "diverged"). No-ops without a run. */
int probe_log(struct probe *probe, double loss, struct error *err);
int probe_row(struct probe *probe, struct error *err);
int probe_end(struct probe *probe, const char *state, const char *reason, struct error *err);

/* The loss of guessing: of the best answer that is the same for every image. Cross-entropy: the
 * entropy of the labels (ln C where all classes are as frequent), smoothed; hinge: C - 1. */
double probe_chance(const struct probe *probe);
uint64_t probe_epoch(const struct probe *probe); /* steps of an epoch */
const struct train_config *probe_config(const struct probe *probe);
struct net *probe_net(struct probe *probe);
/* The threads that it computes with; its own means of running the network are closed: probe_next
 * and probe_again are no longer for use. */
struct pool *probe_lend(struct probe *probe);

void probe_close(struct probe *probe); /* NULL is a no-op */

#endif
