#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "loader/index_private.h"

enum { CLASSES_MAX = 1000000 };

void class_list_release(struct class_list *list)
{
    for (int64_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct class_list){ 0 };
}

int64_t class_list_find(const struct class_list *list, const char *name, size_t size)
{
    for (int64_t i = 0; i < list->count; i++)
        if (list->names[i] && strlen(list->names[i]) == size &&
            memcmp(list->names[i], name, size) == 0)
            return i;
    return -1;
}

int class_list_put(struct class_list *list, size_t *capacity, int64_t label, const char *name,
                   size_t size, struct error *err)
{
    void *names = list->names;
    if (memory_grow(&names, capacity, (size_t)label + 1, sizeof(*list->names), err) < 0)
        return -1;
    list->names = names;
    for (; list->count <= label; list->count++)
        list->names[list->count] = NULL;
    char *copy = memory_array(size + 1, 1, err);
    if (!copy)
        return -1;
    memcpy(copy, name, size);
    list->names[label] = copy;
    return 0;
}

int class_list_read(struct class_list *list, const char *path, struct error *err)
{
    struct buffer text = { 0 };
    size_t capacity = 0;
    if (file_read(path, FILE_LIMIT, &text, err) < 0)
        return -1;
    int rc = 0, number = 0;
    for (char *line = text.data, *next; rc == 0 && line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        line[strcspn(line, "\r")] = '\0';
        if (!*line)
            continue;
        char *end, place[600];
        snprintf(place, sizeof(place), "%s:%d", path, number);
        long long label = strtoll(line, &end, 10);
        if (end == line || *end != ',') {
            if (number > 1)
                rc = error_set(err, ERROR_DATA, place,
                               "\"%.40s\" must begin with a class's index and a comma", line);
            continue; /* the header */
        }
        char *name = end + 1;
        size_t size = strcspn(name, ",");
        if (size >= 2 && name[0] == '"' && name[size - 1] == '"') {
            name++;
            size -= 2;
        }
        if (label < 0 || label >= CLASSES_MAX || size == 0)
            rc = error_set(err, ERROR_DATA, place,
                           "index %lld, name \"%.*s\"; must be 0..%d and a folder's name", label,
                           (int)size, name, CLASSES_MAX - 1);
        else if (class_list_find(list, name, size) >= 0 ||
                 (label < list->count && list->names[label]))
            rc = error_set(err, ERROR_DATA, place, "index %lld or name %.*s stands there twice",
                           label, (int)size, name);
        else
            rc = class_list_put(list, &capacity, label, name, size, err);
    }
    if (rc == 0 && list->count == 0)
        rc = error_set(err, ERROR_DATA, path, "holds no class; lines must be: index,folder name");
    buffer_release(&text);
    return rc;
}

static const char *text_at(const struct index_build *b, uint64_t at)
{
    return b->text.data + at;
}

static bool is_integer(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 6 && text[digits] == '\0';
}

/* A class's text that is empty, or looks like a number and is none of ours (-1, 1.5, 1e9), would
 * become a class of that name in silence. */
