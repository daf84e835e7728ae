/* One predictor's numbers, but for the intervals. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "eval/score_work.h"
#include "eval/temperature.h"

static double mean(const double *x, uint64_t n)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / (double)n : 0;
}

/* Votes of a file stand by its rows; those of an ensemble's members are the members' answers. */
static int answer_votes(struct score_work *w, int at, struct error *err)
{
    struct score_work_predictor *p = &w->predictor[at];
    if (at < w->input->files) {
        const int32_t *votes = w->input->file[at].votes;
        for (uint64_t i = 0; i < p->raw.n; i++)
            p->raw.predicted[i] = votes[w->reported.row[i]];
        return 0;
    }
    double *share = memory_array((size_t)w->input->k, sizeof(*share), err);
    if (!share)
        return -1;
    for (int j = 0; j < p->mixture.count; j++)
        p->member[j].votes = w->predictor[p->from[j]].raw.predicted;
    for (uint64_t i = 0; i < p->raw.n; i++)
        p->raw.predicted[i] = mixture_vote(&p->mixture, i, share);
    free(share);
    return 0;
}

/* Answers, and with `c` everything about calibration that has no interval: values, bins, classes'
 * errors. */
static int answer(struct score_work *w, const struct row_source *source, struct answers *a,
                  struct ranking *ranking, struct score_calibration *c, double *of_class,
                  struct error *err)
{
    struct pool *pool = w->options->pool;
    struct class_gap *table;
    if (class_gap_open(&table, a->k, err) < 0)
        return -1;
    int status = answers_fill(a, source, table, pool, err);
    if (status == 0 && c) {
        status = answers_share(a, source, table, pool, err);
        if (status == 0)
            status = ranking_open(ranking, a, err);
    }
    if (status == 0 && c) {
        struct ranking_measures m = ranking_measure(ranking, NULL);
        c->nll = interval_none(mean(a->nll, a->n));
        c->brier = interval_none(mean(a->brier, a->n));
        c->ece = interval_none(m.ece);
        c->ece_mass = interval_none(m.ece_mass);
        c->ece_class = interval_none(class_gap_ece(table, a->n, of_class));
        ranking_bins(ranking, c);
        class_gap_bins(table, a->n, c->class_width);
    }
    class_gap_close(table);
    return status;
}

/* The temperature of part 0 (and 1) of the reported samples; `z` are theirs. */
static int fit_temperature(struct score_work *w, struct score_work_predictor *p,
                           const struct temperature_rows *z, struct error *err)
{
    struct pool *pool = w->options->pool;
    if (!w->selection.n) {
        if (temperature_fit(z, w->reported.label, w->part, 1, pool, &p->temperature[0], err) < 0)
            return -1;
        p->temperature[1] = p->temperature[0]; /* a good place to begin */
        return temperature_fit(z, w->reported.label, w->part, 0, pool, &p->temperature[1], err);
    }
    struct mixture_rows rows;
    struct row_source source = score_work_source(&p->selection, &w->selection, &rows);
    struct temperature_rows other;
    uint8_t *part = memory_array((size_t)w->selection.n, 1, err);
    if (!part || temperature_open(&other, &source, pool, err) < 0) {
        free(part);
        return -1;
    }
    int status =
        temperature_fit(&other, w->selection.label, part, 0, pool, &p->temperature[0], err);
    p->temperature[1] = p->temperature[0];
    temperature_close(&other);
    free(part);
    return status;
}

static int scale(struct score_work *w, struct score_work_predictor *p,
                 const struct row_source *source, struct score_predictor *out, struct error *err)
{
    struct temperature_rows z;
    if (answers_init(&p->scaled, w->reported.n, w->input->k, w->reported.label, true, err) < 0 ||
        temperature_open(&z, source, w->options->pool, err) < 0)
        return -1;
    struct row_source after = { z.n, z.k, temperature_row, &z };
    int status = fit_temperature(w, p, &z, err);
    if (status == 0)
        temperature_apply(&z, w->part, p->temperature, w->options->pool);
    if (status == 0)
        status = answer(w, &after, &p->scaled, &p->scaled_ranking, &out->scaled, NULL, err);
    out->temperature = sqrt(p->temperature[0] * p->temperature[1]);
    temperature_close(&z);
    return status;
}

static void count_real(const struct score_work *w, const struct answers *a,
                       struct score_predictor *out)
{
    const struct score_input *in = w->input;
    if (!in->real_first)
        return;
    for (uint64_t i = 0; i < a->n; i++) {
        uint64_t row = w->reported.row[i];
        bool right = false;
        for (uint64_t j = in->real_first[row]; j < in->real_first[row + 1]; j++)
            right |= in->real_label[j] == a->predicted[i];
        out->real_labeled += in->real_first[row + 1] > in->real_first[row];
        out->real_correct += right;
    }
    out->real = interval_wilson(out->real_correct, out->real_labeled);
}

