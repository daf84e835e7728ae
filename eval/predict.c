/*
 * A turn of the pool is one group of images; a worker owns what it needs for a turn: the store of
 * views, and for each network an object that runs it. Turns write disjoint rows of the results, so
 * only the error, the count of the progress bar and the listener of warnings are shared, under one
 * lock.
 *
 * Bits: an image sits at id mod G of its group's products, which have one shape; views are summed
 * in the order of their numbers, in double. Neither threads nor the range asked for appear in this.
 */
#include "eval/predict.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/real.h"
#include "eval/view_store.h"
#include "model/infer.h"

struct worker {
    struct view_store *store;
    struct infer **infers; /* (models) */
    float *logits;         /* (group, largest k) */
    double *sums;          /* (group, largest k) weighted probabilities of one model */
    double *p;             /* (largest k) probabilities of one view */
};

struct run {
    const struct index *index;
    const struct net *const *nets;
    const struct preprocess *preprocesses;
    int models;
    const struct predict_options *options;
    uint64_t first, end; /* range of ids */
    uint64_t group;
    struct prediction *out;
    struct worker *workers; /* one per thread of the pool */

    pthread_mutex_t lock;
    uint64_t done;      /* images; under lock */
    uint64_t failed_at; /* smallest id of a group that failed, UINT64_MAX: none; under lock */
    struct error error; /* what it said; under lock */
    struct progress *progress;
};

int predict_group(enum view_protocol views)
{
    return views == VIEWS_DENSE ? 1 : PREDICT_GROUP;
}

/* p_c = exp(z_c - max z) / sum_j exp(z_j - max z); false when a logit is not finite. */
static bool softmax(const float *z, int k, double *p)
{
    double max = z[0], sum = 0;
    for (int c = 0; c < k; c++) {
        if (!isfinite(z[c]))
            return false;
        if (z[c] > max)
            max = z[c];
    }
    for (int c = 0; c < k; c++)
        sum += p[c] = real_exp(z[c] - max);
    for (int c = 0; c < k; c++)
        p[c] /= sum;
    return true;
}

/* Of the error at hand, that it was this network's. */
static int blame_net(const struct run *r, int model, struct error *err)
{
    struct error why = *err;
    return error_set(err, why.kind, net_name(r->nets[model]), "%s%s%s", why.place,
                     why.place[0] ? ": " : "", why.message);
}

static int add_views(struct run *r, struct worker *w, int model, uint64_t group, double *weights,
                     struct error *err)
{
    int k = net_classes(r->nets[model]);
    for (int number = 0; number < VIEW_MAX; number++) {
        struct view_batch batch;
        if (view_store_batch(w->store, model, number, &batch, err) < 0)
            return -1;
        if (!batch.n)
            continue;
        if (infer_run(w->infers[model], batch.x, batch.n, batch.h, batch.w, w->logits, err) < 0)
            return blame_net(r, model, err);
        for (int place = 0; place < batch.n; place++) {
            int weight = view_store_weight(w->store, model, number, place);
            if (!weight)
                continue;
            if (!softmax(w->logits + (size_t)place * (size_t)k, k, w->p)) {
                uint64_t id = group * r->group + (uint64_t)place;
                return error_set(err, ERROR_FAILED, net_name(r->nets[model]),
                                 "logits that are not finite for %s: the weights are broken, or "
                                 "their training has diverged",
                                 index_sample(r->index, id).key);
            }
            for (int c = 0; c < k; c++)
                w->sums[place * k + c] += weight * w->p[c];
            weights[place] += weight;
        }
    }
    return 0;
}

static int run_model(struct run *r, struct worker *w, int model, uint64_t group, uint64_t first,
                     uint64_t end, struct error *err)
{
    int k = net_classes(r->nets[model]);
    double weights[PREDICT_GROUP] = { 0 };
    memset(w->sums, 0, (size_t)r->group * (size_t)k * sizeof(*w->sums));
    if (add_views(r, w, model, group, weights, err) < 0)
        return -1;
    struct prediction *out = &r->out[model];
    for (uint64_t id = first; id < end; id++) {
        int place = (int)(id % r->group);
        size_t row = (size_t)(id - r->first);
        assert(weights[place] > 0);
        for (int c = 0; c < k; c++)
            out->values[row * (size_t)k + (size_t)c] =
                (float)(w->sums[place * k + c] / weights[place]);
        struct sample sample = index_sample(r->index, id);
        uint64_t hash = hash64_text(sample.key);
        out->label[row] = sample.label;
        out->id[row] = (int64_t)id;
        memcpy(&out->key_hash[row], &hash, sizeof(hash));
    }
    return 0;
}

static void pass_warning(struct run *r, struct worker *w, uint64_t id)
{
    const char *text = view_store_warnings(w->store);
    if (!text || !r->options->warn)
        return;
    char place[512];
    index_place(r->index, id, place, sizeof(place));
    error_make_printable(place);
    pthread_mutex_lock(&r->lock);
    r->options->warn(r->options->context, place, text);
    pthread_mutex_unlock(&r->lock);
}

static int run_group(struct run *r, struct worker *w, uint64_t group, uint64_t first, uint64_t end,
                     struct error *err)
{
    view_store_clear(w->store);
    for (uint64_t id = first; id < end; id++) {
        if (view_store_load(w->store, id, (int)(id % r->group), err) < 0)
            return -1;
        pass_warning(r, w, id);
    }
    for (int m = 0; m < r->models; m++)
        if (run_model(r, w, m, group, first, end, err) < 0)
            return -1;
    return 0;
}

