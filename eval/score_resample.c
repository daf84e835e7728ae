/*
 * One bootstrap for everything: each round measures all predictors on the same draws. An interval
 * of a predictor's number comes from its replicates, a gain's from their differences.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/bootstrap.h"
#include "eval/paired.h"
#include "eval/score_work.h"

struct resample {
    struct score_work *work;
    uint16_t *count;     /* (threads, n) in the order of a ranking */
    struct tally *tally; /* (threads) */
};

static void keep(struct score_work *w, struct score_work_predictor *p, enum score_stat stat,
                 int round, double value)
{
    p->replicate[(size_t)stat * (size_t)w->options->rounds + (size_t)round] = value;
}

static double *replicates(const struct score_work *w, const struct score_work_predictor *p,
                          enum score_stat stat)
{
    return p->replicate + (size_t)stat * (size_t)w->options->rounds;
}

static double share(const uint16_t *count, const double *x, uint64_t n)
{
    return bootstrap_sum(count, x, n) / (double)n;
}

static void measure_classes(struct resample *s, struct score_work_predictor *p,
                            const uint16_t *count, int round, int worker)
{
    struct tally *t = &s->tally[worker];
    tally_count(t, p->raw.label, p->raw.predicted, p->raw.n, count);
    struct tally_means m = tally_means(t);
    keep(s->work, p, STAT_PRECISION, round, m.precision);
    keep(s->work, p, STAT_RECALL, round, m.recall);
    keep(s->work, p, STAT_F1, round, m.f1);
}

static void measure_probs(struct resample *s, struct score_work_predictor *p, const uint16_t *count,
                          int round, int worker)
{
    struct score_work *w = s->work;
    uint64_t n = p->raw.n;
    uint16_t *in_order = s->count + (size_t)worker * (size_t)n;
    ranking_sort(&p->ranking, count, in_order);
    struct ranking_measures m = ranking_measure(&p->ranking, in_order);
    keep(w, p, STAT_BRIER, round, share(count, p->raw.brier, n));
    keep(w, p, STAT_CLASS, round, share(count, p->raw.class_gap, n));
    keep(w, p, STAT_ECE, round, m.ece);
    keep(w, p, STAT_MASS, round, m.ece_mass);
    keep(w, p, STAT_AURC, round, ranking_aurc(&p->ranking, in_order));
    if (!p->scaled.n)
        return;
    ranking_sort(&p->scaled_ranking, count, in_order);
    m = ranking_measure(&p->scaled_ranking, in_order);
    keep(w, p, STAT_SCALED_NLL, round, share(count, p->scaled.nll, n));
    keep(w, p, STAT_SCALED_BRIER, round, share(count, p->scaled.brier, n));
    keep(w, p, STAT_SCALED_CLASS, round, share(count, p->scaled.class_gap, n));
    keep(w, p, STAT_SCALED_ECE, round, m.ece);
    keep(w, p, STAT_SCALED_MASS, round, m.ece_mass);
}

static void measure(void *context, const uint16_t *count, int round, int worker)
{
    struct resample *s = context;
    for (int i = 0; i < s->work->count; i++) {
        struct score_work_predictor *p = &s->work->predictor[i];
        keep(s->work, p, STAT_HIT, round, share(count, p->hit, p->raw.n));
        if (p->probs)
            keep(s->work, p, STAT_NLL, round, share(count, p->raw.nll, p->raw.n));
        if (p->full)
            measure_classes(s, p, count, round, worker);
        if (p->full && p->probs)
            measure_probs(s, p, count, round, worker);
    }
}

static int run(struct score_work *w, struct error *err)
{
    size_t threads = (size_t)pool_threads(w->options->pool);
    struct resample s = { .work = w };
    int status = -1;
    for (int i = 0; i < w->count; i++)
        if (!(w->predictor[i].replicate =
                  memory_array(STATS * (size_t)w->options->rounds, sizeof(double), err)))
            return -1;
    s.count = memory_array(threads * (size_t)w->reported.n, sizeof(*s.count), err);
    s.tally = s.count ? memory_array(threads, sizeof(*s.tally), err) : NULL;
    if (s.tally)
        status = 0;
    for (size_t t = 0; t < threads && status == 0; t++)
        status = tally_open(&s.tally[t], w->input->k, err);
    if (status == 0)
        status = bootstrap_run(w->reported.n, w->options->rounds, w->options->seed,
                               w->options->pool, measure, &s, err);
    for (size_t t = 0; s.tally && t < threads; t++)
        tally_close(&s.tally[t]);
    free(s.tally);
    free(s.count);
    return status;
}

