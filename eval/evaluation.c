#include "eval/evaluation.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/progress.h"
#include "eval/ensemble.h"
#include "model/infer.h"

/* What a network cannot take is refused before anything is run. */
static int check_views(const struct evaluation *e, struct error *err)
{
    struct view_list *list = memory_array(1, sizeof(*list), err);
    int status = list ? 0 : -1;
    for (int m = 0; m < e->members.count && status == 0; m++) {
        const struct preprocess *p = &e->members.preprocesses[m];
        status = view_list_make(&e->views, p, p->size, p->size, list, err);
    }
    free(list);
    return status;
}

static int open_inputs(struct evaluation *e, const struct evaluation_request *r, struct error *err)
{
    struct index_options options = { .classes = r->classes };
    if (members_open(&e->members, r->models, r->count, err) < 0)
        return -1;
    members_set_fast(&e->members, r->fast);
    if (index_open(&e->index, r->data, &options, err) < 0 ||
        members_fit(&e->members, e->index, r->data, r->classes, err) < 0)
        return -1;
    size_t count = (size_t)r->count;
    e->predictions = memory_array(count, sizeof(*e->predictions), err);
    e->scores = e->predictions ? memory_array(count, sizeof(*e->scores), err) : NULL;
    return e->scores ? 0 : -1;
}

/* Room for what each view says, where there are several and it does not take too much. */
static int make_room(struct evaluation *e, const struct evaluation_request *r, struct error *err)
{
    int views = view_policy_count(&e->views);
    size_t count = (size_t)r->count, row = (size_t)views * (size_t)net_classes(e->members.nets[0]);
    size_t all;
    if (views < 2 || !size_mul(row, (size_t)index_count(e->index), &all) ||
        all > r->views_memory / sizeof(float) / count)
        return 0;
    e->kept = memory_array(count, sizeof(*e->kept), err);
    for (int m = 0; e->kept && m < r->count; m++)
        if (!(e->kept[m] = memory_array(all, sizeof(float), err)))
            return -1;
    return e->kept ? 0 : -1;
}

static int run(struct evaluation *e, const struct evaluation_request *r, struct pool *pool,
               struct error *err)
{
    struct predict_options options = { .views = &r->views,
                                       .pool = pool,
                                       .exif_apply = r->exif_apply,
                                       .views_out = e->kept,
                                       .progress = r->quiet ? NULL : e->views_text,
                                       .warn = r->warn,
                                       .context = r->context };
    double start = clock_seconds();
    if (predict(e->index, (const struct net *const *)e->members.nets, e->members.preprocesses,
                r->count, &options, e->predictions, err) < 0 ||
        ensemble_mean(e->predictions, e->members.hashes, r->count, &e->mean, err) < 0)
        return -1;
    e->report.seconds = clock_seconds() - start;
    e->report.threads = pool_threads(pool);
    return 0;
}

static void count_answers(struct evaluation *e, const struct evaluation_request *r)
{
    struct report *report = &e->report;
    const struct prediction *mean = &e->mean;
    for (int m = 0; m < r->count; m++) {
        const struct prediction *p = &e->predictions[m];
        e->scores[m] = metric_score(p->values, p->label, p->n, p->k);
    }
    report->scores = e->scores;
    report->ensemble = metric_score(mean->values, mean->label, mean->n, mean->k);
    report->best = report_best(e->scores, e->members.hashes, r->count);
    metric_changes(e->predictions[report->best].values, mean->values, mean->label, mean->n, mean->k,
                   &report->corrected, &report->corrupted);
    report->n = mean->n;
    report->k = mean->k;
}

static int fill(struct evaluation *e, const struct evaluation_request *r, struct error *err)
{
    struct pool *pool = NULL;
    e->views = r->views;
    view_policy_print(&e->views, e->views_text);
    if (open_inputs(e, r, err) < 0 || check_views(e, err) < 0 || make_room(e, r, err) < 0 ||
        pool_open(&pool, r->threads, err) < 0)
        return -1;
    int status = run(e, r, pool, err);
    pool_close(pool);
    if (status < 0)
        return -1;
    count_answers(e, r);
    e->report.data = r->data;
    e->report.data_hash = index_hash(e->index);
    e->report.views_total = view_policy_count(&e->views);
    e->report.files = r->models;
    e->report.kernels = infer_kernels(e->members.nets[0]);
    return 0;
}

int evaluate(struct evaluation *e, const struct evaluation_request *request, struct error *err)
{
    struct evaluation *made = memory_array(1, sizeof(*made), err);
    if (!made)
        return -1;
    int status = fill(made, request, err);
    if (status < 0) {
        evaluation_release(made);
    } else {
        *e = *made;
        e->report.members = &e->members;
        e->report.views = e->views_text;
    }
    free(made);
    return status;
}

void evaluation_release(struct evaluation *e)
{
    for (int m = 0; e->predictions && m < e->members.count; m++)
        prediction_release(&e->predictions[m]);
    for (int m = 0; e->kept && m < e->members.count; m++)
        free(e->kept[m]);
    free(e->kept);
    prediction_release(&e->mean);
    free(e->predictions);
    free(e->scores);
    members_close(&e->members);
    index_close(e->index);
    *e = (struct evaluation){ 0 };
}
