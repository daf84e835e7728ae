/*
 * Rows of the table are sets of views: each view, and where there are several scales each scale. Of
 * a sample three sums decide everything: of all views, of the set, and of the others, which is
 * their difference. Samples are independent, so workers take runs of them and count for themselves.
 */
#include "eval/ablation.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"

enum { RUN = 64 }; /* samples a turn: 26 MB of fifty views and 1,000 classes */

static const double SMALLEST = 1e-12; /* a sure and wrong answer costs 27.6, not infinity */

struct count {
    uint64_t n, labeled, correct;
    struct {
        uint64_t correct, without, corrected, corrupted;
    } * row; /* owned */
};

/* A worker's own. */
struct worker {
    struct count count;
    float *values;            /* (RUN,v,k) */
    double *all, *set, *rest; /* (k) */
};

struct table {
    const struct prediction_file *file;
    const struct ablation_split *split;
    struct ablation *a;
    const double *weight;   /* (v) */
    int per_scale;          /* views of a scale */
    struct worker *workers; /* owned */
    double *nll;            /* (1 + rows, n) of each sample, so that sums have one order; owned */
    struct error *errors;   /* (workers) owned */
};

static bool counts(const struct ablation_split *split, int64_t id)
{
    return !split || (id % split->folds == split->fold) != split->others;
}

/* First and last view of a row. */
static void span_of(const struct table *t, int row, int *first, int *last)
{
    int views = t->a->views;
    *first = row < views ? row : (row - views) * t->per_scale;
    *last = row < views ? row : *first + t->per_scale - 1;
}

static bool is_right(const double *x, int k, int64_t label)
{
    if (label >= k)
        return false;
    for (int c = 0; c < k; c++)
        if (x[c] > x[label] || (x[c] == x[label] && c < label))
            return false;
    return true;
}

/* -log p(label) of a sum with weights that add up to `weight`. */
static double loss(const struct table *t, const double *x, double weight, int64_t label)
{
    int k = t->file->prediction.k;
    if (label >= k || weight <= 0)
        return -real_log(SMALLEST);
    double p = x[label] / weight;
    if (t->file->prediction.kind == PREDICTION_LOGITS) {
        double max = x[0], sum = 0;
        for (int c = 1; c < k; c++)
            max = x[c] > max ? x[c] : max;
        for (int c = 0; c < k; c++)
            sum += real_exp((x[c] - max) / weight);
        p = real_exp((x[label] - max) / weight) / sum;
    }
    return -real_log(p > SMALLEST ? p : SMALLEST);
}

static double add_views(const struct table *t, const float *values, int first, int last, double *x)
{
    size_t k = (size_t)t->file->prediction.k;
    double weight = 0;
    memset(x, 0, k * sizeof(*x));
    for (int v = first; v <= last; v++) {
        for (size_t c = 0; c < k; c++)
            x[c] += t->weight[v] * values[(size_t)v * k + c];
        weight += t->weight[v];
    }
    return weight;
}

/* One view alone does not hang on its weight, which may be 0. */
static double add_alone(const struct table *t, const float *values, int first, int last, double *x)
{
    size_t k = (size_t)t->file->prediction.k;
    if (first < last)
        return add_views(t, values, first, last, x);
    for (size_t c = 0; c < k; c++)
        x[c] = values[(size_t)first * k + c];
    return 1;
}

static void count_sample(const struct table *t, struct worker *w, const float *values, uint64_t i)
{
    int k = t->file->prediction.k, views = t->file->views.v;
    int64_t label = t->file->prediction.label[i];
    uint64_t n = t->file->prediction.n;
    w->count.n++;
    if (label < 0)
        return;
    double total = add_views(t, values, 0, views - 1, w->all);
    bool right = is_right(w->all, k, label);
    w->count.labeled++;
    w->count.correct += right;
    t->nll[i] = loss(t, w->all, total, label);
    for (int row = 0; row < t->a->rows; row++) {
        int first, last;
        span_of(t, row, &first, &last);
        double weight = add_alone(t, values, first, last, w->set);
        w->count.row[row].correct += is_right(w->set, k, label);
        t->nll[(uint64_t)(row + 1) * n + i] = loss(t, w->set, weight, label);
        if (last - first + 1 == views)
            continue;
        add_views(t, values, first, last, w->set);
        for (int c = 0; c < k; c++)
            w->rest[c] = w->all[c] - w->set[c];
        bool was = is_right(w->rest, k, label);
        w->count.row[row].without += was;
        w->count.row[row].corrected += !was && right;
        w->count.row[row].corrupted += was && !right;
    }
}

