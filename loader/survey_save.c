/* A survey as a safetensors file: the sums as I64 (and F64, whole numbers too), the rest as JSON in
 * the metadata. docs/formats.md lists it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/safetensors.h"
#include "loader/survey_private.h"

enum { VERSION = 1, ITEMS_MAX = 12 };

static json_t *classes_json(const struct survey *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->class_count; i++)
        json_array_append_new(list, json_pack("{s:s*, s:I}", "name", s->classes[i].name, "count",
                                              (json_int_t)s->classes[i].count));
    return list;
}

static json_t *parts_json(const struct survey *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->part_count; i++) {
        const struct survey_part *p = &s->parts[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:I, s:I}", "data", p->data, "hash", p->hash,
                                        "begin", (json_int_t)p->begin, "end", (json_int_t)p->end));
    }
    return list;
}

static json_t *describe(const struct survey *s, struct error *err)
{
    const struct survey_counts *c = &s->counts;
    json_t *modes = json_object(), *unreadable = json_array();
    for (int i = 0; i < c->modes_used; i++)
        json_object_set_new(modes, c->modes[i].name, json_integer((json_int_t)c->modes[i].count));
    for (size_t i = 0; i < s->unreadable_count; i++)
        json_array_append_new(unreadable, json_string(s->unreadable[i]));
    json_t *json = json_pack(
        "{s:i, s:i, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:[i,i], s:[i,i], s:o, s:o, s:o, s:o}",
        "version", VERSION, "size", s->options.size, "native", s->options.native, "covariance",
        s->options.covariance, "images", (json_int_t)c->images, "unreadable",
        (json_int_t)c->unreadable, "warned", (json_int_t)c->warned, "unlabeled",
        (json_int_t)c->unlabeled, "pixels", (json_int_t)c->pixels, "smallest", c->smallest[0],
        c->smallest[1], "largest", c->largest[0], c->largest[1], "modes", modes, "classes",
        classes_json(s), "parts", parts_json(s), "unreadable_images", unreadable);
    if (!json || json_array_size(unreadable) != s->unreadable_count ||
        json_array_size(json_object_get(json, "classes")) != s->class_count ||
        json_array_size(json_object_get(json, "parts")) != s->part_count) {
        json_decref(json);
        error_set(err, ERROR_FAILED, NULL,
                  "no memory for the survey as JSON, or a name that is not UTF-8");
        return NULL;
    }
    return json;
}

/* Every tensor of sums, by name: where it lies, to be written or read. */
static size_t list_sums(struct survey *s, struct safetensors_item items[ITEMS_MAX])
{
    int64_t side = s->options.size, d = (int64_t)s->values;
    struct survey_counts *c = &s->counts;
    const struct safetensors_item all[] = {
        { "sum", { DTYPE_I64, 1, { 3 }, c->sum } },
        { "product", { DTYPE_I64, 2, { 3, 3 }, c->product } },
        { "frame_sum", { DTYPE_I64, 3, { 3, side, side }, s->frame_sum } },
        { "sizes", { DTYPE_I64, 1, { SURVEY_SIZES }, c->sizes } },
        { "aspects", { DTYPE_I64, 1, { SURVEY_ASPECTS }, c->aspects } },
        { "orientations", { DTYPE_I64, 1, { 9 }, c->orientations } },
        { "second", { DTYPE_F64, 2, { d, d }, s->second } },
    };
    size_t count = sizeof(all) / sizeof(all[0]) - (s->second ? 0 : 1);
    memcpy(items, all, count * sizeof(all[0]));
    return count;
}

int survey_save(const struct survey *s, const char *path, const float *whitening, struct error *err)
{
    struct safetensors_item items[ITEMS_MAX];
    int64_t side = s->options.size, d = (int64_t)s->values;
    size_t count = list_sums((struct survey *)s, items); /* written, not changed */
    float *mean = memory_array(2 * s->values, sizeof(*mean), err);
    int rc = mean ? survey_mean_image(s, mean, err) : -1;
    json_t *json = rc == 0 ? describe(s, err) : NULL;
    char *text = json ? json_canonical(json, err) : NULL;
    json_t *metadata =
        text ? json_pack("{s:s, s:s}", "survey", text, "tenfold_version", TENFOLD_VERSION) : NULL;
    rc = metadata ? 0 : -1;
    if (text && !metadata)
        error_set(err, ERROR_FAILED, path, "no memory for the metadata");
    if (rc == 0) {
        struct tensor image = { DTYPE_F32, 3, { 3, side, side }, mean };
        items[count++] = (struct safetensors_item){ "mean_image", image };
        if (whitening) {
            struct tensor matrix = { DTYPE_F32, 2, { d, d }, (void *)whitening };
            struct tensor center = { DTYPE_F32, 1, { d }, mean + s->values };
            for (size_t i = 0; i < s->values; i++)
                mean[s->values + i] = mean[i] / 255;
            items[count++] = (struct safetensors_item){ "whitening", matrix };
            items[count++] = (struct safetensors_item){ "whitening_mean", center };
        }
        rc = safetensors_write(path, items, count, metadata, err);
    }
    json_decref(metadata);
    free(text);
    json_decref(json);
    free(mean);
    return rc;
}

