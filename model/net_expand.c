#include "model/net_expand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { DEPTH_MAX = 8, ENTRIES_MAX = 20000, NAME_MAX_BYTES = 256 };

/* What surrounds a list of layers: the network itself, or one repetition of a block. */
struct scope {
    const char *prefix;         /* of its layers' names: "" or "layer1.0." */
    const struct node *values;  /* map that "$x" is looked up in; NULL: none */
    const struct node *blocks;  /* map of the blocks; NULL: none */
    const struct node *classes; /* what "$classes" is wherever it is no value of its own; or NULL */
    size_t begin;               /* its first entry */
    int input;                  /* what `input` means in it */
    int depth;
};

static int expand_list(struct net_expansion *e, const struct node *list, const struct scope *scope,
                       struct error *err);

/* `node` with every "$x" in it replaced; the node itself where there is none. NULL: error. */
static const struct node *substitute(struct net_expansion *e, const struct node *node,
                                     const struct scope *scope, struct error *err)
{
    if (node->kind == NODE_SCALAR) {
        if (node->quoted || node->text[0] != '$')
            return node;
        const struct node *value = node_get(scope->values, node->text + 1);
        if (!value && strcmp(node->text, "$classes") == 0)
            value = scope->classes;
        if (!value)
            node_error(node, err, "%s is not a parameter here", node->text);
        return value;
    }
    struct node *copy = arena_take(&e->arena, 1, sizeof(*copy), err);
    const struct node **items =
        copy ? arena_take(&e->arena, node->count, sizeof(*items), err) : NULL;
    if (!items)
        return NULL;
    *copy = *node;
    copy->items = items;
    for (size_t i = 0; i < node->count; i++)
        if (!(items[i] = substitute(e, node->items[i], scope, err)))
            return NULL;
    return copy;
}

static bool is_one_of(const char *key, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(key, *names) == 0)
            return true;
    return false;
}

/* The entries of `over` put onto those of `under`, but for the keys `left_out`; either may be NULL.
 * A null value in `over` leaves what is under it. */
static const struct node *merge(struct net_expansion *e, const struct node *under,
                                const struct node *over, const char *const *left_out,
                                struct error *err)
{
    size_t most = (under ? under->count : 0) + (over ? over->count : 0);
    struct node *map = arena_take(&e->arena, 1, sizeof(*map), err);
    const char **keys = map ? arena_take(&e->arena, most, sizeof(*keys), err) : NULL;
    const struct node **items = keys ? arena_take(&e->arena, most, sizeof(*items), err) : NULL;
    int *lines = items ? arena_take(&e->arena, most, sizeof(*lines), err) : NULL;
    if (!lines)
        return NULL;
    const struct node *place = over ? over : under;
    *map = (struct node){ .kind = NODE_MAP, .keys = keys, .items = items, .key_lines = lines };
    if (place) {
        map->file = place->file;
        map->line = place->line;
    }
    const struct node *sources[] = { under, over };
    for (int s = 0; s < 2; s++)
        for (size_t i = 0; sources[s] && i < sources[s]->count; i++) {
            const char *key = sources[s]->keys[i];
            if (s == 1 && is_one_of(key, left_out))
                continue;
            size_t at = 0;
            while (at < map->count && strcmp(keys[at], key) != 0)
                at++;
            if (at == map->count)
                map->count++;
            else if (node_is_null(sources[s]->items[i]))
                continue;
            keys[at] = key;
            items[at] = sources[s]->items[i];
            lines[at] = sources[s]->key_lines ? sources[s]->key_lines[i] : sources[s]->line;
        }
    return map;
}

static const char *join_name(struct net_expansion *e, const struct node *where, const char *prefix,
                             const char *name, struct error *err)
{
    char full[NAME_MAX_BYTES];
    int length = snprintf(full, sizeof(full), "%s%s", prefix, name);
    if (length >= (int)sizeof(full)) {
        node_error(where, err, "the name \"%.40s...\" is longer than %d bytes", full,
                   NAME_MAX_BYTES - 1);
        return NULL;
    }
    return arena_text(&e->arena, full, (size_t)length, err);
}

/* The entry that `node` names, first in its own scope, then by its full name. -2: error. */
static int find_input(const struct net_expansion *e, const struct node *node,
                      const struct scope *scope, struct error *err)
{
    if (node->kind != NODE_SCALAR)
        return node_error(node, err, "an input must be the name of an earlier layer") - 1;
    if (strcmp(node->text, "input") == 0)
        return scope->input;
    size_t prefix = strlen(scope->prefix);
    for (size_t i = e->count; i-- > scope->begin;)
        if (strncmp(e->entries[i].name, scope->prefix, prefix) == 0 &&
            strcmp(e->entries[i].name + prefix, node->text) == 0)
            return (int)i;
    for (size_t i = e->count; i-- > 0;)
        if (strcmp(e->entries[i].name, node->text) == 0)
            return (int)i;
    return node_error(node, err, "no earlier layer is named %s", node->text) - 1;
}

