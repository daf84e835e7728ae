#include "eval/soup.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/progress.h"
#include "eval/ensemble.h"
#include "eval/metric.h"
#include "eval/predict.h"
#include "eval/soup_statistics.h"
#include "model/weights.h"

/* What a soup is made in. */
struct kitchen {
    const struct soup_request *request;
    struct members *members;
    struct index *select;               /* or NULL */
    struct soup_statistics *statistics; /* or NULL: no batch normalization */
    struct net *net; /* that the means are written to; borrowed from the members */
    float **own;     /* (count) all values of each member, before they are overwritten */
    size_t values;   /* of a member */
    int *order;      /* (count) in which sums run: by hash */
};

static int check_kind(const struct members *m, const char *const *models, struct error *err)
{
    json_t *first = net_json(m->nets[0], err), *pre = preprocess_json(&m->preprocesses[0], err);
    int status = first && pre ? 0 : -1;
    for (int i = 1; i < m->count && status == 0; i++) {
        json_t *other = net_json(m->nets[i], err);
        json_t *other_pre = preprocess_json(&m->preprocesses[i], err);
        if (!other || !other_pre)
            status = -1;
        else if (!json_equal(first, other))
            status = error_set(err, ERROR_DATA, models[i],
                               "is another network than %s; only weights of one network can be "
                               "averaged",
                               models[0]);
        else if (!json_equal(pre, other_pre))
            status = error_set(err, ERROR_DATA, models[i],
                               "wants other preprocessing than %s; its weights cannot be averaged "
                               "with it",
                               models[0]);
        json_decref(other);
        json_decref(other_pre);
    }
    json_decref(first);
    json_decref(pre);
    return status;
}

static size_t count_values(const struct net *net)
{
    size_t count = 0;
    for (size_t i = 0; i < net_weights(net); i++)
        count += tensor_count(&net_weight(net, i)->value);
    return count;
}

static void copy_values(const struct net *net, float *to)
{
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct tensor *t = &net_weight(net, i)->value;
        memcpy(to, t->data, tensor_bytes(t));
        to += tensor_count(t);
    }
}

/* The mean of the members in `in`, in double, in the order of hashes; then new statistics. */
static int mix(struct kitchen *k, const bool *in, struct error *err)
{
    size_t at = 0;
    int count = 0;
    for (int j = 0; j < k->members->count; j++)
        count += in[j];
    for (size_t i = 0; i < net_weights(k->net); i++) {
        const struct tensor *t = &net_weight(k->net, i)->value;
        float *to = t->data;
        for (size_t v = 0; v < tensor_count(t); v++, at++) {
            double sum = 0;
            for (int j = 0; j < k->members->count; j++)
                if (in[k->order[j]])
                    sum += (double)k->own[k->order[j]][at];
            to[v] = (float)(sum / count);
        }
    }
    if (count == 1 || !k->statistics) /* a member alone keeps its own statistics */
        return 0;
    return soup_statistics_take(k->statistics, k->net, err);
}

static int count_correct(struct kitchen *k, uint64_t *correct, uint64_t *labeled, struct error *err)
{
    struct predict_options o = { .pool = k->request->pool };
    struct prediction p;
    const struct net *net = k->net;
    if (predict(k->select, &net, k->members->preprocesses, 1, &o, &p, err) < 0)
        return -1;
    *correct = metric_correct(p.values, p.label, p.n, p.k, 1);
    *labeled = metric_labeled(p.label, p.n);
    prediction_release(&p);
    return 0;
}

/* Best alone first; of equals the smaller hash. */
static void rank(const struct soup *s, const int *by_hash, int *ranking)
{
    for (int j = 0; j < s->members.count; j++) {
        int m = by_hash[j], at = j;
        for (; at > 0 && s->correct[ranking[at - 1]] < s->correct[m]; at--)
            ranking[at] = ranking[at - 1];
        ranking[at] = m;
    }
}

static void clear(struct soup *s)
{
    for (int j = 0; j < s->members.count; j++)
        s->in[j] = false;
}

