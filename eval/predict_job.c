/*
 * Bits: an image sits at id mod G of its group's products, which have one shape; products of views
 * are kept as they come, and summed in the order of the views' numbers, in double. Neither threads
 * nor the range asked for appear in this.
 */
#include "eval/predict_job.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/real.h"

static size_t classes(const struct job *job, int model)
{
    return (size_t)net_classes(job->setting->nets[model]);
}

static int open_model(struct job *job, int m, struct error *err)
{
    const struct job_setting *s = job->setting;
    size_t row = (size_t)s->group * classes(job, m), all;
    if (!size_mul(row, (size_t)s->views, &all))
        return error_set(err, ERROR_FAILED, NULL, "no memory for %d views", s->views);
    job->logits[m] = memory_array(all, sizeof(float), err);
    job->values[m] = job->logits[m] ? memory_array(row, sizeof(float), err) : NULL;
    if (!job->values[m])
        return -1;
    if (!s->keep_views)
        return 0;
    job->views[m] = memory_array(all, sizeof(float), err);
    return job->views[m] ? 0 : -1;
}

int job_open(struct job *job, const struct job_setting *setting, struct error *err)
{
    size_t models = (size_t)setting->models;
    *job = (struct job){ .setting = setting };
    if (view_store_open(&job->store, &setting->spec, err) < 0 ||
        !(job->logits = memory_array(models, sizeof(*job->logits), err)) ||
        !(job->values = memory_array(models, sizeof(*job->values), err)) ||
        !(job->views = memory_array(models, sizeof(*job->views), err)))
        return -1;
    for (int m = 0; m < setting->models; m++)
        if (open_model(job, m, err) < 0)
            return -1;
    return 0;
}

void job_start(struct job *job, uint64_t group, uint64_t first, uint64_t end)
{
    view_store_clear(job->store);
    job->rows = (struct predict_rows){
        .group = group,
        .first = first,
        .n = (int)(end - first),
        .values = (const float *const *)job->values,
        .views = job->setting->keep_views ? (const float *const *)job->views : NULL,
    };
    memset(job->given, 0, sizeof(job->given));
    memset(job->done, 0, sizeof(job->done));
    job->busy = true;
}

int job_tasks(const struct job *job, enum job_stage stage)
{
    const struct job_setting *s = job->setting;
    return stage == JOB_LOAD       ? job->rows.n
           : stage == JOB_MULTIPLY ? s->models * s->views
                                   : s->models;
}

/* The place of the i-th row. */
static int place_of(const struct job *job, int i)
{
    return (int)((job->rows.first + (uint64_t)i) % (uint64_t)job->setting->group);
}

int job_load(struct job *job, struct view_hand *hand, int i, struct error *err)
{
    return view_store_load(job->store, hand, job->rows.first + (uint64_t)i, place_of(job, i), err);
}

/* Of the error at hand, that it was this network's. */
static int blame_net(const struct job *job, int model, struct error *err)
{
    struct error why = *err;
    return error_set(err, why.kind, net_name(job->setting->nets[model]), "%s%s%s", why.place,
                     why.place[0] ? ": " : "", why.message);
}

static int check_finite(const struct job *job, int model, const float *logits, int number,
                        struct error *err)
{
    size_t k = classes(job, model);
    for (int i = 0; i < job->rows.n; i++) {
        int place = place_of(job, i);
        if (!view_store_weight(job->store, model, number, place))
            continue;
        for (size_t c = 0; c < k; c++)
            if (!isfinite(logits[(size_t)place * k + c]))
                return error_set(
                    err, ERROR_FAILED, net_name(job->setting->nets[model]),
                    "logits that are not finite for %s: the weights are broken, or "
                    "their training has diverged",
                    index_sample(job->setting->index, job->rows.first + (uint64_t)i).key);
    }
    return 0;
}

int job_multiply(struct job *job, struct view_hand *hand, struct infer *const *infers, int i,
                 struct error *err)
{
    int model = i / job->setting->views, number = i % job->setting->views;
    float *logits =
        job->logits[model] + (size_t)number * (size_t)job->setting->group * classes(job, model);
    struct view_batch batch;
    if (view_store_batch(job->store, hand, model, number, &batch, err) < 0)
        return -1;
    if (!batch.n)
        return 0;
    /* What a layer draws for an image hangs on the image alone. */
    int64_t id[PREDICT_GROUP];
    for (int place = 0; place < job->setting->group; place++)
        id[place] = (int64_t)job->rows.group * job->setting->group + place;
    const struct view_policy *policy = job->setting->spec.policy;
    infer_chance(infers[model], &(struct infer_chance){ .seed = policy->seed,
                                                        .id = id,
                                                        .sample = (uint32_t)number,
                                                        .noise = policy->samples > 0 });
    if (infer_run(infers[model], batch.x, batch.n, batch.h, batch.w, logits, err) < 0)
        return blame_net(job, model, err);
    return check_finite(job, model, logits, number, err);
}

/* p_c = exp(z_c - max z) / sum_j exp(z_j - max z) */
static void softmax(const float *z, size_t k, double *p)
{
    double max = z[0], sum = 0;
    for (size_t c = 0; c < k; c++)
        if (z[c] > max)
            max = z[c];
    for (size_t c = 0; c < k; c++)
        sum += p[c] = real_exp(z[c] - max);
    for (size_t c = 0; c < k; c++)
        p[c] /= sum;
}

/* One row: its views, each computed once, into `sum` (k) by their weights; and where they are kept,
 * under each of their numbers. */
static void average_row(struct job *job, int model, int i, double *p, double *sum)
{
    const struct job_setting *s = job->setting;
    size_t k = classes(job, model), group = (size_t)s->group;
    int place = place_of(job, i), total = 0;
    float *views = s->keep_views ? job->views[model] + (size_t)i * (size_t)s->views * k : NULL;
    memset(sum, 0, k * sizeof(*sum));
    for (int number = 0; number < s->views; number++) {
        int weight = view_store_weight(job->store, model, number, place);
        if (!weight) {
            int shown_by = view_store_shown_by(job->store, model, number, place);
            if (views)
                memcpy(views + (size_t)number * k, views + (size_t)shown_by * k,
                       k * sizeof(*views));
            continue;
        }
        const float *z = job->logits[model] + ((size_t)number * group + (size_t)place) * k;
        if (s->kind == PREDICTION_PROBS)
            softmax(z, k, p);
        for (size_t c = 0; c < k; c++) {
            double value = s->kind == PREDICTION_PROBS ? p[c] : z[c];
            sum[c] += weight * value;
            if (views)
                views[(size_t)number * k + c] = (float)value;
        }
        total += weight;
    }
    assert(total == s->views);
    for (size_t c = 0; c < k; c++)
        job->values[model][(size_t)i * k + c] = (float)(sum[c] / total);
}

int job_average(struct job *job, int model, struct error *err)
{
    size_t k = classes(job, model);
    double *p = memory_array(2 * k, sizeof(*p), err);
    if (!p)
        return -1;
    for (int i = 0; i < job->rows.n; i++)
        average_row(job, model, i, p, p + k);
    free(p);
    return 0;
}

void job_close(struct job *job)
{
    int models = job->setting ? job->setting->models : 0;
    for (int m = 0; m < models; m++) {
        if (job->logits)
            free(job->logits[m]);
        if (job->values)
            free(job->values[m]);
        if (job->views)
            free(job->views[m]);
    }
    free(job->logits);
    free(job->values);
    free(job->views);
    view_store_close(job->store);
}
