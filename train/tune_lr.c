#include "train/tune_lr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/probe.h"

/* The lecture's. */
static const double rates[] = { 1e-1, 1e-2, 1e-3, 1e-4 };
static const double SMALL_DECAY = 1e-4;
/* An epoch that is at least so long is not repeated; beyond this many times its start a loss has
 * exploded, whatever it does later. */
enum { EPOCH_ENOUGH = 40 };
/* So many times the steps, where those of the first epoch were too few to tell. */
enum { LONGER = 3 };
static const double EXPLODED = 20;

/* One training: how, and what it is for. */
struct trial {
    double lr, decay;
    bool own, rising; /* the config's rate; a range test */
    const char *name; /* of the run folder */
};

static int run(struct probe *p, struct lr_try *t, const struct trial *trial,
               const struct tune_options *o, int steps, struct error *err)
{
    while (t->steps < steps && !t->diverged) {
        double loss;
        if (tune_stopped(o, "lr", err) < 0)
            return -1;
        if (trial->rising)
            probe_rate(p, lr_test_rate(t->steps, steps));
        int rc = probe_next(p, &loss, err);
        if (rc <= 0)
            return rc;
        t->diverged = !isfinite(loss) || (t->steps > 0 && loss > EXPLODED * fmax(t->loss[0], 1));
        if (!t->diverged)
            t->loss[t->steps++] = loss;
        if (probe_log(p, loss, err) < 0)
            return -1;
    }
    return probe_row(p, err) < 0 ? -1 : probe_end(p, t->diverged ? "diverged" : "done", "", err);
}

static int attempt(struct lr_facts *f, struct lr_try *t, const struct trial *trial,
                   const struct tune_options *o, struct error *err)
{
    char lr[64], decay[64], name[96];
    const char *sets[] = { decay, trial->own ? NULL : lr, NULL };
    snprintf(lr, sizeof(lr), "train.lr=%.9g", trial->lr);
    snprintf(decay, sizeof(decay), "train.weight_decay=%.9g", trial->decay);
    snprintf(name, sizeof(name), "steps/3-lr/%s%s", trial->name, f->longer ? "-longer" : "");
    int steps = o->tune->lr_steps, times = f->longer ? LONGER : 1;
    char *folder = o->folder ? file_join(o->folder, name, err) : NULL;
    const struct probe_request request = {
        .config = o->config,
        .data = o->data,
        .sets = sets,
        .steps = (uint64_t)times * (uint64_t)steps,
        .run = folder,
    };
    struct probe *p = NULL;
    *t = (struct lr_try){ .own = trial->own };
    t->loss = memory_array((size_t)times * (size_t)steps, sizeof(*t->loss), err);
    int rc = t->loss && (folder || !o->folder) ? probe_open(&p, &request, err) : -1;
    if (rc == 0) {
        uint64_t epoch = probe_epoch(p);
        if (epoch >= EPOCH_ENOUGH && epoch < (uint64_t)steps)
            steps = (int)epoch;
        steps *= times;
        t->passes = epoch > 0 && (uint64_t)steps > epoch ? (double)steps / (double)epoch : 1;
        t->lr = probe_config(p)->train[TRAIN_LR].number;
        f->chance = probe_chance(p);
        rc = run(p, t, trial, o, steps, err);
    }
    probe_close(p);
    free(folder);
    return rc;
}

static int try_rate(struct lr_facts *f, double lr, const struct tune_options *o, struct error *err)
{
    char name[64];
    snprintf(name, sizeof(name), "lr-%g", lr);
    const struct trial trial = { .lr = lr, .decay = SMALL_DECAY, .name = name };
    return attempt(f, &f->try[f->tries++], &trial, o, err);
}

/* The config's rate, then those of the lecture that are others. */
static int try_rates(struct lr_facts *f, const struct tune_options *o, struct error *err)
{
    const struct trial own = { .decay = SMALL_DECAY, .own = true, .name = "own" };
    if (attempt(f, &f->try[f->tries++], &own, o, err) < 0)
        return -1;
    double lr = f->try[0].lr;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        if (fabs(rates[i] - lr) > 1e-3 * rates[i] && try_rate(f, rates[i], o, err) < 0)
            return -1;
    return 0;
}

/* The config's own decay, where it is more than the small one. */
static int try_decay(struct lr_facts *f, const struct tune_options *o, struct error *err)
{
    struct train_config c;
    const struct lr_try *best = lr_best(f);
    if (train_config_read(&c, o->config, err) < 0)
        return -1;
    f->decay = c.rule.weight_decay + 2 * c.penalty.l2 + 2 * c.penalty.elastic * c.penalty.beta;
    if (!best || f->decay <= 10 * SMALL_DECAY)
        return 0;
    const struct trial trial = { .lr = best->lr, .decay = f->decay, .name = "own-decay" };
    return attempt(f, &f->decayed, &trial, o, err);
}

static void release_tries(struct lr_facts *f)
{
    for (int i = 0; i < f->tries; i++)
        free(f->try[i].loss);
    f->tries = 0;
}

int lr_measure(struct lr_facts *f, const struct tune_options *o, struct error *err)
{
    *f = (struct lr_facts){ 0 };
    const struct trial test = {
        .lr = LR_TEST_LOW, .decay = SMALL_DECAY, .rising = true, .name = "range-test"
    };
    int rc = try_rates(f, o, err);
    if (rc == 0 && !lr_best(f) && !lr_explodes(f) && f->try[0].passes <= 1) {
        release_tries(f);
        f->longer = true;
        rc = try_rates(f, o, err);
    }
    if (rc == 0)
        rc = attempt(f, &f->test, &test, o, err);
    double found = rc == 0 ? lr_test_best(f) : 0;
    if (rc == 0 && !lr_best(f) && found > 0)
        rc = try_rate(f, found, o, err);
    if (rc == 0)
        rc = try_decay(f, o, err);
    if (rc < 0)
        lr_facts_release(f);
    return rc;
}

void lr_facts_release(struct lr_facts *f)
{
    release_tries(f);
    free(f->test.loss);
    free(f->decayed.loss);
    *f = (struct lr_facts){ 0 };
}
