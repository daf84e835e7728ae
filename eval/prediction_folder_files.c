/* The files of a folder of predictions: their names, and whether they are there. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/safetensors.h"
#include "eval/prediction_folder.h"

static char *path_of(const struct prediction_folder *f, const char *name, struct error *err)
{
    return file_join(f->path, name, err);
}

char *prediction_folder_file(const struct prediction_folder *f, int model, int shard,
                             struct error *err)
{
    if (f->shards == 1)
        return prediction_folder_whole(f, model, err);
    char name[280];
    snprintf(name, sizeof(name), "%s.shard-%04d-of-%04d.safetensors",
             prediction_folder_name(f, model), shard, f->shards);
    return path_of(f, name, err);
}

char *prediction_folder_whole(const struct prediction_folder *f, int model, struct error *err)
{
    char name[280];
    snprintf(name, sizeof(name), "%s.safetensors", prediction_folder_name(f, model));
    return path_of(f, name, err);
}

char *prediction_folder_part(const struct prediction_folder *f, int shard, struct error *err)
{
    char name[80];
    snprintf(name, sizeof(name), ".shard-%04d-of-%04d.part", shard, f->shards);
    return path_of(f, name, err);
}

static bool is_text(const struct safetensors *file, const char *key, const char *text)
{
    const char *found = safetensors_metadata(file, key);
    return found && text && !strcmp(found, text);
}

static bool is_number(const struct safetensors *file, const char *key, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, number);
    return is_text(file, key, text);
}

/* Is `path` a whole file of this model and range? What cannot be read is not. */
static bool is_there(const struct prediction_folder *f, int model, const char *path, uint64_t first,
                     uint64_t count)
{
    struct safetensors *file;
    struct error ignored;
    if (!file_exists(path) || safetensors_peek(&file, path, &ignored) < 0)
        return false;
    const json_t *request = f->request;
    bool there =
        is_text(file, "model_hash", prediction_folder_hash(f, model)) &&
        is_text(file, "data_hash", json_string_value(json_object_get(request, "data_hash"))) &&
        is_text(file, "views", json_string_value(json_object_get(request, "views"))) &&
        is_text(file, "kind", json_string_value(json_object_get(request, "kind"))) &&
        is_number(file, "first", first) && is_number(file, "count", count);
    safetensors_close(file);
    return there;
}

int prediction_folder_has(const struct prediction_folder *f, int shard, bool *has,
                          struct error *err)
{
    uint64_t first, count;
    prediction_folder_range(f, shard, &first, &count);
    *has = true;
    for (int m = 0; m < prediction_folder_models(f) && *has; m++) {
        char *path = prediction_folder_file(f, m, shard, err);
        if (!path)
            return -1;
        *has = is_there(f, m, path, first, count);
        free(path);
    }
    return 0;
}

int prediction_folder_has_whole(const struct prediction_folder *f, bool *has, struct error *err)
{
    *has = true;
    for (int m = 0; m < prediction_folder_models(f) && *has; m++) {
        char *path = prediction_folder_whole(f, m, err);
        if (!path)
            return -1;
        *has = is_there(f, m, path, 0, prediction_folder_total(f));
        free(path);
    }
    return 0;
}

static int check_replaced(const char *path, struct error *err)
{
    struct safetensors *file;
    struct error ignored;
    if (!file_exists(path) || safetensors_peek(&file, path, &ignored) < 0)
        return 0;
    bool predictions = safetensors_find(file, "probs") || safetensors_find(file, "logits");
    safetensors_close(file);
    if (predictions)
        return 0;
    return error_set(err, ERROR_USAGE, path,
                     "holds no predictions and would be replaced by them; give another --out");
}

int prediction_folder_check_out(const struct prediction_folder *f, int shard, struct error *err)
{
    for (int m = 0; m < prediction_folder_models(f); m++) {
        char *path = prediction_folder_file(f, m, shard, err);
        int status = path ? check_replaced(path, err) : -1;
        free(path);
        if (status == 0 && f->shards > 1) {
            path = prediction_folder_whole(f, m, err);
            status = path ? check_replaced(path, err) : -1;
            free(path);
        }
        if (status < 0)
            return -1;
    }
    return 0;
}
