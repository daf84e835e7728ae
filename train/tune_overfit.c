#include "train/tune_overfit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/probe.h"

/* Passes that tell whether a rate is worth more; passes without progress that are waited for, while
 * nothing is learned and later. */
enum { SHORT = 4, PATIENCE_FIRST = 6, PATIENCE = 15 };
/* The best loss of so many passes must be below this times the best before. */
static const double PROGRESS = 0.97;
static const double others[] = { 1, 0.1, 0.01, 1e-3, 1e-4 };

/* The least of loss[first..end). */
static double least(const double *loss, int first, int end)
{
    double x = INFINITY;
    for (int i = first; i < end; i++)
        x = fmin(x, loss[i]);
    return x;
}

static bool stuck(const struct overfit_try *t, double chance)
{
    int n = t->passes;
    int patience = least(t->loss, 0, n) > PROGRESS * chance ? PATIENCE_FIRST : PATIENCE;
    return n >= 2 * patience &&
           least(t->loss, n - patience, n) > PROGRESS * least(t->loss, 0, n - patience);
}

/* One pass over the batches; *right: images that were right. */
static int pass(struct probe *p, struct overfit_try *t, const struct tune_options *o, int *right,
                struct error *err)
{
    double sum = 0;
    *right = 0;
    for (int i = 0; i < probe_batches(p); i++) {
        int correct = 0;
        if (tune_stopped(o, "overfit", err) < 0)
            return -1;
        double loss = probe_again(p, i, &correct);
        t->diverged = !isfinite(loss);
        if (t->diverged)
            return 0;
        sum += loss;
        *right += correct;
        if (probe_log(p, loss, err) < 0)
            return -1;
    }
    t->last = sum / probe_batches(p);
    t->loss[t->passes++] = t->last;
    return probe_row(p, err);
}

static int learn(struct probe *p, struct overfit_try *t, int limit, const struct tune_options *o,
                 struct error *err)
{
    while (t->passes < limit && t->top1 < 1 && !stuck(t, probe_chance(p))) {
        int right;
        if (pass(p, t, o, &right, err) < 0)
            return -1;
        if (t->diverged)
            break;
        /* What takes away at random while it learns may know all the same. */
        if (right < probe_images(p) && net_draws(probe_net(p)) && probe_correct(p, &right, err) < 0)
            return -1;
        t->top1 = fmax(t->top1, (double)right / probe_images(p));
    }
    t->first = t->passes ? t->loss[0] : NAN;
    if (t->passes == 0)
        t->last = NAN;
    return probe_end(p, t->diverged ? "diverged" : "done", "", err);
}

/* At `lr`, or at the config's own rate (0). A short try leaves no run. */
static int attempt(struct overfit_facts *f, double lr, bool brief, const struct tune_options *o,
                   struct error *err)
{
    struct overfit_try *t = &f->try[f->tries++];
    int limit = brief ? SHORT : o->tune->overfit_passes;
    char rate[64], name[64] = "steps/2-overfit/own";
    const char *sets[] = { rate, NULL };
    snprintf(rate, sizeof(rate), "train.lr=%.9g", lr);
    if (lr > 0)
        snprintf(name, sizeof(name), "steps/2-overfit/lr-%g", lr);
    *t = (struct overfit_try){ .brief = brief };
    t->loss = memory_array((size_t)limit, sizeof(*t->loss), err);
    char *run = o->folder && !brief ? file_join(o->folder, name, err) : NULL;
    struct probe *p = NULL;
    const struct probe_request request = {
        .config = o->config,
        .data = o->data,
        .sets = lr > 0 ? sets : NULL,
        .steps = (uint64_t)o->tune->overfit_batches,
        .hold = true,
        .run = run,
    };
    int rc = t->loss && (run || !o->folder || brief) ? probe_open(&p, &request, err) : -1;
    if (rc == 0 && probe_images(p) == 0)
        rc = error_set(err, ERROR_DATA, "data.train", "none of the first %d batches has labels",
                       probe_batches(p));
    if (rc == 0) {
        f->images = probe_images(p);
        f->batches = probe_batches(p);
        f->chance = probe_chance(p);
        t->lr = probe_config(p)->train[TRAIN_LR].number;
        rc = learn(p, t, limit, o, err);
    }
    probe_close(p);
    free(run);
    return rc;
}

/* The rate whose first passes end lowest; 0: none. */
static double most_promising(const struct overfit_facts *f)
{
    double loss = INFINITY, lr = 0;
    for (int i = 1; i < f->tries; i++)
        if (!f->try[i].diverged && f->try[i].last < loss) {
            loss = f->try[i].last;
            lr = f->try[i].lr;
        }
    return lr;
}

int overfit_measure(struct overfit_facts *f, const struct tune_options *o, struct error *err)
{
    *f = (struct overfit_facts){ 0 };
    int rc = attempt(f, 0, false, o, err);
    double own = f->try[0].lr;
    if (rc == 0 && f->try[0].top1 < 1) {
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]) && rc == 0; i++)
            if (fabs(log10(others[i] / fmax(own, 1e-12))) > 0.3)
                rc = attempt(f, others[i], true, o, err);
        double lr = most_promising(f);
        if (rc == 0 && lr > 0)
            rc = attempt(f, lr, false, o, err);
    }
    if (rc < 0)
        overfit_facts_release(f);
    return rc;
}

void overfit_facts_release(struct overfit_facts *f)
{
    for (int i = 0; i < f->tries; i++)
        free(f->try[i].loss);
    *f = (struct overfit_facts){ 0 };
}