/* Numbers that cannot be negative have no interval below 0, shares none above 1. */
static void set(const struct score_work *w, const struct score_work_predictor *p,
                enum score_stat stat, double acceleration, double most, struct interval *x)
{
    *x = interval_bootstrap(x->value, replicates(w, p, stat), w->options->rounds, acceleration);
    x->low = fmax(x->low, 0);
    x->high = fmin(x->high, most);
}

static void set_mean(const struct score_work *w, const struct score_work_predictor *p,
                     enum score_stat stat, const double *x, double most, struct interval *out)
{
    set(w, p, stat, interval_acceleration_of_mean(x, w->reported.n), most, out);
}

static int set_calibration(struct score_work *w, struct score_work_predictor *p, bool scaled,
                           double *without, struct score_calibration *c, struct interval *aurc)
{
    const struct answers *a = scaled ? &p->scaled : &p->raw;
    int shift = scaled ? (int)STAT_SCALED - (int)STAT_NLL : 0;
    uint64_t n = a->n;
    double *ece = without, *mass = without + n, *risk = without + 2 * n;
    ranking_leave_out(scaled ? &p->scaled_ranking : &p->ranking, ece, mass, risk);
    set_mean(w, p, (enum score_stat)(STAT_NLL + shift), a->nll, INFINITY, &c->nll);
    set_mean(w, p, (enum score_stat)(STAT_BRIER + shift), a->brier, 2, &c->brier);
    set_mean(w, p, (enum score_stat)(STAT_CLASS + shift), a->class_gap, 1, &c->ece_class);
    set(w, p, (enum score_stat)(STAT_ECE + shift), interval_acceleration(ece, n), 1, &c->ece);
    set(w, p, (enum score_stat)(STAT_MASS + shift), interval_acceleration(mass, n), 1,
        &c->ece_mass);
    if (aurc)
        set(w, p, STAT_AURC, interval_acceleration(risk, n), 1, aurc);
    return 0;
}

static int set_classes(struct score_work *w, struct score_work_predictor *p, double *without,
                       struct score_predictor *out, struct error *err)
{
    const struct answers *a = &p->raw;
    uint64_t n = a->n;
    struct tally t;
    struct tally_means *means = memory_array((size_t)n, sizeof(*means), err);
    if (!means || tally_open(&t, a->k, err) < 0) {
        free(means);
        return -1;
    }
    tally_count(&t, a->label, a->predicted, n, NULL);
    tally_leave_out(&t, a->label, a->predicted, n, means);
    tally_close(&t);
    for (uint64_t i = 0; i < n; i++) {
        without[i] = means[i].precision;
        without[n + i] = means[i].recall;
        without[2 * n + i] = means[i].f1;
    }
    free(means);
    set(w, p, STAT_PRECISION, interval_acceleration(without, n), 1, &out->precision);
    set(w, p, STAT_RECALL, interval_acceleration(without + n, n), 1, &out->recall);
    set(w, p, STAT_F1, interval_acceleration(without + 2 * n, n), 1, &out->f1);
    return 0;
}

/* to's number minus from's: `better` 1 where more is better, -1 where less is. */
static struct interval gain(const struct score_work *w, const struct score_work_predictor *from,
                            const struct score_work_predictor *to, enum score_stat stat,
                            const double *of_from, const double *of_to, double better,
                            double *scratch, double *bootstrap)
{
    uint64_t n = w->reported.n;
    double value = 0;
    for (uint64_t i = 0; i < n; i++) {
        scratch[i] = better * (of_to[i] - of_from[i]);
        value += scratch[i];
    }
    value /= (double)n;
    double acceleration = interval_acceleration_of_mean(scratch, n);
    int rounds = w->options->rounds;
    double *difference = scratch + n;
    for (int r = 0; r < rounds; r++)
        difference[r] = better * (replicates(w, to, stat)[r] - replicates(w, from, stat)[r]);
    if (bootstrap)
        *bootstrap = rounds ? paired_bootstrap(difference, rounds) : 1;
    return interval_bootstrap(value, difference, rounds, acceleration);
}

