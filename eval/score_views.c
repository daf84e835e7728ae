/*
 * Views of a file as an ensemble of their own: weights fitted to them on the selection samples
 * (Shanmugam et al., "Better Aggregation in Test-Time Augmentation", ICCV 2021), and what each view
 * is worth on the reported ones. The average with learned weights stands beside its file, so that
 * both are compared.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "eval/ablation.h"
#include "eval/fit.h"
#include "eval/score_ablation.h"
#include "eval/score_set.h"

enum { ROWS = 64 }; /* samples of views in memory: 13 MB of fifty views and 1,000 classes */

static bool has_views(const struct outputs *o)
{
    return o->own.path && o->own.views.v > 1;
}

/* The labels of the samples of one use; -1 for the others, which then take no part. */
static int64_t *mask_labels(const struct score_set *s, enum score_use use, struct error *err)
{
    int64_t *label = memory_array((size_t)s->input.n, sizeof(*label), err);
    for (uint64_t i = 0; label && i < s->input.n; i++) {
        enum score_use own = s->use ? (enum score_use)s->use[i] : SCORE_REPORTED;
        label[i] = own == use ? s->label[i] : -1;
    }
    return label;
}

/* The open file of the views with other labels; borrows both. */
static struct prediction_file relabel(const struct outputs *o, int64_t *label)
{
    struct prediction_file f = o->own;
    f.prediction.label = label;
    f.prediction.id = o->id;
    return f;
}

/* Weights of the views of file f of `from`, of its samples for `use`. */
static int fit_views(const struct score_set *from, int f, enum score_use use, double *weight,
                     struct error *err)
{
    int64_t *label = mask_labels(from, use, err);
    if (!label)
        return -1;
    struct prediction_file file = relabel(&from->outputs[f], label);
    uint64_t n = 0;
    float *p = ablation_likelihoods(&file, NULL, &n, err);
    int status = p ? fit_likelihood(p, n, file.views.v, weight, err) : -1;
    free(p);
    free(label);
    return status;
}

/* sum_v weight[v] views[i,v,:] of all samples, in double. */
static float *average_views(const struct outputs *o, const double *weight, struct error *err)
{
    size_t k = (size_t)o->k, v = (size_t)o->own.views.v, all;
    if (!size_mul((size_t)o->n, k, &all)) {
        error_set(err, ERROR_FAILED, o->own.path, "no memory for its average");
        return NULL;
    }
    float *probs = memory_array(all, sizeof(*probs), err);
    float *values = probs ? memory_array(ROWS * v * k, sizeof(*values), err) : NULL;
    int status = values ? 0 : -1;
    for (uint64_t first = 0; first < o->n && status == 0; first += ROWS) {
        uint64_t count = o->n - first < ROWS ? o->n - first : ROWS;
        status = prediction_read_views(&o->own, first, count, values, err);
        for (size_t i = 0; i < count && status == 0; i++) {
            for (size_t c = 0; c < k; c++) {
                double sum = 0;
                for (size_t view = 0; view < v; view++)
                    sum += weight[view] * (double)values[(i * v + view) * k + c];
                probs[((size_t)first + i) * k + c] = (float)sum;
            }
        }
    }
    free(values);
    if (status == 0)
        return probs;
    free(probs);
    return NULL;
}

/* File f of `s` once more, averaged by `weight`. */
static int add_file(struct score_set *s, int f, const double *weight, struct error *err)
{
    struct score_set_learned *l = &s->learned[f];
    size_t bytes = (size_t)s->outputs[f].own.views.v * sizeof(*weight);
    l->weight = memory_array(bytes, 1, err);
    if (!l->weight)
        return -1;
    memcpy(l->weight, weight, bytes);
    l->probs = average_views(&s->outputs[f], weight, err);
    if (!l->probs)
        return -1;
    struct score_file learned = s->file[s->at[f]];
    learned.probs = l->probs;
    learned.logits = NULL;
    learned.name = score_set_say(s, err, "%.200s, learned views", learned.name);
    l->at = s->input.files;
    s->file[s->input.files++] = learned;
    s->input.beside++;
    return learned.name ? 0 : -1;
}

static int check_declared(struct score_set *s, const struct score_request *r, struct error *err)
{
    if (s->selection || s->use)
        return 0;
    if (!r->optimistic)
        return error_set(err, ERROR_USAGE, "--learn-views",
                         "weights of views cannot be fitted on the samples that are reported; "
                         "declare others (--val-fold 0/5, --val-ids FILE, or --val FILE once for "
                         "each predictor), or give --optimistic, which every output will say");
    s->caution = "optimistic: weights of views were fitted on the samples that are reported";
    return 0;
}

static int learn_file(struct score_set *s, int f, struct error *err)
{
    struct score_set *from = s->selection ? s->selection : s;
    int views = s->outputs[f].own.views.v;
    if (s->selection && (!has_views(&from->outputs[f]) || from->outputs[f].own.views.v != views))
        return error_set(err, ERROR_DATA, from->file[from->at[f]].file,
                         "does not keep the %d views that %s keeps", views, s->file[s->at[f]].file);
    double *weight = memory_array((size_t)views, sizeof(*weight), err);
    enum score_use use = s->use ? SCORE_SELECTION : SCORE_REPORTED;
    int status = weight ? fit_views(from, f, use, weight, err) : -1;
    if (status == 0)
        status = add_file(s, f, weight, err);
    if (status == 0 && s->selection)
        status = add_file(from, f, weight, err);
    free(weight);
    return status;
}

int score_set_learn_views(struct score_set *s, const struct score_request *r, struct error *err)
{
    int learned = 0;
    for (int f = 0; f < s->count; f++) {
        if (!has_views(&s->outputs[f]))
            continue;
        if (check_declared(s, r, err) < 0 || learn_file(s, f, err) < 0)
            return -1;
        learned++;
    }
    return learned ? 0
                   : error_set(err, ERROR_USAGE, r->files[0],
                               "keeps no views; `nneval predict --keep-views` makes such files");
}

static int add_views(const struct score_set *s, struct score_result *r, int f, int predictor,
                     const double *weight, struct pool *pool, struct error *err)
{
    int64_t *label = mask_labels(s, SCORE_REPORTED, err);
    if (!label)
        return -1;
    struct prediction_file file = relabel(&s->outputs[f], label);
    int status = score_add_views(r, predictor, &file, weight, pool, err);
    free(label);
    return status;
}

int score_set_views(const struct score_set *s, struct score_result *r, struct pool *pool,
                    struct error *err)
{
    for (int f = 0; f < s->count; f++) {
        if (!has_views(&s->outputs[f]))
            continue;
        if (add_views(s, r, f, s->at[f], NULL, pool, err) < 0)
            return -1;
        const struct score_set_learned *l = &s->learned[f];
        if (!l->weight)
            continue;
        r->views_learned = true;
        if (add_views(s, r, f, l->at, l->weight, pool, err) < 0)
            return -1;
    }
    return 0;
}