static bool stopped(const struct run *r)
{
    return r->options->stop && *r->options->stop;
}

static void turn(void *context, size_t i, int worker)
{
    struct run *r = context;
    uint64_t group = r->first / r->group + i;
    uint64_t first = group * r->group, end = first + r->group;
    if (first < r->first)
        first = r->first;
    if (end > r->end)
        end = r->end;

    /* Groups before a failed one were handed out before it, so they still report theirs, whenever
     * they begin: the smallest wins. */
    pthread_mutex_lock(&r->lock);
    bool over = r->failed_at < first;
    pthread_mutex_unlock(&r->lock);
    if (over || stopped(r))
        return;

    struct error err = { 0 };
    int status = run_group(r, &r->workers[worker], group, first, end, &err);
    pthread_mutex_lock(&r->lock);
    if (status < 0 && first < r->failed_at) {
        r->failed_at = first;
        r->error = err;
    }
    r->done += end - first;
    progress_update(r->progress, r->done, NULL);
    pthread_mutex_unlock(&r->lock);
}

static void close_workers(struct run *r, int threads)
{
    for (int t = 0; r->workers && t < threads; t++) {
        struct worker *w = &r->workers[t];
        for (int m = 0; w->infers && m < r->models; m++)
            infer_close(w->infers[m]);
        view_store_close(w->store);
        free(w->infers);
        free(w->logits);
        free(w->sums);
        free(w->p);
    }
    free(r->workers);
}

static int open_worker(const struct run *r, struct worker *w, size_t largest, struct error *err)
{
    struct view_spec spec = { r->options->views, r->preprocesses, r->models, (int)r->group,
                              r->options->exif_apply };
    size_t count = (size_t)r->group * largest;
    w->infers = memory_array((size_t)r->models, sizeof(struct infer *), err);
    w->logits = w->infers ? memory_array(count, sizeof(*w->logits), err) : NULL;
    w->sums = w->logits ? memory_array(count, sizeof(*w->sums), err) : NULL;
    w->p = w->sums ? memory_array(largest, sizeof(*w->p), err) : NULL;
    if (!w->p || view_store_open(&w->store, r->index, &spec, err) < 0)
        return -1;
    for (int m = 0; m < r->models; m++)
        if (infer_open(&w->infers[m], r->nets[m], (int)r->group, err) < 0)
            return -1;
    return 0;
}

static int open_workers(struct run *r, int threads, struct error *err)
{
    size_t largest = 1;
    for (int m = 0; m < r->models; m++)
        if ((size_t)net_classes(r->nets[m]) > largest)
            largest = (size_t)net_classes(r->nets[m]);
    r->workers = memory_array((size_t)threads, sizeof(*r->workers), err);
    if (!r->workers)
        return -1;
    for (int t = 0; t < threads; t++)
        if (open_worker(r, &r->workers[t], largest, err) < 0)
            return -1;
    return 0;
}

static int find_range(const struct index *index, const struct predict_options *options,
                      uint64_t *first, uint64_t *end, struct error *err)
{
    uint64_t n = index_count(index);
    *first = options->first;
    *end = options->count ? options->first + options->count : n;
    if (*first >= n || *end > n || *end <= *first)
        return error_set(err, ERROR_USAGE, NULL,
                         "range of %" PRIu64 " samples from %" PRIu64
                         " on; the data set has %" PRIu64,
                         options->count, options->first, n);
    return 0;
}

int predict(const struct index *index, const struct net *const *nets,
            const struct preprocess *preprocesses, int models,
            const struct predict_options *options, struct prediction *out, struct error *err)
{
    assert(models > 0);
    struct run r = { .index = index,
                     .nets = nets,
                     .preprocesses = preprocesses,
                     .models = models,
                     .options = options,
                     .failed_at = UINT64_MAX,
                     .group = (uint64_t)predict_group(options->views) };
    if (find_range(index, options, &r.first, &r.end, err) < 0)
        return -1;
    int status = -1, threads = pool_threads(options->pool);
    pthread_mutex_init(&r.lock, NULL);
    r.out = memory_array((size_t)models, sizeof(*r.out), err);
    if (!r.out)
        goto done;
    for (int m = 0; m < models; m++)
        if (prediction_init(&r.out[m], r.end - r.first, net_classes(nets[m]), err) < 0)
            goto done;
    if (open_workers(&r, threads, err) < 0)
        goto done;

    r.progress = options->progress
                     ? progress_open(options->progress, r.end - r.first, "images", false)
                     : NULL;
    uint64_t groups = (r.end - 1) / r.group - r.first / r.group + 1;
    pool_run(options->pool, (size_t)groups, turn, &r);
    progress_close(r.progress);
    if (r.failed_at != UINT64_MAX) {
        *err = r.error;
        goto done;
    }
    if (stopped(&r)) {
        error_set(err, ERROR_INTERRUPTED, NULL, "interrupted");
        goto done;
    }
    memcpy(out, r.out, (size_t)models * sizeof(*out));
    status = 0;
done:
    for (int m = 0; r.out && status < 0 && m < models; m++)
        prediction_release(&r.out[m]);
    free(r.out);
    close_workers(&r, threads);
    pthread_mutex_destroy(&r.lock);
    return status;
}