static void turn(void *context, size_t i, int worker)
{
    struct table *t = context;
    struct worker *w = &t->workers[worker];
    const struct prediction *p = &t->file->prediction;
    uint64_t first = (uint64_t)i * RUN, count = p->n - first < RUN ? p->n - first : RUN;
    size_t row = (size_t)t->file->views.v * (size_t)p->k;
    if (t->errors[worker].kind != ERROR_NONE ||
        prediction_read_views(t->file, first, count, w->values, &t->errors[worker]) < 0)
        return;
    for (uint64_t s = 0; s < count; s++)
        if (counts(t->split, p->id[first + s]))
            count_sample(t, w, w->values + (size_t)s * row, first + s);
}

static int open_worker(const struct table *t, struct worker *w, struct error *err)
{
    size_t k = (size_t)t->file->prediction.k, rows = (size_t)t->a->rows, all;
    if (!size_mul((size_t)t->file->views.v * RUN, k, &all))
        return error_set(err, ERROR_FAILED, t->file->path, "no memory for its views");
    w->values = memory_array(all, sizeof(*w->values), err);
    w->all = w->values ? memory_array(3 * k, sizeof(*w->all), err) : NULL;
    w->count.row = w->all ? memory_array(rows, sizeof(*w->count.row), err) : NULL;
    if (!w->count.row)
        return -1;
    w->set = w->all + k;
    w->rest = w->set + k;
    return 0;
}

static void close_worker(struct worker *w)
{
    free(w->values);
    free(w->all);
    free(w->count.row);
}

static void name_rows(const struct table *t)
{
    struct ablation *a = t->a;
    struct view_policy policy;
    struct error ignored;
    const char *views = t->file->about.views;
    bool known = views && view_policy_read(&policy, views, &ignored) == 0 &&
                 view_policy_count(&policy) == a->views;
    for (int r = 0; r < a->rows; r++) {
        struct ablation_row *row = &a->row[r];
        int first, last;
        span_of(t, r, &first, &last);
        row->is_scale = r >= a->views;
        row->views = last - first + 1;
        for (int v = first; v <= last; v++)
            row->weight += t->weight[v];
        if (row->is_scale)
            snprintf(row->name, sizeof(row->name), "scale %d", policy.scale[r - a->views]);
        else if (known)
            view_policy_label(&policy, r, row->name);
        else
            snprintf(row->name, sizeof(row->name), "view %d", r);
    }
}

/* In the order of the samples, whoever counted them. */
static double mean_loss(const struct table *t, int row)
{
    const struct prediction *p = &t->file->prediction;
    double sum = 0;
    for (uint64_t i = 0; i < p->n; i++)
        if (p->label[i] >= 0 && counts(t->split, p->id[i]))
            sum += t->nll[(uint64_t)row * p->n + i];
    return t->a->labeled ? sum / (double)t->a->labeled : 0;
}

static void sum_up(struct table *t, int threads)
{
    struct ablation *a = t->a;
    for (int w = 0; w < threads; w++) {
        const struct count *c = &t->workers[w].count;
        a->n += c->n;
        a->labeled += c->labeled;
        a->correct += c->correct;
        for (int r = 0; r < a->rows; r++) {
            a->row[r].correct += c->row[r].correct;
            a->row[r].without += c->row[r].without;
            a->row[r].corrected += c->row[r].corrected;
            a->row[r].corrupted += c->row[r].corrupted;
        }
    }
    a->nll = mean_loss(t, 0);
    for (int r = 0; r < a->rows; r++)
        a->row[r].nll = mean_loss(t, r + 1);
}

/* Rows for the views, and for scales where there are several. */
static void find_rows(struct table *t)
{
    struct view_policy policy;
    struct error ignored;
    const char *views = t->file->about.views;
    t->a->views = t->a->rows = t->file->views.v;
    if (!views || view_policy_read(&policy, views, &ignored) < 0 ||
        view_policy_count(&policy) != t->a->views)
        return;
    t->per_scale = view_policy_per_scale(&policy);
    if (policy.scales > 1 && t->per_scale > 1)
        t->a->rows += policy.scales;
}