static int fill_classes(const struct score_work *w, const struct answers *a, const double *of_class,
                        struct score_predictor *out, struct error *err)
{
    struct arena *arena = &w->result->arena;
    size_t k = (size_t)a->k;
    struct tally t;
    if (!(out->classes = arena_take(arena, k, sizeof(*out->classes), err)) ||
        (a->k <= SCORE_CONFUSION &&
         !(out->confusion = arena_take(arena, k * k, sizeof(*out->confusion), err))) ||
        tally_open(&t, a->k, err) < 0)
        return -1;
    tally_count(&t, a->label, a->predicted, a->n, NULL);
    for (int c = 0; c < a->k; c++) {
        struct tally_counts n = t.of_class[c];
        struct tally_means m = tally_of_class(n);
        out->classes[c] = (struct score_class){ n.support, n.predicted, n.correct,  m.precision,
                                                m.recall,  m.f1,        of_class[c] };
    }
    struct tally_means macro = tally_means(&t);
    tally_close(&t);
    out->precision = interval_none(macro.precision);
    out->recall = interval_none(macro.recall);
    out->f1 = interval_none(macro.f1);
    for (uint64_t i = 0; i < a->n && out->confusion; i++)
        if (a->label[i] < a->k)
            out->confusion[(size_t)a->label[i] * k + (size_t)a->predicted[i]]++;
    return 0;
}

static int fill_shares(const struct score_work *w, const struct score_work_predictor *p,
                       struct score_predictor *out, struct error *err)
{
    const struct answers *a = &p->raw;
    out->has_probs = p->probs;
    out->labeled = a->n;
    out->correct = answers_within(a, 1);
    out->top = w->options->top < a->k ? w->options->top : a->k;
    out->top1 = interval_wilson(out->correct, a->n);
    count_real(w, a, out);
    if (!p->probs)
        return 0;
    out->correct_top = answers_within(a, out->top);
    out->topk = interval_wilson(out->correct_top, a->n);
    out->aurc = interval_none(ranking_aurc(&p->ranking, NULL));
    out->risk = arena_take(&w->result->arena, SCORE_RISKS, sizeof(*out->risk), err);
    if (!out->risk)
        return -1;
    ranking_risks(&p->ranking, out->risk);
    return 0;
}

static int measure_votes(struct score_work *w, int at, double *of_class, struct error *err)
{
    struct score_work_predictor *p = &w->predictor[at];
    if (answer_votes(w, at, err) < 0)
        return -1;
    return p->full ? fill_classes(w, &p->raw, of_class, &w->result->predictor[at], err) : 0;
}

static int measure_probs(struct score_work *w, int at, double *of_class, struct error *err)
{
    struct score_work_predictor *p = &w->predictor[at];
    struct mixture_rows rows;
    struct row_source source = score_work_source(&p->mixture, &w->reported, &rows);
    if (!p->full)
        return answer(w, &source, &p->raw, NULL, NULL, NULL, err);
    struct score_predictor *out = &w->result->predictor[at];
    if (answer(w, &source, &p->raw, &p->ranking, &out->raw, of_class, err) < 0 ||
        fill_classes(w, &p->raw, of_class, out, err) < 0)
        return -1;
    return w->options->temperature ? scale(w, p, &source, out, err) : 0;
}

/* Top-1 and NLL of the means along a greedy path. */
static int follow_steps(struct score_work *w, struct score_work_predictor *p,
                        struct score_ensemble *e, struct error *err)
{
    struct mixture m = p->mixture;
    struct mixture_rows rows;
    struct row_source source = score_work_source(&m, &w->reported, &rows);
    struct answers a;
    double *weight = memory_array((size_t)m.count, sizeof(*weight), err);
    if (!weight || answers_init(&a, w->reported.n, m.k, w->reported.label, true, err) < 0) {
        free(weight);
        return -1;
    }
    m.weight = weight;
    int status = 0;
    for (int s = 0; s < e->steps && status == 0; s++) {
        for (int j = 0; j < m.count; j++) {
            int times = 0;
            for (int t = 0; t <= s; t++)
                times += e->step[t].member == p->from[j];
            weight[j] = (double)times / (s + 1);
        }
        status = answer(w, &source, &a, NULL, NULL, NULL, err);
        e->step[s].top1 = (double)answers_within(&a, 1) / (double)a.n;
        e->step[s].nll = mean(a.nll, a.n);
    }
    answers_release(&a);
    free(weight);
    return status;
}

int score_work_measure(struct score_work *w, int at, struct error *err)
{
    struct score_work_predictor *p = &w->predictor[at];
    uint64_t n = w->reported.n;
    double *of_class = memory_array((size_t)w->input->k, sizeof(*of_class), err);
    p->hit = of_class ? memory_array((size_t)n, sizeof(*p->hit), err) : NULL;
    if (!p->hit || answers_init(&p->raw, n, w->input->k, w->reported.label, p->probs, err) < 0) {
        free(of_class);
        return -1;
    }
    int status =
        p->probs ? measure_probs(w, at, of_class, err) : measure_votes(w, at, of_class, err);
    free(of_class);
    if (status < 0)
        return -1;
    for (uint64_t i = 0; i < n; i++)
        p->hit[i] = answers_right(&p->raw, i);
    if (!p->full)
        return 0;
    if (fill_shares(w, p, &w->result->predictor[at], err) < 0)
        return -1;
    int ensemble = w->result->predictor[at].ensemble;
    struct score_ensemble *e = ensemble < 0 ? NULL : &w->result->ensemble[ensemble];
    return e && e->steps ? follow_steps(w, p, e, err) : 0;
}
