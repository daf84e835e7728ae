/*
 * Groups go into the shard's checkpoint as they come, for all models together, so that a decoded
 * image serves all of them; the files are written from it at the end, one model after the other.
 * Models are laid out in the order of their hashes: the order of arguments is nowhere to be seen.
 */
#include "eval/predict_shard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/half.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/json.h"
#include "base/memory.h"
#include "eval/ensemble.h"
#include "eval/predict_part.h"
#include "eval/prediction_folder.h"
#include "model/infer.h"

const char *const keep_views_names[] = {
    [KEEP_NO] = "no",
    [KEEP_FLOAT16] = "float16",
    [KEEP_FLOAT32] = "float32",
    NULL,
};

/* Where a model's values lie in a frame; sizes in bytes. */
struct extent {
    uint64_t values, views;     /* offsets */
    size_t value_row, view_row; /* one image's */
};

struct shard {
    const struct shard_request *request;
    struct prediction_folder folder;
    struct part *part;
    int *order;             /* (models) the member that comes i-th; owned */
    struct extent *extents; /* (models) in that order; owned */
    uint64_t payload;
    char *frame; /* owned */
    uint64_t first, count;
    int group, v;
};

static enum dtype kept_dtype(const struct shard *s)
{
    return s->request->keep == KEEP_FLOAT16 ? DTYPE_F16 : DTYPE_F32;
}

static json_t *describe_models(const struct shard *s)
{
    const struct members *m = s->request->members;
    json_t *models = json_array();
    for (int i = 0; i < m->count; i++) {
        json_t *row = json_pack("{s:o, s:s}", "name", json_bytes(m->names[s->order[i]]), "hash",
                                m->hashes[s->order[i]]);
        if (json_array_append_new(models, row) < 0) {
            json_decref(models);
            return NULL;
        }
    }
    return models;
}

static json_t *describe(const struct shard *s, struct error *err)
{
    const struct shard_request *r = s->request;
    char views[VIEW_TEXT];
    view_policy_print(r->options.views, views);
    json_t *models = describe_models(s);
    json_t *request =
        models ? json_pack("{s:s, s:I, s:s, s:s, s:s, s:b, s:s, s:i, s:o}", "data_hash",
                           index_hash(r->index), "total", (json_int_t)index_count(r->index),
                           "views", views, "kind", prediction_kind_names[r->options.kind],
                           "keep_views", keep_views_names[r->keep], "exif", r->options.exif_apply,
                           "conv", members_conv_names[net_is_fast(r->members->nets[0])], "group",
                           s->group, "models", models)
               : NULL;
    if (!request)
        error_set(err, ERROR_FAILED, r->folder, "no memory for the request");
    return request;
}

static int check_twins(const struct members *m, struct error *err)
{
    for (int i = 0; i < m->count; i++)
        for (int j = i + 1; j < m->count; j++)
            if (!strcmp(m->hashes[i], m->hashes[j]))
                return error_set(err, ERROR_USAGE, m->names[j],
                                 "is the same network as %s; give it once", m->names[i]);
    return 0;
}

static int claim(struct shard *s, struct error *err)
{
    const struct shard_request *r = s->request;
    uint64_t total = index_count(r->index);
    /* Refused before the folder is claimed for so many shards. */
    if ((uint64_t)r->shards > total)
        return error_set(err, ERROR_USAGE, r->folder,
                         "some of %d shards would have no samples: the data set has %" PRIu64
                         "; use at most so many shards",
                         r->shards, total);
    json_t *request = describe(s, err);
    if (!request)
        return -1;
    int status = prediction_folder_claim(&s->folder, r->folder, request, r->shards, r->array_first,
                                         r->array_step, err);
    json_decref(request);
    if (status < 0)
        return -1;
    prediction_folder_range(&s->folder, r->shard, &s->first, &s->count);
    return 0;
}

static int lay_out(struct shard *s, struct error *err)
{
    const struct shard_request *r = s->request;
    size_t kept = r->keep == KEEP_NO ? 0 : dtype_size(kept_dtype(s)) * (size_t)s->v;
    s->extents = memory_array((size_t)r->members->count, sizeof(*s->extents), err);
    if (!s->extents)
        return -1;
    for (int i = 0; i < r->members->count; i++) {
        size_t k = (size_t)net_classes(r->members->nets[s->order[i]]);
        struct extent *l = &s->extents[i];
        *l = (struct extent){ .value_row = k * sizeof(float), .view_row = k * kept };
        l->values = s->payload;
        l->views = l->values + l->value_row * (size_t)s->group;
        s->payload = l->views + l->view_row * (size_t)s->group;
    }
    s->frame = memory_array((size_t)s->payload, 1, err);
    return s->frame ? 0 : -1;
}

