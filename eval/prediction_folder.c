#include "eval/prediction_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"

static const char FILE_NAME[] = "predict.json";

static int refuse(const char *path, const char *what, struct error *err)
{
    return error_set(err, ERROR_DATA, path, "%s; it is not what `nneval predict` wrote", what);
}

static int check_models(const json_t *models, const char *path, struct error *err)
{
    size_t count = json_array_size(models);
    if (count == 0)
        return refuse(path, "names no models", err);
    for (size_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(models, i);
        const char *name = json_string_value(json_object_get(row, "name"));
        if (!name || !name[0] || strchr(name, '/') || strlen(name) > 200)
            return refuse(path, "has a model without a name that fits a file", err);
        if (!json_string_value(json_object_get(row, "hash")))
            return refuse(path, "has a model without its hash", err);
    }
    return 0;
}

/* An integer of `object` within limits. */
static int read_integer(const json_t *object, const char *key, json_int_t min, json_int_t max,
                        json_int_t *value, const char *path, struct error *err)
{
    const json_t *found = json_object_get(object, key);
    *value = json_integer_value(found);
    if (json_is_integer(found) && *value >= min && *value <= max)
        return 0;
    return error_set(err, ERROR_DATA, path, "'%s' must be an integer %lld..%lld", key,
                     (long long)min, (long long)max);
}

static int take_up(struct prediction_folder *f, const json_t *all, const char *path,
                   struct error *err)
{
    static const char *const texts[] = { "data_hash", "views", "kind", "keep_views" };
    json_int_t total, group, shards, first, step;
    json_t *request = json_object_get(all, "request");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!json_string_value(json_object_get(request, texts[i])))
            return refuse(path, "its request is not complete", err);
    if (check_models(json_object_get(request, "models"), path, err) < 0 ||
        read_integer(request, "total", 1, INT64_MAX, &total, path, err) < 0 ||
        read_integer(request, "group", 1, 1024, &group, path, err) < 0 ||
        read_integer(all, "shards", 1, SHARDS_MAX, &shards, path, err) < 0 ||
        read_integer(all, "array_first", 0, INT32_MAX, &first, path, err) < 0 ||
        read_integer(all, "array_step", 1, INT32_MAX, &step, path, err) < 0)
        return -1;
    f->request = json_incref(request);
    f->shards = (int)shards;
    f->array_first = (int)first;
    f->array_step = (int)step;
    return 0;
}

int prediction_folder_read(struct prediction_folder *folder, const char *path, struct error *err)
{
    struct prediction_folder f = { .path = memory_text(path, err) };
    char *file = f.path ? file_join(path, FILE_NAME, err) : NULL;
    json_t *all = NULL;
    int status = -1;
    if (file && !file_exists(file))
        error_set(err, ERROR_DATA, path, "has no %s; is it what `nneval predict --out` was given?",
                  FILE_NAME);
    else if (file && (all = json_read(file, err)) != NULL)
        status = take_up(&f, all, file, err);
    json_decref(all);
    free(file);
    if (status < 0)
        prediction_folder_release(&f);
    else
        *folder = f;
    return status;
}

static int write_plan(const char *path, const json_t *request, int shards, int array_first,
                      int array_step, struct error *err)
{
    json_t *all = json_pack("{s:s, s:O, s:i, s:i, s:i}", "version", TENFOLD_VERSION, "request",
                            (json_t *)request, "shards", shards, "array_first", array_first,
                            "array_step", array_step);
    if (!all)
        return error_set(err, ERROR_FAILED, path, "no memory for %s", FILE_NAME);
    char *file = file_join(path, FILE_NAME, err);
    int status = file ? json_write(file, all, err) : -1;
    free(file);
    json_decref(all);
    return status;
}

/* The first thing that differs, named. */
static int compare(const struct prediction_folder *f, const json_t *request, int shards,
                   struct error *err)
{
    const char *key;
    json_t *mine;
    json_object_foreach((json_t *)request, key, mine)
    {
        const json_t *theirs = json_object_get(f->request, key);
        if (theirs && json_equal(mine, theirs))
            continue;
        if (json_is_array(mine))
            return error_set(err, ERROR_USAGE, f->path,
                             "holds predictions of other %s (%s there says which); give another "
                             "--out",
                             key, FILE_NAME);
        char *a = theirs ? json_dumps(theirs, JSON_ENCODE_ANY) : NULL;
        char *b = json_dumps(mine, JSON_ENCODE_ANY);
        error_set(err, ERROR_USAGE, f->path,
                  "holds predictions whose %s is %.80s, and %.80s is asked for; give another --out",
                  key, a ? a : "unknown", b ? b : "something else");
        free(a);
        free(b);
        return -1;
    }
    if (f->shards != shards)
        return error_set(err, ERROR_USAGE, f->path,
                         "is being filled in %d shards, and one of %d is asked for; give another "
                         "--out",
                         f->shards, shards);
    return 0;
}

int prediction_folder_claim(struct prediction_folder *folder, const char *path,
                            const json_t *request, int shards, int array_first, int array_step,
                            struct error *err)
{
    char *file = file_join(path, FILE_NAME, err);
    if (!file)
        return -1;
    bool there = file_exists(file);
    free(file);
    struct prediction_folder f;
    if (!there && (file_make_folders(path, err) < 0 ||
                   write_plan(path, request, shards, array_first, array_step, err) < 0))
        return -1;
    /* Read what another process may have written meanwhile. */
    if (prediction_folder_read(&f, path, err) < 0)
        return -1;
    if (compare(&f, request, shards, err) < 0) {
        prediction_folder_release(&f);
        return -1;
    }
    *folder = f;
    return 0;
}

int prediction_folder_models(const struct prediction_folder *f)
{
    return (int)json_array_size(json_object_get(f->request, "models"));
}

static const char *model_text(const struct prediction_folder *f, int model, const char *key)
{
    const json_t *models = json_object_get(f->request, "models");
    return json_string_value(json_object_get(json_array_get(models, (size_t)model), key));
}

const char *prediction_folder_name(const struct prediction_folder *f, int model)
{
    return model_text(f, model, "name");
}

const char *prediction_folder_hash(const struct prediction_folder *f, int model)
{
    return model_text(f, model, "hash");
}

uint64_t prediction_folder_total(const struct prediction_folder *f)
{
    return (uint64_t)json_integer_value(json_object_get(f->request, "total"));
}

int prediction_folder_group(const struct prediction_folder *f)
{
    return (int)json_integer_value(json_object_get(f->request, "group"));
}

/* i * n / shards without the product: n may be close to 2^63. */
static uint64_t cut_at(uint64_t n, uint64_t i, uint64_t shards)
{
    return n / shards * i + n % shards * i / shards;
}

void prediction_folder_range(const struct prediction_folder *f, int shard, uint64_t *first,
                             uint64_t *count)
{
    uint64_t n = prediction_folder_total(f), size = (uint64_t)prediction_folder_group(f);
    uint64_t i = (uint64_t)shard, shards = (uint64_t)f->shards, groups = (n - 1) / size + 1;
    uint64_t end = cut_at(n, i + 1, shards);
    *first = cut_at(n, i, shards);
    if (groups >= shards) {
        *first = cut_at(groups, i, shards) * size;
        end = cut_at(groups, i + 1, shards) * size;
        end = end < n ? end : n;
    }
    *count = end - *first;
}

void prediction_folder_release(struct prediction_folder *f)
{
    json_decref(f->request);
    free(f->path);
    *f = (struct prediction_folder){ 0 };
}