static int choose(struct kitchen *k, struct soup *s, int *ranking, struct error *err)
{
    int count = s->members.count;
    struct progress *bar =
        progress_open("soup", (uint64_t)count * 2, "networks", k->request->quiet);
    int status = 0;
    for (int j = 0; j < count && status == 0; j++) {
        clear(s);
        s->in[j] = true;
        status = mix(k, s->in, err);
        if (status == 0)
            status = count_correct(k, &s->correct[j], &s->labeled, err);
        progress_update(bar, (uint64_t)j + 1, "");
    }
    if (status == 0)
        rank(s, k->order, ranking);
    clear(s);
    for (int j = 0; j < count && status == 0; j++) {
        uint64_t correct = 0;
        s->in[ranking[j]] = true;
        status = mix(k, s->in, err);
        if (status == 0)
            status = count_correct(k, &correct, &s->labeled, err);
        if (j > 0 && correct < s->best)
            s->in[ranking[j]] = false;
        else
            s->best = correct;
        progress_update(bar, (uint64_t)(count + j + 1), "");
    }
    progress_close(bar);
    return status == 0 ? mix(k, s->in, err) : -1;
}

static bool has_statistics(const struct net *net)
{
    for (size_t i = 0; i < net_weights(net); i++)
        if (strstr(net_weight(net, i)->name, "running_mean"))
            return true;
    return false;
}

static int open_kitchen(struct kitchen *k, struct soup *s, struct error *err)
{
    const struct soup_request *r = k->request;
    size_t count = (size_t)r->count;
    struct index_options options = { .classes = r->classes };
    if (members_open(&s->members, r->models, r->count, err) < 0 ||
        check_kind(&s->members, r->models, err) < 0)
        return -1;
    k->members = &s->members;
    k->net = s->members.nets[0];
    k->values = count_values(k->net);
    if (!(s->in = memory_array(count, sizeof(*s->in), err)) ||
        !(s->correct = memory_array(count, sizeof(*s->correct), err)) ||
        !(k->order = memory_array(count, sizeof(*k->order), err)) ||
        !(k->own = memory_array(count, sizeof(*k->own), err)))
        return -1;
    ensemble_order(s->members.hashes, r->count, k->order);
    for (size_t j = 0; j < count; j++) {
        k->own[j] = memory_array(k->values, sizeof(float), err);
        if (!k->own[j])
            return -1;
        copy_values(s->members.nets[j], k->own[j]);
    }
    if (has_statistics(k->net) && !r->statistics)
        return error_set(err, ERROR_USAGE, r->models[0],
                         "has batch normalization, whose statistics must be taken anew for "
                         "averaged weights; name training images with --data");
    if (has_statistics(k->net) &&
        soup_statistics_open(&k->statistics, r->statistics, &s->members.preprocesses[0], r->images,
                             r->pool, err) < 0)
        return -1;
    if (!r->select)
        return 0;
    if (index_open(&k->select, r->select, &options, err) < 0 ||
        members_fit(&s->members, k->select, r->select, r->classes, err) < 0)
        return -1;
    s->n = index_count(k->select);
    memcpy(s->select_hash, index_hash(k->select), sizeof(s->select_hash));
    return 0;
}

static int cook(struct kitchen *k, struct soup *s, struct error *err)
{
    if (open_kitchen(k, s, err) < 0)
        return -1;
    if (!k->request->select) {
        for (int j = 0; j < s->members.count; j++)
            s->in[j] = true;
        return mix(k, s->in, err);
    }
    int *ranking = memory_array((size_t)s->members.count, sizeof(*ranking), err);
    int status = ranking ? choose(k, s, ranking, err) : -1;
    free(ranking);
    return status;
}

int soup_make(struct soup *soup, const struct soup_request *request, struct error *err)
{
    struct kitchen k = { .request = request };
    struct soup s = { 0 };
    int status = cook(&k, &s, err);
    for (int j = 0; k.own && j < request->count; j++)
        free(k.own[j]);
    free(k.own);
    free(k.order);
    soup_statistics_close(k.statistics);
    index_close(k.select);
    if (status < 0)
        soup_release(&s);
    else
        *soup = s;
    return status;
}

int soup_save(const struct soup *s, const char *path, struct error *err)
{
    struct buffer hashes = { 0 };
    json_t *more = json_object();
    int status = more ? 0 : error_set(err, ERROR_FAILED, path, "no memory for the metadata");
    for (int j = 0; j < s->members.count && status == 0; j++)
        if (s->in[j])
            status =
                buffer_print(&hashes, err, "%s%s", hashes.size ? " " : "", s->members.hashes[j]);
    if (status == 0)
        json_object_set_new(more, "soup", json_string(hashes.data));
    if (status == 0 && s->select_hash[0])
        json_object_set_new(more, "selected_on", json_string(s->select_hash));
    if (status == 0)
        status = weights_save(path, s->members.nets[0], &s->members.preprocesses[0], more, err);
    json_decref(more);
    buffer_release(&hashes);
    return status;
}

void soup_release(struct soup *s)
{
    members_close(&s->members);
    free(s->in);
    free(s->correct);
    *s = (struct soup){ 0 };
}