static int read_inputs(struct net_expansion *e, struct net_entry *entry, const struct node *in,
                       const struct scope *scope, struct error *err)
{
    if (!in) {
        entry->input[0] = e->count == scope->begin ? scope->input : (int)e->count - 1;
        entry->inputs = 1;
    } else if (in->kind == NODE_SCALAR) {
        entry->input[0] = find_input(e, in, scope, err);
        entry->inputs = 1;
    } else {
        if (in->kind != NODE_LIST || in->count < 1 || in->count > LAYER_INPUTS)
            return node_error(in, err, "`in` must be a name or a list of 1 to %d names",
                              LAYER_INPUTS);
        entry->inputs = (int)in->count;
        for (size_t i = 0; i < in->count; i++)
            if ((entry->input[i] = find_input(e, in->items[i], scope, err)) == -2)
                return -1;
    }
    if (entry->input[0] == -2)
        return -1;
    if (entry->inputs < entry->kind->inputs_min || entry->inputs > entry->kind->inputs_max)
        return node_error(entry->where, err, "%s has %d input%s; it takes %d to %d",
                          entry->kind->name, entry->inputs, entry->inputs == 1 ? "" : "s",
                          entry->kind->inputs_min, entry->kind->inputs_max);
    return 0;
}

static int add_layer(struct net_expansion *e, const struct layer_kind *kind,
                     const struct node *item, const struct node *values, const struct scope *scope,
                     struct error *err)
{
    static const char *const own[] = { "name", "in", NULL };
    struct net_entry entry = { .kind = kind, .where = item };
    if (e->count >= ENTRIES_MAX)
        return node_error(item, err, "the network has more than %d layers", ENTRIES_MAX);
    const struct node *name = NULL;
    if (values && !node_is_null(values)) {
        if (values->kind != NODE_MAP)
            return node_error(values, err, "%s needs a map of its values: {...}", kind->name);
        values = substitute(e, values, scope, err);
        if (!values)
            return -1;
        name = node_get(values, "name");
        if (read_inputs(e, &entry, node_get(values, "in"), scope, err) < 0)
            return -1;
        entry.values = merge(e, NULL, values, own, err);
        if (!entry.values)
            return -1;
    } else if (read_inputs(e, &entry, NULL, scope, err) < 0)
        return -1;
    char numbered[64];
    snprintf(numbered, sizeof(numbered), "%s%zu", kind->name, e->count - scope->begin);
    if (name && (name->kind != NODE_SCALAR || !name->text[0]))
        return node_error(name, err, "a name must be text");
    entry.name = join_name(e, item, scope->prefix, name ? name->text : numbered, err);
    if (!entry.name)
        return -1;
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->entries[i].name, entry.name) == 0)
            return node_error(item, err, "two layers are named %s", entry.name);
    void *entries = e->entries;
    if (memory_grow(&entries, &e->capacity, e->count + 1, sizeof(entry), err) < 0)
        return -1;
    e->entries = entries;
    e->entries[e->count++] = entry;
    return 0;
}

/* The value of `node`, if there is one, for a row of a block's own. */
static int read_count(const struct node *node, const struct param *row, int64_t *count,
                      struct error *err)
{
    struct error why = { 0 };
    union value v;
    if (!node)
        return 0;
    if (node->kind != NODE_SCALAR)
        return node_error(node, err, "%s must be a number", row->name);
    if (param_parse(row, node->text, row->name, &v, &why) < 0)
        return node_error(node, err, "%s", why.message);
    *count = v.integer;
    return 0;
}

