#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "loader/index_private.h"

static int read_names(struct class_list *list, const json_t *json, const char *path,
                      struct error *err)
{
    const char *format = json_string_value(json_object_get(json, "format"));
    const json_t *names = json_object_get(json, "classes");
    size_t capacity = 0;
    if (!format || strcmp(format, "tenfold-pack") != 0)
        return 0;
    if (json_integer_value(json_object_get(json, "version")) != 1 || !json_is_array(names))
        return error_set(err, ERROR_DATA, path, "was written by another version of nndata pack");
    for (size_t label = 0; label < json_array_size(names); label++) {
        const char *name = json_string_value(json_array_get(names, label));
        if (name && class_list_put(list, &capacity, (int64_t)label, name, strlen(name), err) < 0)
            return -1;
    }
    return 0;
}

int packed_names_read(struct class_list *list, const char *data, struct error *err)
{
    char *folder = file_is_folder(data) ? memory_text(data, err) : file_folder(data, err);
    char *path = folder ? file_join(folder, "pack.json", err) : NULL;
    int rc = path ? 0 : -1;
    if (path && file_exists(path)) {
        json_t *json = json_read(path, err);
        rc = json ? read_names(list, json, path, err) : -1;
        json_decref(json);
    }
    free(path);
    free(folder);
    return rc;
}