static int compare_all(struct score_work *w, double *scratch, struct error *err)
{
    struct score_result *r = w->result;
    size_t pairs = (size_t)r->predictors * (size_t)(r->predictors - 1) / 2;
    struct score_pair *pair = r->pair = arena_take(&r->arena, pairs, sizeof(*r->pair), err);
    if (!pair)
        return -1;
    for (int a = 0; a < r->predictors; a++) {
        for (int b = a + 1; b < r->predictors; b++, pair++) {
            const struct score_work_predictor *from = &w->predictor[a], *to = &w->predictor[b];
            *pair = paired_compare(&from->raw, &to->raw);
            pair->a = a;
            pair->b = b;
            pair->gain_top1 =
                gain(w, from, to, STAT_HIT, from->hit, to->hit, 1, scratch, &pair->bootstrap);
            if (from->probs && to->probs)
                pair->gain_nll =
                    gain(w, from, to, STAT_NLL, from->raw.nll, to->raw.nll, -1, scratch, NULL);
        }
    }
    return 0;
}

/* Ensembles without a member stand behind the predictors, by ensemble and file. */
static int compare_without(struct score_work *w, double *scratch, struct error *err)
{
    struct score_result *r = w->result;
    int at = r->predictors;
    for (int e = 0; e < r->ensembles && at < w->count; e++) {
        struct score_ensemble *ensemble = &r->ensemble[e];
        const struct score_work_predictor *whole = &w->predictor[ensemble->predictor];
        ensemble->without =
            arena_take(&r->arena, (size_t)ensemble->members, sizeof(*ensemble->without), err);
        if (!ensemble->without)
            return -1;
        for (int m = 0; m < ensemble->members; m++, at++) {
            const struct score_work_predictor *rest = &w->predictor[at];
            struct score_without *x = &ensemble->without[m];
            x->top1 = (double)answers_within(&rest->raw, 1) / (double)rest->raw.n;
            paired_changes(&rest->raw, &whole->raw, &x->corrected, &x->corrupted);
            x->mcnemar = paired_mcnemar(x->corrected, x->corrupted);
            x->gain_top1 = gain(w, rest, whole, STAT_HIT, rest->hit, whole->hit, 1, scratch, NULL);
            if (!rest->probs)
                continue;
            x->gain_nll =
                gain(w, rest, whole, STAT_NLL, rest->raw.nll, whole->raw.nll, -1, scratch, NULL);
            x->nll = r->predictor[ensemble->predictor].raw.nll.value + x->gain_nll.value;
        }
    }
    return 0;
}

static int set_all(struct score_work *w, double *without, struct error *err)
{
    for (int i = 0; i < w->result->predictors && w->options->rounds; i++) {
        struct score_work_predictor *p = &w->predictor[i];
        struct score_predictor *out = &w->result->predictor[i];
        if (p->probs && w->reported.n > 1)
            set_calibration(w, p, false, without, &out->raw, &out->aurc);
        if (p->scaled.n && w->reported.n > 1)
            set_calibration(w, p, true, without, &out->scaled, NULL);
        if (set_classes(w, p, without, out, err) < 0)
            return -1;
    }
    return 0;
}

/* Differences first: intervals sort the replicates. */
int score_work_resample(struct score_work *w, struct error *err)
{
    size_t room = 3 * (size_t)w->reported.n + (size_t)w->options->rounds;
    double *scratch = memory_array(room, sizeof(*scratch), err);
    int status = scratch ? run(w, err) : -1;
    if (status == 0)
        status = compare_all(w, scratch, err);
    if (status == 0)
        status = compare_without(w, scratch, err);
    if (status == 0)
        status = set_all(w, scratch, err);
    free(scratch);
    return status;
}