/* block: {use: basic, name: layer1, times: 3, start: 0, first: {stride: 2}, out: 32} */
static int add_block(struct net_expansion *e, const struct node *item, const struct node *values,
                     const struct scope *scope, struct error *err)
{
    static const char *const own[] = { "use", "name", "times", "start", "first", NULL };
    static const char *const none[] = { NULL };
    static const struct param times_row = {
        "times", PARAM_INTEGER, "", .value = 1, .min = 1, .max = 1000, .help = "repetitions"
    };
    static const struct param start_row = {
        "start", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1000, .help = "number of the first"
    };
    static const char *const block_keys[] = { "params", "layers", NULL };
    if (scope->depth >= DEPTH_MAX)
        return node_error(item, err, "blocks are nested deeper than %d", DEPTH_MAX);
    if (!values || values->kind != NODE_MAP)
        return node_error(item, err, "block needs a map: {use: NAME, ...}");
    values = substitute(e, values, scope, err);
    if (!values)
        return -1;
    const struct node *use = node_get(values, "use"), *name = node_get(values, "name");
    const struct node *times = node_get(values, "times"), *first = node_get(values, "first");
    if (!use || use->kind != NODE_SCALAR)
        return node_error(values, err, "block needs `use`, the name of an entry of `blocks`");
    const struct node *block = node_get(scope->blocks, use->text);
    if (!block)
        return node_error(use, err, "there is no block named %s", use->text);
    if (node_check_keys(block, block_keys, err) < 0)
        return -1;
    const struct node *params = node_get(block, "params");
    const struct node *given = merge(e, NULL, values, own, err);
    if (!given)
        return -1;
    /* What is given must be a parameter of the block. */
    const struct node *checked[] = { given, first };
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; checked[i] && k < checked[i]->count; k++) {
            if (checked[i]->kind != NODE_MAP)
                return node_error(checked[i], err,
                                  "`first` must be a map of the block's parameters");
            if (!node_get(params, checked[i]->keys[k]))
                return node_error(checked[i], err, "%s is not a parameter of block %s",
                                  checked[i]->keys[k], use->text);
        }
    int64_t count = 1, start = 0;
    if (read_count(times, &times_row, &count, err) < 0 ||
        read_count(node_get(values, "start"), &start_row, &start, err) < 0)
        return -1;
    const struct node *all = merge(e, params, given, none, err);
    const struct node *all_first = all ? merge(e, all, first, none, err) : NULL;
    if (!all_first)
        return -1;
    for (int64_t t = 0; t < count; t++) {
        char local[NAME_MAX_BYTES];
        const char *stem = name && name->kind == NODE_SCALAR ? name->text : use->text;
        if (times)
            snprintf(local, sizeof(local), "%.200s.%lld.", stem, (long long)(start + t));
        else
            snprintf(local, sizeof(local), "%.200s.", stem);
        struct scope inner = { .prefix = join_name(e, item, scope->prefix, local, err),
                               .values = t == 0 ? all_first : all,
                               .blocks = scope->blocks,
                               .classes = scope->classes,
                               .begin = e->count,
                               .input = e->count == scope->begin ? scope->input : (int)e->count - 1,
                               .depth = scope->depth + 1 };
        if (!inner.prefix || expand_list(e, node_get(block, "layers"), &inner, err) < 0)
            return -1;
        if (e->count == inner.begin)
            return node_error(block, err, "block %s has no layers", use->text);
    }
    return 0;
}

static int unknown_layer(const struct node *item, const char *word, struct error *err)
{
    const char *names[128];
    size_t count = 0;
    for (; layers[count]; count++)
        names[count] = layers[count]->name;
    names[count++] = "block";
    const char *nearest = param_nearest(word, names, count);
    return node_error(item, err, "there is no layer %s%s%s%s", word,
                      nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static int expand_list(struct net_expansion *e, const struct node *list, const struct scope *scope,
                       struct error *err)
{
    if (!list || list->kind != NODE_LIST)
        return node_error(list, err, "`layers` must be a list of layers");
    for (size_t i = 0; i < list->count; i++) {
        const struct node *item = list->items[i], *values = NULL;
        const char *word;
        if (item->kind == NODE_SCALAR)
            word = item->text;
        else if (item->kind == NODE_MAP && item->count == 1) {
            word = item->keys[0];
            values = item->items[0];
        } else
            return node_error(item, err, "a layer is a name, or one name with its values");
        if (strcmp(word, "block") == 0) {
            if (add_block(e, item, values, scope, err) < 0)
                return -1;
            continue;
        }
        int k = 0;
        while (layers[k] && strcmp(layers[k]->name, word) != 0)
            k++;
        if (!layers[k])
            return unknown_layer(item, word, err);
        if (add_layer(e, layers[k], item, values, scope, err) < 0)
            return -1;
    }
    return 0;
}

int net_expand(struct net_expansion *e, const struct node *spec, struct error *err)
{
    const struct node *list = node_get(spec, "layers");
    if (!list)
        return node_error(spec, err, "a network needs `layers`");
    struct scope top = { .prefix = "",
                         .values = node_get(spec, "params"),
                         .blocks = node_get(spec, "blocks"),
                         .classes = node_get(spec, "classes"),
                         .input = NET_INPUT };
    return expand_list(e, list, &top, err);
}

void net_expansion_release(struct net_expansion *e)
{
    free(e->entries);
    arena_release(&e->arena);
    *e = (struct net_expansion){ 0 };
}