static int check_views(const struct prediction_file *file, struct error *err)
{
    if (file->views.v)
        return 0;
    return error_set(err, ERROR_USAGE, file->path,
                     "keeps no views; `nneval predict --keep-views float16` does");
}

static int make(struct table *t, struct pool *pool, struct error *err)
{
    const struct prediction *p = &t->file->prediction;
    int threads = pool_threads(pool);
    size_t losses;
    find_rows(t);
    if (!size_mul((size_t)t->a->rows + 1, (size_t)p->n, &losses))
        return error_set(err, ERROR_FAILED, t->file->path, "no memory for its views");
    t->a->row = memory_array((size_t)t->a->rows, sizeof(*t->a->row), err);
    t->workers = t->a->row ? memory_array((size_t)threads, sizeof(*t->workers), err) : NULL;
    t->errors = t->workers ? memory_array((size_t)threads, sizeof(*t->errors), err) : NULL;
    t->nll = t->errors ? memory_array(losses, sizeof(*t->nll), err) : NULL;
    if (!t->nll)
        return -1;
    for (int w = 0; w < threads; w++)
        if (open_worker(t, &t->workers[w], err) < 0)
            return -1;
    pool_run(pool, (size_t)((p->n + RUN - 1) / RUN), turn, t);
    for (int w = 0; w < threads; w++)
        if (t->errors[w].kind != ERROR_NONE) {
            *err = t->errors[w];
            return -1;
        }
    name_rows(t);
    sum_up(t, threads);
    return 0;
}

int ablation_make(const struct prediction_file *file, const double *weight,
                  const struct ablation_split *split, struct pool *pool, struct ablation *ablation,
                  struct error *err)
{
    if (check_views(file, err) < 0)
        return -1;
    size_t v = (size_t)file->views.v;
    struct ablation a = { 0 };
    double *own = memory_array(v, sizeof(*own), err);
    if (!own)
        return -1;
    for (size_t i = 0; i < v; i++)
        own[i] = weight ? weight[i] : (double)file->views.weight[i];
    struct table t = { .file = file, .split = split, .a = &a, .weight = own };
    int status = make(&t, pool, err);
    for (int w = 0; t.workers && w < pool_threads(pool); w++)
        close_worker(&t.workers[w]);
    free(t.workers);
    free(t.errors);
    free(t.nll);
    free(own);
    if (status < 0)
        ablation_release(&a);
    else
        *ablation = a;
    return status;
}

void ablation_release(struct ablation *a)
{
    free(a->row);
    *a = (struct ablation){ 0 };
}

float *ablation_likelihoods(const struct prediction_file *file, const struct ablation_split *split,
                            uint64_t *n, struct error *err)
{
    const struct prediction *p = &file->prediction;
    size_t v = (size_t)file->views.v, k = (size_t)p->k, all;
    if (check_views(file, err) < 0)
        return NULL;
    if (p->kind != PREDICTION_PROBS) {
        error_set(err, ERROR_USAGE, file->path,
                  "holds logits; weights are fitted to probabilities (--kind probs)");
        return NULL;
    }
    *n = 0;
    for (uint64_t i = 0; i < p->n; i++)
        *n += p->label[i] >= 0 && p->label[i] < p->k && counts(split, p->id[i]);
    float *values = memory_array(v * k, sizeof(*values), err), *likelihoods = NULL;
    if (values && size_mul(v, (size_t)*n, &all))
        likelihoods = memory_array(all, sizeof(*likelihoods), err);
    int status = likelihoods ? 0 : -1;
    uint64_t at = 0;
    for (uint64_t i = 0; i < p->n && status == 0; i++) {
        if (p->label[i] < 0 || p->label[i] >= p->k || !counts(split, p->id[i]))
            continue;
        status = prediction_read_views(file, i, 1, values, err);
        for (size_t view = 0; view < v; view++)
            likelihoods[view * *n + at] = values[view * k + (size_t)p->label[i]];
        at++;
    }
    free(values);
    if (status == 0)
        return likelihoods;
    free(likelihoods);
    return NULL;
}