static int check_text(const char *text, const char *key, const char *data, struct error *err)
{
    if (!text[0])
        return error_set(err, ERROR_DATA, data,
                         "%s.cls is empty; a class's number or name is needed", key);
    if (strspn(text, "+-.0123456789") == strlen(text) && !is_integer(text))
        return error_set(err, ERROR_DATA, data,
                         "%s.cls holds %.40s; a class's number must be 0..%d", key, text,
                         CLASSES_MAX - 1);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All different class names among the entries (text places, see `label_text`), sorted. */
static int collect_names(const struct index_build *b, const char **names, size_t *lengths,
                         struct class_list *list, struct error *err)
{
    const char *last = NULL;
    size_t last_length = 0, capacity = 0;
    for (size_t i = 0; i < b->count; i++) {
        if (!names[i] ||
            (last && lengths[i] == last_length && memcmp(last, names[i], last_length) == 0))
            continue; /* keys are sorted: equal folders mostly follow each other */
        last = names[i];
        last_length = lengths[i];
        if (class_list_find(list, last, last_length) >= 0)
            continue;
        if (list->count == CLASSES_MAX)
            return error_set(err, ERROR_DATA, NULL, "more than %d classes", CLASSES_MAX);
        if (class_list_put(list, &capacity, list->count, last, last_length, err) < 0)
            return -1;
    }
    if (list->count > 0)
        qsort(list->names, (size_t)list->count, sizeof(*list->names), by_name);
    return 0;
}

/* Where each entry's class name stands: its `.cls` text, else the key's first folder; NULL: it has
 * none. Numbers beside names are refused: sorted as names, "10" would come before "2". */
static int find_names(struct index_build *b, const char **names, size_t *lengths, bool *integers,
                      const char *data, struct error *err)
{
    size_t label = 0;
    const char *number = NULL, *name = NULL; /* the first of each among the .cls texts */
    *integers = b->label_count > 0;
    for (size_t i = 0; i < b->count; i++) {
        const char *key = text_at(b, b->entries[i].key), *slash = strchr(key, '/');
        while (label < b->label_count && strcmp(text_at(b, b->labels[label].key), key) < 0)
            label++;
        if (label < b->label_count && strcmp(text_at(b, b->labels[label].key), key) == 0) {
            names[i] = text_at(b, b->labels[label].text);
            lengths[i] = strlen(names[i]);
            if (check_text(names[i], key, data, err) < 0)
                return -1;
            *integers = *integers && is_integer(names[i]);
            if (is_integer(names[i]))
                number = number ? number : names[i];
            else
                name = name ? name : names[i];
        } else if (slash) {
            names[i] = key;
            lengths[i] = (size_t)(slash - key);
            *integers = false;
        } else
            names[i] = NULL;
    }
    if (number && name)
        return error_set(err, ERROR_DATA, data,
                         "some .cls members hold a class's number (%s), others a name (%s); must "
                         "be one or the other",
                         number, name);
    return 0;
}

static int give_labels(struct index_build *b, const char **names, const size_t *lengths,
                       bool integers, const struct class_list *classes, bool given,
                       bool allow_unlabeled, const char *data, struct error *err)
{
    const char *last = NULL;
    size_t last_length = 0;
    int32_t last_label = -1;
    for (size_t i = 0; i < b->count; i++) {
        struct index_entry *entry = &b->entries[i];
        if (!names[i]) {
            if (!allow_unlabeled)
                return error_set(
                    err, ERROR_DATA, data,
                    "%s has no class: neither a .cls member nor a folder of its class's name",
                    text_at(b, entry->key));
            continue;
        }
        if (integers) {
            entry->label = (int32_t)strtol(names[i], NULL, 10);
            continue;
        }
        if (!last || lengths[i] != last_length || memcmp(last, names[i], last_length) != 0) {
            last = names[i];
            last_length = lengths[i];
            last_label = (int32_t)class_list_find(classes, last, last_length);
        }
        if (last_label < 0 && given)
            return error_set(err, ERROR_DATA, data, "class %.*s (of %s) is not in the classes file",
                             (int)last_length, last, text_at(b, entry->key));
        entry->label = last_label;
    }
    return 0;
}

/* The numbers of a packed set's `.cls` members as the names that they stand for, so that a classes
 * file numbers them as it does those of the source. */
static int name_numbers(const struct index_build *b, const char **names, size_t *lengths,
                        const struct class_list *packed, const char *data, struct error *err)
{
    for (size_t i = 0; i < b->count; i++) {
        if (!names[i])
            continue;
        long label = strtol(names[i], NULL, 10);
        if (label >= packed->count || !packed->names[label])
            return error_set(err, ERROR_DATA, data,
                             "label %ld (of %s) has no name in pack.json, which the classes file "
                             "could number",
                             label, text_at(b, b->entries[i].key));
        names[i] = packed->names[label];
        lengths[i] = strlen(names[i]);
    }
    return 0;
}

int label_entries(struct index_build *b, struct class_list *classes, bool given,
                  bool allow_unlabeled, const char *data, struct error *err)
{
    const char **names = memory_array(b->count, sizeof(*names), err);
    size_t *lengths = names ? memory_array(b->count, sizeof(*lengths), err) : NULL;
    struct class_list packed = { 0 };
    int rc = lengths ? 0 : -1;
    if (rc == 0) {
        bool integers;
        rc = find_names(b, names, lengths, &integers, data, err);
        if (rc == 0 && integers)
            rc = packed_names_read(&packed, data, err);
        if (rc == 0 && given && packed.count > 0) {
            rc = name_numbers(b, names, lengths, &packed, data, err);
            integers = false;
        }
        if (rc == 0 && !given && !integers)
            rc = collect_names(b, names, lengths, classes, err);
        if (rc == 0)
            rc = give_labels(b, names, lengths, integers, classes, given, allow_unlabeled, data,
                             err);
        if (rc == 0 && !given && integers) {
            *classes = packed;
            packed = (struct class_list){ 0 };
        }
    }
    class_list_release(&packed);
    free(lengths);
    free(names);
    return rc;
}
