#include "eval/prediction.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"

const char *const prediction_kind_names[] = {
    [PREDICTION_PROBS] = "probs",
    [PREDICTION_LOGITS] = "logits",
    NULL,
};

int prediction_init(struct prediction *p, uint64_t n, int k, struct error *err)
{
    size_t count;
    *p = (struct prediction){ .n = n, .k = k };
    if (!size_mul((size_t)n, (size_t)k, &count))
        return error_set(err, ERROR_FAILED, NULL, "no memory for %" PRIu64 " samples", n);
    p->values = memory_array(count, sizeof(*p->values), err);
    p->label = p->values ? memory_array((size_t)n, sizeof(*p->label), err) : NULL;
    p->id = p->label ? memory_array((size_t)n, sizeof(*p->id), err) : NULL;
    p->key_hash = p->id ? memory_array((size_t)n, sizeof(*p->key_hash), err) : NULL;
    if (p->key_hash)
        return 0;
    prediction_release(p);
    return -1;
}

static int add_text(json_t *all, const char *key, const char *text, struct error *err)
{
    if (!text || json_object_set_new(all, key, json_bytes(text)) == 0)
        return 0;
    return error_set(err, ERROR_FAILED, key, "no memory for the metadata");
}

static int add_number(json_t *all, const char *key, uint64_t number, struct error *err)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, number);
    return add_text(all, key, text, err);
}

static int add_about(json_t *all, const struct prediction_about *about, struct error *err)
{
    if (add_text(all, "model_hash", about->model_hash, err) < 0 ||
        add_text(all, "network", about->network, err) < 0 ||
        add_text(all, "preprocess", about->preprocess, err) < 0 ||
        add_text(all, "views", about->views, err) < 0 ||
        add_text(all, "data_hash", about->data_hash, err) < 0 ||
        add_text(all, "kernels", about->kernels, err) < 0 ||
        add_text(all, "version", about->version, err) < 0 ||
        add_text(all, "caution", about->caution, err) < 0 ||
        add_number(all, "first", about->first, err) < 0 ||
        add_number(all, "count", about->count, err) < 0)
        return -1;
    if ((about->total && add_number(all, "total", about->total, err) < 0) ||
        (about->parameters && add_number(all, "parameters", about->parameters, err) < 0) ||
        (about->multiply_adds && add_number(all, "multiply_adds", about->multiply_adds, err) < 0))
        return -1;
    return about->group ? add_number(all, "group", (uint64_t)about->group, err) : 0;
}

/* The writer asks for bytes, whoever keeps views counts in values. */
static int fill_views(void *context, const struct safetensors_item *item, uint64_t offset,
                      size_t size, void *data, struct error *err)
{
    const struct prediction_views *views = context;
    size_t element = dtype_size(item->tensor.dtype);
    return views->fill(views->context, offset / element, size / element, data, err);
}

static int write_tensors(const char *path, const struct prediction *p,
                         const struct prediction_views *views, const json_t *metadata,
                         struct error *err)
{
    int64_t n = (int64_t)p->n, v = views ? views->v : 0;
    struct safetensors_item items[] = {
        { prediction_kind_names[p->kind], { DTYPE_F32, 2, { n, p->k }, p->values } },
        { "label", { DTYPE_I64, 1, { n }, p->label } },
        { "id", { DTYPE_I64, 1, { n }, p->id } },
        { "key_hash", { DTYPE_I64, 1, { n }, p->key_hash } },
        { "view_weight", { DTYPE_F32, 1, { v }, v ? (void *)views->weight : NULL } },
        { "views", { v ? views->dtype : DTYPE_F32, 3, { n, v, p->k }, NULL } },
    };
    size_t count = sizeof(items) / sizeof(items[0]);
    return safetensors_write_filled(path, items, v ? count : count - 2, metadata, fill_views,
                                    (void *)views, err);
}

int prediction_save(const char *path, const struct prediction *p,
                    const struct prediction_about *about, const struct prediction_views *views,
                    const json_t *more, struct error *err)
{
    json_t *all = more ? json_copy((json_t *)more) : json_object();
    if (!all)
        return error_set(err, ERROR_FAILED, path, "no memory for the metadata");
    int status = -1;
    if (add_text(all, "kind", prediction_kind_names[p->kind], err) == 0 &&
        add_about(all, about, err) == 0)
        status = write_tensors(path, p, views, all, err);
    json_decref(all);
    return status;
}

void prediction_release(struct prediction *p)
{
    free(p->values);
    free(p->label);
    free(p->id);
    free(p->key_hash);
    *p = (struct prediction){ 0 };
}
