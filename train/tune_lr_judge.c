#include <math.h>
#include <stdio.h>

#include "base/stat.h"
#include "train/tune_lr.h"

/* Clear is what is more than this share of guessing, and so many standard errors of the mean. A
 * thousand classes fall by 5 % in a hundred steps. */
static const double CLEAR = 0.02, ERRORS = 4;
/* Rates that work are the middle of a range. */
static const double AROUND = 3;

double lr_test_rate(int i, int n)
{
    return LR_TEST_LOW * pow(LR_TEST_HIGH / LR_TEST_LOW, n > 1 ? (double)i / (n - 1) : 0);
}

static int quarter(const struct lr_try *t)
{
    return t->steps >= 4 ? t->steps / 4 : t->steps;
}

double lr_try_end(const struct lr_try *t)
{
    int n = quarter(t);
    if (t->diverged || n == 0)
        return INFINITY;
    return stat_summarize(t->loss + t->steps - n, (size_t)n).mean;
}

bool lr_try_works(const struct lr_try *t, double chance)
{
    int n = quarter(t);
    if (t->diverged || n == 0)
        return false;
    struct stat_summary s = stat_summarize(t->loss + t->steps - n, (size_t)n);
    return chance - s.mean > fmax(CLEAR * t->passes * chance, ERRORS * s.se);
}

bool lr_explodes(const struct lr_facts *f)
{
    bool all = true;
    for (int i = 0; i < f->tries; i++)
        all &= f->try[i].diverged;
    return all;
}

const struct lr_try *lr_best(const struct lr_facts *f)
{
    const struct lr_try *best = NULL;
    for (int i = 0; i < f->tries; i++)
        if (lr_try_works(&f->try[i], f->chance) &&
            (!best || lr_try_end(&f->try[i]) < lr_try_end(best)))
            best = &f->try[i];
    return best;
}

bool lr_range(const struct lr_facts *f, double *low, double *high)
{
    const struct lr_try *best = lr_best(f);
    if (!best)
        return false;
    *low = *high = best->lr;
    for (int i = 0; i < f->tries; i++) {
        const struct lr_try *t = &f->try[i];
        if (f->chance - lr_try_end(t) < 0.5 * (f->chance - lr_try_end(best)))
            continue;
        *low = fmin(*low, t->lr);
        *high = fmax(*high, t->lr);
    }
    *low /= AROUND;
    *high *= AROUND;
    return true;
}

double lr_test_best(const struct lr_facts *f)
{
    const struct lr_try *t = &f->test;
    double mean = 0, weight = 0, before = NAN, steepest = 0, rate = 0;
    for (int i = 0; i < t->steps; i++) {
        mean = 0.9 * mean + 0.1 * t->loss[i]; /* over about ten steps, unbiased */
        weight = 0.9 * weight + 0.1;
        double slope = mean / weight - before;
        before = mean / weight;
        if (i >= 10 && slope < steepest) {
            steepest = slope;
            rate = lr_test_rate(i, t->steps);
        }
    }
    return rate;
}

static const struct lr_try *own_try(const struct lr_facts *f)
{
    for (int i = 0; i < f->tries; i++)
        if (f->try[i].own)
            return &f->try[i];
    return NULL;
}

static double start_of(const struct lr_try *t)
{
    return t->steps ? t->loss[0] : INFINITY;
}

static void judge_rate(const struct lr_facts *f, const struct lr_try *own,
                       const struct lr_try *best, struct verdict *v)
{
    char remedy[64];
    snprintf(remedy, sizeof(remedy), "train.lr=%g", best->lr);
    if (own->diverged)
        verdict_fault(v, FAULT_RATE, remedy,
                      "train.lr %g is too high: the loss explodes in step %d; %g brings it from "
                      "%.3g to %.3g in %d steps",
                      own->lr, own->steps + 1, best->lr, start_of(best), lr_try_end(best),
                      best->steps);
    else
        verdict_fault(v, FAULT_RATE, remedy,
                      "train.lr %g is too %s: the loss is %.3g after %d steps, guessing %.3g; %g "
                      "brings it to %.3g",
                      own->lr, own->lr > best->lr ? "high" : "low", lr_try_end(own), own->steps,
                      f->chance, best->lr, lr_try_end(best));
}

static void judge_none(const struct lr_facts *f, struct verdict *v)
{
    double least = INFINITY, low = INFINITY, high = 0;
    for (int i = 0; i < f->tries; i++) {
        low = fmin(low, f->try[i].lr);
        high = fmax(high, f->try[i].lr);
        least = fmin(least, lr_try_end(&f->try[i]));
    }
    if (lr_explodes(f))
        verdict_fault(v, FAULT_INIT, "smaller initial weights (init: default, or kaiming_normal)",
                      "the loss explodes at every rate from %g to %g", low, high);
    else
        verdict_fault(v, FAULT_DATA,
                      "look at images with their labels (nndata show); if they belong together: "
                      "larger tune.lr_steps, or another network",
                      "no rate brings the loss clearly below guessing (%.3g; the best %.3g) within "
                      "%d steps: labels do not belong to the images, or the recipe leaves too "
                      "little of them, or there are too few (%.2g passes)",
                      f->chance, least, f->try[0].steps, f->try[0].passes);
}

static void judge_decay(const struct lr_facts *f, struct verdict *v)
{
    const struct lr_try *t = &f->decayed;
    if ((t->steps == 0 && !t->diverged) || lr_try_works(t, f->chance))
        return;
    verdict_fault(v, FAULT_DECAY, "train.weight_decay=1e-4",
                  "weight decay %g keeps the network from learning: at rate %g the loss is %.3g "
                  "after %d steps, guessing %.3g",
                  f->decay, t->lr, lr_try_end(t), t->steps, f->chance);
}

static void show(const struct lr_facts *f, struct verdict *v)
{
    json_t *table = json_array(), *test = json_object(), *lr = json_array(), *loss = json_array();
    for (int i = 0; i < f->tries; i++) {
        const struct lr_try *t = &f->try[i];
        json_array_append_new(table,
                              json_pack("{s:o, s:o, s:o, s:i, s:s}", "lr", verdict_real(t->lr),
                                        "start", verdict_real(start_of(t)), "end",
                                        verdict_real(lr_try_end(t)), "steps", t->steps, "works",
                                        t->diverged                  ? "diverged"
                                        : lr_try_works(t, f->chance) ? "yes"
                                                                     : "no"));
    }
    for (int i = 0; i < f->test.steps; i++) {
        json_array_append_new(lr, verdict_real(lr_test_rate(i, f->test.steps)));
        json_array_append_new(loss, verdict_real(f->test.loss[i]));
    }
    json_object_set_new(test, "lr", lr);
    json_object_set_new(test, "loss", loss);
    verdict_number(v, "chance", f->chance);
    verdict_evidence(v, "rates", table);
    verdict_evidence(v, "range_test", test);
}

void lr_judge(const struct lr_facts *f, struct verdict *v)
{
    const struct lr_try *own = own_try(f), *best = lr_best(f);
    double low, high;
    if (!best)
        judge_none(f, v);
    else if (own && !lr_try_works(own, f->chance))
        judge_rate(f, own, best, v);
    else if (lr_range(f, &low, &high))
        verdict_note(v,
                     "rate %g brings the loss from %.3g to %.3g in %d steps; good ones lie in "
                     "%.2g..%.2g",
                     best->lr, start_of(best), lr_try_end(best), best->steps, low, high);
    judge_decay(f, v);
    if (best && lr_range(f, &low, &high)) {
        verdict_number(v, "low", low);
        verdict_number(v, "high", high);
    }
    show(f, v);
}
