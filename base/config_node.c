/*
 * What is asked of a config's nodes.
 */
#include "base/config.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/param.h"

const struct node *node_get(const struct node *node, const char *key)
{
    if (!node || node->kind != NODE_MAP)
        return NULL;
    for (size_t i = 0; i < node->count; i++)
        if (strcmp(node->keys[i], key) == 0)
            return node->items[i];
    return NULL;
}

bool node_is_null(const struct node *node)
{
    if (!node)
        return true;
    if (node->kind != NODE_SCALAR || node->quoted)
        return false;
    return !node->text[0] || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0;
}

char *node_path(const struct node *node, struct error *err)
{
    if (node_is_null(node) || node->kind != NODE_SCALAR || !node->text[0]) {
        node_error(node, err, "a file's name is needed here");
        return NULL;
    }
    if (node->line == 0)
        return memory_text(node->text, err);
    char *folder = file_folder(node->file, err);
    /* "./x" would be the same file under a longer name. */
    char *path = folder ? file_join(strcmp(folder, ".") ? folder : NULL, node->text, err) : NULL;
    free(folder);
    return path;
}

int node_error(const struct node *node, struct error *err, const char *format, ...)
{
    char message[sizeof(err->message)], place[sizeof(err->place)] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (node && node->line)
        snprintf(place, sizeof(place), "%s:%d", node->file, node->line);
    else if (node)
        snprintf(place, sizeof(place), "%s", node->file);
    return error_set(err, ERROR_USAGE, place, "%s", message);
}

int node_check_keys(const struct node *node, const char *const *names, struct error *err)
{
    if (node_is_null(node))
        return 0;
    if (node->kind != NODE_MAP)
        return node_error(node, err, "must be a map (key: value)");
    size_t count = 0;
    while (names[count])
        count++;
    for (size_t i = 0; i < node->count; i++) {
        size_t j = 0;
        while (j < count && strcmp(node->keys[i], names[j]) != 0)
            j++;
        if (j < count)
            continue;
        struct node place = *node->items[i];
        place.line = node->key_lines[i];
        char list[512] = "";
        for (size_t used = j = 0; j < count && used < sizeof(list); j++)
            used +=
                (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", j ? ", " : "", names[j]);
        const char *nearest = param_nearest(node->keys[i], names, count);
        if (nearest)
            return node_error(&place, err, "unknown key '%s' (did you mean '%s'?); accepted: %s",
                              node->keys[i], nearest, list);
        return node_error(&place, err, "unknown key '%s'; accepted: %s", node->keys[i], list);
    }
    return 0;
}

/* A plain scalar as JSON: 3, 0.5, true; whatever is neither number nor flag stays text. Numbers
 * with needless zeros in front ("007") are names. */
static json_t *plain_json(const char *text)
{
    bool flag;
    int64_t integer;
    double number;
    if (param_flag(text, &flag))
        return json_boolean(flag);
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    bool padded = digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
    if (!padded && !strpbrk(text, ".eE") && param_integer(text, &integer))
        return json_integer(integer);
    if (!padded && param_number(text, &number))
        return json_real(number);
    return json_string(text);
}

static json_t *collection_json(const struct node *node, struct error *err)
{
    json_t *json = node->kind == NODE_MAP ? json_object() : json_array();
    for (size_t i = 0; json && i < node->count; i++) {
        json_t *item = node_json(node->items[i], err);
        int rc = node->kind == NODE_MAP ? json_object_set_new(json, node->keys[i], item)
                                        : json_array_append_new(json, item);
        if (rc < 0) {
            json_decref(json);
            json = NULL;
        }
    }
    return json;
}

json_t *node_json(const struct node *node, struct error *err)
{
    json_t *json;
    if (node_is_null(node))
        json = json_null();
    else if (node->kind != NODE_SCALAR)
        json = collection_json(node, err);
    else
        json = node->quoted ? json_string(node->text) : plain_json(node->text);
    if (!json)
        error_set(err, ERROR_FAILED, NULL, "no memory for JSON");
    return json;
}