static int broken(const char *path, const char *what, struct error *err)
{
    return error_set(err, ERROR_DATA, path, "is no survey of nndata stats: %s", what);
}

static int load_lists(struct survey *s, const json_t *json, const char *path, struct error *err)
{
    const json_t *classes = json_object_get(json, "classes"),
                 *parts = json_object_get(json, "parts"),
                 *unreadable = json_object_get(json, "unreadable_images");
    const char *mode;
    json_t *count;
    for (size_t i = 0; i < json_array_size(classes); i++) {
        const json_t *item = json_array_get(classes, i);
        const char *name = json_string_value(json_object_get(item, "name"));
        if (survey_reserve_class(s, (int64_t)i, err) < 0)
            return -1;
        s->classes[i].count = (uint64_t)json_integer_value(json_object_get(item, "count"));
        if (name && !(s->classes[i].name = memory_text(name, err)))
            return -1;
    }
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const char *data, *hash;
        json_int_t begin, end;
        if (json_unpack(json_array_get(parts, i), "{s:s, s:s, s:I, s:I}", "data", &data, "hash",
                        &hash, "begin", &begin, "end", &end) < 0 ||
            strlen(hash) != 64 || begin < 0 || end < begin)
            return broken(path, "a part of it is not one", err);
        if (survey_add_part(s, data, hash, (uint64_t)begin, (uint64_t)end, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < json_array_size(unreadable); i++) {
        const char *text = json_string_value(json_array_get(unreadable, i));
        if (text && survey_add_unreadable(s, text, err) < 0)
            return -1;
    }
    json_object_foreach(json_object_get(json, "modes"), mode, count)
    {
        survey_count_mode(&s->counts, mode, (uint64_t)json_integer_value(count));
    }
    return 0;
}

static int load_numbers(struct survey *s, const json_t *json, const char *path, struct error *err)
{
    struct survey_counts *c = &s->counts;
    json_int_t images, unreadable, warned, unlabeled, pixels;
    if (json_unpack((json_t *)json, "{s:I, s:I, s:I, s:I, s:I, s:[i,i], s:[i,i]}", "images",
                    &images, "unreadable", &unreadable, "warned", &warned, "unlabeled", &unlabeled,
                    "pixels", &pixels, "smallest", &c->smallest[0], &c->smallest[1], "largest",
                    &c->largest[0], &c->largest[1]) < 0 ||
        images < 0 || unreadable < 0 || pixels < 0)
        return broken(path, "its counts are not there", err);
    c->images = (uint64_t)images;
    c->unreadable = (uint64_t)unreadable;
    c->warned = (uint64_t)warned;
    c->unlabeled = (uint64_t)unlabeled;
    c->pixels = (uint64_t)pixels;
    return 0;
}

static int load_sums(struct survey *s, const struct safetensors *file, const char *path,
                     struct error *err)
{
    struct safetensors_item items[ITEMS_MAX];
    size_t count = list_sums(s, items);
    for (size_t i = 0; i < count; i++) {
        const struct tensor *ours = &items[i].tensor,
                            *found = safetensors_find(file, items[i].name);
        char what[100];
        snprintf(what, sizeof(what), "tensor %s is absent or of another shape", items[i].name);
        if (!found || found->dtype != ours->dtype || found->rank != ours->rank ||
            memcmp(found->shape, ours->shape, (size_t)ours->rank * sizeof(ours->shape[0])) != 0)
            return broken(path, what, err);
        memcpy(ours->data, found->data, tensor_bytes(ours));
    }
    return 0;
}

int survey_load(struct survey **result, const char *path, struct error *err)
{
    struct safetensors *file;
    struct survey *s = NULL;
    if (safetensors_open(&file, path, err) < 0)
        return -1;
    const char *text = safetensors_metadata(file, "survey");
    json_t *json = text ? json_parse(text, strlen(text), path, err) : NULL;
    int version = 0, size, native, covariance, rc = -1;
    if (!text)
        broken(path, "its metadata says nothing of one", err);
    else if (json && (json_unpack(json, "{s:i, s:i, s:b, s:b}", "version", &version, "size", &size,
                                  "native", &native, "covariance", &covariance) < 0 ||
                      version != VERSION))
        broken(path, "another version of it, or damaged", err);
    else if (json) {
        struct survey_options options = { size, native, covariance };
        rc = survey_open(&s, &options, err);
    }
    if (rc == 0 && (load_numbers(s, json, path, err) < 0 || load_lists(s, json, path, err) < 0 ||
                    load_sums(s, file, path, err) < 0)) {
        survey_close(s);
        rc = -1;
    }
    json_decref(json);
    safetensors_close(file);
    if (rc == 0)
        *result = s;
    return rc;
}