/* What a checkpoint must have in common with this run. */
static int identify(const struct shard *s, char identity[65], struct error *err)
{
    char range[80];
    snprintf(range, sizeof(range), " %" PRIu64 " %" PRIu64, s->first, s->count);
    char *text = json_canonical(s->folder.request, err);
    struct sha256 *sha;
    int status = text ? sha256_open(&sha, err) : -1;
    if (status == 0) {
        sha256_add(sha, text, strlen(text));
        sha256_add(sha, range, strlen(range));
        sha256_add(sha, TENFOLD_VERSION, strlen(TENFOLD_VERSION));
        status = sha256_close(sha, identity, err);
    }
    free(text);
    return status;
}

static int open_part(struct shard *s, bool *begun_anew, struct error *err)
{
    struct part_head head = { .payload = s->payload };
    uint64_t size = (uint64_t)s->group;
    head.first_group = s->first / size;
    head.groups = (s->first + s->count - 1) / size - head.first_group + 1;
    snprintf(head.kernels, sizeof(head.kernels), "%s", infer_kernels(s->request->members->nets[0]));
    if (identify(s, head.identity, err) < 0)
        return -1;
    char *path = prediction_folder_part(&s->folder, s->request->shard, err);
    int status = path ? part_open(&s->part, path, &head, begun_anew, err) : -1;
    free(path);
    return status;
}

static bool has_group(void *context, uint64_t group)
{
    const struct shard *s = context;
    return part_has(s->part, group);
}

static int keep_group(void *context, const struct predict_rows *rows, struct error *err)
{
    struct shard *s = context;
    size_t n = (size_t)rows->n;
    for (int i = 0; i < s->request->members->count; i++) {
        const struct extent *l = &s->extents[i];
        int m = s->order[i];
        memcpy(s->frame + l->values, rows->values[m], n * l->value_row);
        if (s->request->keep == KEEP_FLOAT32)
            memcpy(s->frame + l->views, rows->views[m], n * l->view_row);
        if (s->request->keep == KEEP_FLOAT16)
            half_from_floats(rows->views[m], n * l->view_row / sizeof(uint16_t),
                             (uint16_t *)(s->frame + l->views));
    }
    return part_append(s->part, rows->group, s->frame, err);
}

/* The group of a row, and its place among the group's rows in the frame. */
static uint64_t find_row(const struct shard *s, uint64_t row, uint64_t *place)
{
    uint64_t size = (uint64_t)s->group, id = s->first + row, group = id / size;
    *place = group * size < s->first ? row : id - group * size;
    return group;
}

struct view_source {
    const struct shard *shard;
    const struct extent *layout;
};

static int fill_views(void *context, uint64_t first, size_t count, void *out, struct error *err)
{
    const struct view_source *source = context;
    const struct shard *s = source->shard;
    size_t element = dtype_size(kept_dtype(s)), row_bytes = source->layout->view_row;
    uint64_t at = first * element, end = at + count * element;
    char *to = out;
    while (at < end) {
        uint64_t place, within = at % row_bytes, group = find_row(s, at / row_bytes, &place);
        size_t run = row_bytes - within < end - at ? row_bytes - within : (size_t)(end - at);
        if (part_read(s->part, group, source->layout->views + place * row_bytes + within, run, to,
                      err) < 0)
            return -1;
        at += run;
        to += run;
    }
    return 0;
}

static int read_rows(const struct shard *s, int i, struct prediction *p, struct error *err)
{
    const struct extent *l = &s->extents[i];
    for (uint64_t row = 0; row < s->count; row++) {
        uint64_t place, group = find_row(s, row, &place);
        if (part_read(s->part, group, l->values + place * l->value_row, l->value_row,
                      p->values + row * (size_t)p->k, err) < 0)
            return -1;
        predict_identify(s->request->index, s->first + row, p, row);
    }
    return 0;
}

