/*
 * The trainer's own parts without its run folder, so that a probe learns exactly as a training
 * would. Batches that are held stay in their slots of the stream's ring.
 */
#include "train/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/progress.h"
#include "model/infer.h"
#include "train/run_folder.h"
#include "train/trainer_private.h"

enum { GROUP = 16 }; /* images of a run without gradients */

struct probe {
    struct config *config;        /* owned, as all below */
    struct train_request request; /* the trainer borrows it */
    struct trainer trainer;
    struct run_folder *run; /* NULL: none */
    struct batch *held;     /* (batches); their slots are not given back */
    int batches, images;
    double chance;
    int rows;
    double since; /* clock_seconds() of the last row */
};

/* What would hide the loss of the data, or tie the steps to an epoch's end. */
static const char *const alone[] = {
    "mix=~",
    "data.soft_labels=no",
    "data.label_smoothing=0",
    "data.ledger=~",
    "train.weight_decay=0",
    "train.l2=0",
    "train.l1=0",
    "train.elastic=0",
    "train.schedule=constant",
    "train.warmup=0",
    "train.milestones=~",
    "train.min_lr=0",
    "train.cycle_momentum=~",
    "train.ema=0",
    "train.swa_start=0",
    "train.early_stop=0",
    NULL,
};

static int set_all(struct config *config, const char *const *sets, struct error *err)
{
    for (; sets && *sets; sets++)
        if (config_set(config, *sets, err) < 0)
            return -1;
    return 0;
}

static int make_config(struct probe *p, const struct probe_request *r, struct error *err)
{
    if (config_derive(&p->config, r->config, err) < 0 || set_all(p->config, alone, err) < 0)
        return -1;
    if (r->hold) {
        char slots[64]; /* one more than are held, for the batch on its way */
        snprintf(slots, sizeof(slots), "data.slots=%llu", (unsigned long long)r->steps + 1);
        if (config_set(p->config, slots, err) < 0)
            return -1;
    }
    return set_all(p->config, r->sets, err);
}

/* -sum p log p of the labels' shares p, smoothed as the targets are. */
static int measure_chance(struct probe *p, struct error *err)
{
    const struct index *index = p->trainer.data.index;
    int k = net_classes(p->trainer.net);
    uint64_t n = index_count(index), labeled = 0;
    uint64_t *counts = memory_array((size_t)k, sizeof(*counts), err);
    if (!counts)
        return -1;
    for (uint64_t i = 0; i < n; i++) {
        int64_t label = index_label(index, i);
        if (label >= 0 && label < k) {
            counts[label]++;
            labeled++;
        }
    }
    double smoothing = p->trainer.config.label_smoothing;
    for (int c = 0; c < k; c++) {
        double share = labeled ? (double)counts[c] / (double)labeled : 1.0 / k;
        share = (1 - smoothing) * share + smoothing / k;
        p->chance -= share > 0 ? share * log(share) : 0;
    }
    free(counts);
    if (p->trainer.config.loss == LOSS_HINGE)
        p->chance = k - 1;
    return 0;
}

static int open_folder(struct probe *p, const char *path, struct error *err)
{
    if (run_folder_open(&p->run, path, RUN_OVERWRITE, (struct run_guard){ 0 }, err) < 0)
        return -1;
    return run_folder_config(p->run, p->trainer.resolved, err);
}

/* Not beyond the first epoch: there images come again, differently drawn. */
static int hold(struct probe *p, int steps, struct error *err)
{
    p->held = memory_array((size_t)steps, sizeof(*p->held), err);
    if (!p->held)
        return -1;
    while (p->batches < steps) {
        struct batch *b = &p->held[p->batches];
        if (feed_next(p->trainer.feed, b, err) < 0)
            return -1;
        if (b->header->epoch > 0) {
            feed_release(p->trainer.feed, b);
            break;
        }
        p->batches++;
        for (uint32_t i = 0; i < b->header->count; i++)
            p->images += b->id[i] >= 0 && b->label[i] >= 0;
    }
    return 0;
}

int probe_open(struct probe **result, const struct probe_request *r, struct error *err)
{
    struct probe *p = memory_array(1, sizeof(*p), err);
    if (!p)
        return -1;
    p->trainer.request = &p->request;
    int rc = make_config(p, r, err);
    p->request = (struct train_request){ .config = p->config, .data = r->data, .quiet = true };
    if (rc == 0)
        rc = trainer_open_apart(&p->trainer, r->steps, err);
    if (rc == 0)
        rc = measure_chance(p, err);
    if (rc == 0 && r->hold)
        rc = hold(p, (int)r->steps, err);
    if (rc == 0 && r->run)
        rc = open_folder(p, r->run, err);
    p->since = clock_seconds();
    if (rc < 0) {
        probe_close(p);
        return -1;
    }
    *result = p;
    return 0;
}

