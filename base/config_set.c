/*
 * --set a.b=value. Nodes are never changed once they are in the tree: the maps along the path are
 * built anew and share the rest, so that a node that somebody holds stays what it was until the
 * config is closed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/config_tree.h"

/* An assignment being carried out. */
struct assignment {
    const char *place; /* "--set a.b" */
    const struct node *value;
};

/* A copy of the collection `node` (NULL: an empty map) with `value` as entry `i`, which may be one
 * past its end. */
static const struct node *replaced(struct config *config, const struct node *node, size_t i,
                                   const char *key, const struct node *value, struct error *err)
{
    size_t count = node ? node->count : 0;
    struct node *copy = config_node(config, node ? node->kind : NODE_MAP,
                                    i < count ? count : count + 1, node ? node : value, err);
    if (!copy)
        return NULL;
    for (size_t j = 0; j < count; j++) {
        copy->items[j] = node->items[j];
        if (copy->kind == NODE_MAP) {
            copy->keys[j] = node->keys[j];
            copy->key_lines[j] = node->key_lines[j];
        }
    }
    copy->items[i] = value;
    if (copy->kind == NODE_MAP) {
        copy->keys[i] = key;
        copy->key_lines[i] = value->line;
    }
    return copy;
}

/* Where `key` is among the entries of `node`; one past the end for a new key of a map. */
static int find_entry(const struct assignment *a, const struct node *node, const char *key,
                      size_t *place, struct error *err)
{
    *place = 0;
    if (!node)
        return 0;
    char where[300];
    if (node->line)
        snprintf(where, sizeof(where), "%s:%d", node->file, node->line);
    else
        snprintf(where, sizeof(where), "%s", node->file);
    if (node->kind == NODE_SCALAR)
        return error_set(err, ERROR_USAGE, a->place, "has nowhere to go: %s holds '%s'", where,
                         node->text);
    if (node->kind == NODE_MAP) {
        while (*place < node->count && strcmp(node->keys[*place], key) != 0)
            ++*place;
        return 0;
    }
    char *end;
    unsigned long number = strtoul(key, &end, 10);
    if (key[0] < '0' || key[0] > '9' || *end || number >= node->count)
        return error_set(err, ERROR_USAGE, a->place,
                         "'%s' is no entry of the list at %s, which has %zu", key, where,
                         node->count);
    *place = number;
    return 0;
}

/* `node` with what the path `keys` ("b.c") names set; `keys` is cut at its dots. */
static const struct node *assigned(struct config *config, const struct assignment *a,
                                   const struct node *node, char *keys, struct error *err)
{
    if (!keys)
        return a->value;
    if (node_is_null(node))
        node = NULL;
    char *dot = strchr(keys, '.');
    if (dot)
        *dot = '\0';
    size_t place;
    if (find_entry(a, node, keys, &place, err) < 0)
        return NULL;
    const struct node *old = node && place < node->count ? node->items[place] : NULL;
    const struct node *item = assigned(config, a, old, dot ? dot + 1 : NULL, err);
    return item ? replaced(config, node, place, keys, item, err) : NULL;
}

static int check_path(const char *assignment, size_t length, struct error *err)
{
    bool begins = true;
    int parts = 0;
    for (size_t i = 0; i <= length; i++) {
        bool ends = i == length || assignment[i] == '.';
        if (ends && begins)
            return error_set(err, ERROR_USAGE, "--set",
                             "'%s' must be KEY=VALUE, such as train.lr=0.05", assignment);
        begins = ends;
        parts += ends;
    }
    if (parts > CONFIG_DEPTH)
        return error_set(err, ERROR_USAGE, "--set", "more than %d keys in a path", CONFIG_DEPTH);
    return 0;
}

int config_set(struct config *config, const char *assignment, struct error *err)
{
    const char *equals = strchr(assignment, '=');
    size_t length = equals ? (size_t)(equals - assignment) : 0;
    if (check_path(assignment, length, err) < 0)
        return -1;
    struct buffer place = { 0 };
    char *keys = arena_text(&config->arena, assignment, length, err);
    if (!keys || buffer_print(&place, err, "--set %s", keys) < 0)
        return -1;
    struct assignment a = { .place = arena_text(&config->arena, place.data, place.size, err) };
    buffer_release(&place);
    if (!a.place)
        return -1;
    const char *value = equals + 1 + strspn(equals + 1, " ");
    /* Nothing stands for the default. */
    if (!value[0])
        value = "~";
    a.value = config_read_tree(config, value, strlen(value), a.place, false, err);
    if (a.value)
        a.value = config_extend(config, a.value, err);
    const struct node *root = a.value ? assigned(config, &a, config->root, keys, err) : NULL;
    if (!root)
        return -1;
    config->root = root;
    return 0;
}