static int save(const struct shard *s, int i, const char *path, const struct prediction *p,
                const char *preprocess, struct error *err)
{
    const struct shard_request *r = s->request;
    const json_t *request = s->folder.request;
    struct prediction_about about = {
        .model_hash = prediction_folder_hash(&s->folder, i),
        .network = net_name(r->members->nets[s->order[i]]),
        .preprocess = preprocess,
        .views = json_string_value(json_object_get(request, "views")),
        .data_hash = index_hash(r->index),
        .kernels = infer_kernels(r->members->nets[s->order[i]]),
        .version = TENFOLD_VERSION,
        .parameters = members_parameters(r->members, s->order[i]),
        .multiply_adds = net_multiply_adds(r->members->nets[s->order[i]]),
        .total = index_count(r->index),
        .first = s->first,
        .count = s->count,
        .group = s->group,
    };
    struct view_source source = { s, &s->extents[i] };
    float weight[VIEW_MAX];
    for (int v = 0; v < s->v; v++)
        weight[v] = 1 / (float)s->v;
    struct prediction_views views = { s->v, kept_dtype(s), weight, fill_views, &source };
    return prediction_save(path, p, &about, r->keep == KEEP_NO ? NULL : &views, NULL, err);
}

static int write_model(const struct shard *s, int i, struct error *err)
{
    const struct members *m = s->request->members;
    int member = s->order[i];
    struct prediction p;
    if (prediction_init(&p, s->count, net_classes(m->nets[member]), err) < 0)
        return -1;
    p.kind = s->request->options.kind;
    char *path = prediction_folder_file(&s->folder, i, s->request->shard, err);
    json_t *json = path ? preprocess_json(&m->preprocesses[member], err) : NULL;
    char *preprocess = json ? json_canonical(json, err) : NULL;
    int status = preprocess ? read_rows(s, i, &p, err) : -1;
    if (status == 0)
        status = save(s, i, path, &p, preprocess, err);
    free(preprocess);
    json_decref(json);
    free(path);
    prediction_release(&p);
    return status;
}

/* The files are there: the checkpoint, if there still is one, has served. */
static int remove_part(struct shard *s, struct error *err)
{
    char *path = prediction_folder_part(&s->folder, s->request->shard, err);
    if (!path)
        return -1;
    int status =
        unlink(path) == 0 || errno == ENOENT ? 0 : error_errno(err, path, "cannot be removed");
    free(path);
    return status;
}

static int fill_part(struct shard *s, struct error *err)
{
    const struct shard_request *r = s->request;
    struct predict_options options = r->options;
    struct predict_sink sink = { r->keep != KEEP_NO, has_group, keep_group, s };
    options.first = s->first;
    options.count = s->count;
    int status = predict_groups(r->index, (const struct net *const *)r->members->nets,
                                r->members->preprocesses, r->members->count, &options, &sink, err);
    if (status == 0)
        return 0;
    struct error ignored; /* the first one is told */
    part_sync(s->part, &ignored);
    if (err->kind != ERROR_INTERRUPTED)
        return -1;
    uint64_t groups =
        (s->first + s->count - 1) / (uint64_t)s->group - s->first / (uint64_t)s->group + 1;
    return interrupt_error(interrupt_asked(r->options.stop), true, err, r->folder,
                           "interrupted with %" PRIu64 " of %" PRIu64
                           " groups of shard %d done and kept; run it again to go on",
                           part_count(s->part), groups, r->shard);
}

static uint64_t images_found(const struct shard *s)
{
    uint64_t found = 0, place;
    for (uint64_t row = 0; row < s->count; row++)
        found += part_has(s->part, find_row(s, row, &place));
    return found;
}

static int run(struct shard *s, struct shard_result *result, struct error *err)
{
    const struct shard_request *r = s->request;
    bool there;
    if (check_twins(r->members, err) < 0)
        return -1;
    s->order = memory_array((size_t)r->members->count, sizeof(*s->order), err);
    if (!s->order)
        return -1;
    ensemble_order(r->members->hashes, r->members->count, s->order);
    if (claim(s, err) < 0 || prediction_folder_has(&s->folder, r->shard, &there, err) < 0)
        return -1;
    result->images = result->found = s->count;
    if (there)
        return remove_part(s, err);
    if (prediction_folder_check_out(&s->folder, r->shard, err) < 0 || lay_out(s, err) < 0 ||
        open_part(s, &result->begun_anew, err) < 0)
        return -1;
    result->found = images_found(s);
    if (fill_part(s, err) < 0)
        return -1;
    for (int i = 0; i < r->members->count; i++)
        if (write_model(s, i, err) < 0)
            return -1;
    return remove_part(s, err);
}

int predict_shard(const struct shard_request *request, struct shard_result *result,
                  struct error *err)
{
    struct shard s = { .request = request,
                       .group = predict_group(request->options.views),
                       .v = view_policy_count(request->options.views) };
    *result = (struct shard_result){ 0 };
    int status = run(&s, result, err);
    part_close(s.part);
    prediction_folder_release(&s.folder);
    free(s.order);
    free(s.extents);
    free(s.frame);
    return status;
}