int probe_next(struct probe *p, double *loss, struct error *err)
{
    struct batch batch;
    if (p->trainer.step >= p->trainer.data.data.stream.steps)
        return 0;
    if (feed_next(p->trainer.feed, &batch, err) < 0)
        return -1;
    *loss = trainer_learn(&p->trainer, &batch);
    feed_release(p->trainer.feed, &batch);
    return 1;
}

double probe_again(struct probe *p, int i, int *correct)
{
    uint64_t before = p->trainer.tally.correct;
    double loss = trainer_learn(&p->trainer, &p->held[i]);
    *correct = (int)(p->trainer.tally.correct - before);
    return loss;
}

/* Images of one batch that the largest logit is right about. */
static int count_correct(struct infer *f, const struct net *net, const struct batch *b,
                         float *logits, int *correct, struct error *err)
{
    struct shape in = net_input(net);
    size_t image = (size_t)in.c * (size_t)in.h * (size_t)in.w;
    int k = net_classes(net), n = (int)b->header->count;
    for (int first = 0; first < n; first += GROUP) {
        int m = n - first < GROUP ? n - first : GROUP;
        const float *x = (const float *)b->images + (size_t)first * image;
        if (infer_run(f, x, m, in.h, in.w, logits, err) < 0)
            return -1;
        for (int i = 0; i < m; i++) {
            int best = 0;
            for (int c = 1; c < k; c++)
                if (logits[i * k + c] > logits[i * k + best])
                    best = c;
            *correct += b->id[first + i] >= 0 && b->label[first + i] == best;
        }
    }
    return 0;
}

int probe_correct(struct probe *p, int *correct, struct error *err)
{
    struct infer *f = NULL;
    float *logits =
        memory_array((size_t)GROUP * (size_t)net_classes(p->trainer.net), sizeof(*logits), err);
    int rc = logits ? infer_open(&f, p->trainer.net, GROUP, err) : -1;
    *correct = 0;
    for (int i = 0; i < p->batches && rc == 0; i++)
        rc = count_correct(f, p->trainer.net, &p->held[i], logits, correct, err);
    infer_close(f);
    free(logits);
    return rc;
}

const struct batch *probe_batch(const struct probe *p, int i)
{
    return &p->held[i];
}

int probe_batches(const struct probe *p)
{
    return p->batches;
}

int probe_images(const struct probe *p)
{
    return p->images;
}

void probe_rate(struct probe *p, double lr)
{
    p->trainer.schedule.base = lr;
}

/* Steps of what counts as an epoch here. */
static double round_of(const struct probe *p)
{
    return p->batches ? p->batches : (double)p->trainer.steps;
}

int probe_log(struct probe *p, double loss, struct error *err)
{
    if (!p->run || !isfinite(loss))
        return 0;
    return run_folder_log(p->run,
                          json_pack("{s:I, s:f, s:f, s:f}", "step", (json_int_t)p->trainer.step,
                                    "epoch", (double)p->trainer.step / round_of(p), "loss", loss,
                                    "lr", p->trainer.schedule.base),
                          err);
}

int probe_row(struct probe *p, struct error *err)
{
    struct tally *tally = &p->trainer.tally;
    double now = clock_seconds(), seconds = fmax(now - p->since, 1e-9);
    struct run_epoch row = {
        .epoch = ++p->rows,
        .lr = p->trainer.schedule.base,
        .seconds = seconds,
        .images_per_second = (double)tally->samples / seconds,
    };
    if (tally->samples) {
        row.train_loss = tally->loss / (double)tally->samples;
        row.train_top1 = (double)tally->correct / (double)tally->samples;
    }
    *tally = (struct tally){ 0 };
    p->since = now;
    return p->run ? run_folder_epoch(p->run, &row, err) : 0;
}

int probe_end(struct probe *p, const char *state, const char *reason, struct error *err)
{
    if (!p->run)
        return 0;
    return run_folder_log(p->run,
                          json_pack("{s:s, s:I, s:s}", "ended", state, "step",
                                    (json_int_t)p->trainer.step, "reason", reason),
                          err);
}

double probe_chance(const struct probe *p)
{
    return p->chance;
}

uint64_t probe_epoch(const struct probe *p)
{
    return p->trainer.steps;
}

const struct train_config *probe_config(const struct probe *p)
{
    return &p->trainer.config;
}

struct net *probe_net(struct probe *p)
{
    return p->trainer.net;
}

struct pool *probe_lend(struct probe *p)
{
    backprop_close(p->trainer.backprop);
    p->trainer.backprop = NULL;
    return p->trainer.pool;
}

void probe_close(struct probe *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->batches; i++)
        feed_release(p->trainer.feed, &p->held[i]);
    free(p->held);
    run_folder_close(p->run);
    trainer_close(&p->trainer);
    config_close(p->config);
    free(p);
}
