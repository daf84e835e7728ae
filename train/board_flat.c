#include "train/board_flat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { KEY = 200, DEPTH = 12, ENTRIES = 500, TEXT = 200 };

bool board_flat_is_free(const char *key)
{
    static const char *const names[] = {
        "train.threads",          "data.threads", "train.out",
        "train.log_every",        "data.slots",   "data.cache",
        "data.read_ahead",        "data.ledger",  "data.cache_memory",
        "train.checkpoint_every",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(key, names[i]) == 0)
            return true;
    return strncmp(key, "tune.", 5) == 0;
}

bool board_flat_is_seed(const char *key)
{
    static const char *const names[] = { "train.seed", "data.seed", "data.order_seed",
                                         "data.augment_seed", "data.fold" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(key, names[i]) == 0)
            return true;
    return false;
}

static bool is_leaf(const json_t *value)
{
    return !json_is_array(value) && !json_is_object(value);
}

/* A list in which there is nothing to go into. */
static bool is_plain_list(const json_t *value)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!is_leaf(json_array_get(value, i)))
            return false;
    return json_is_array(value);
}

/* "9 layers (1a2b3c4d)" */
static json_t *shorten(size_t count, const char *unit, const char *text)
{
    return text ? json_sprintf("%zu %s (%08x)", count, unit, (unsigned)hash64_text(text)) : NULL;
}

static json_t *as_text(const json_t *value, const char *unit)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    json_t *leaf = NULL;
    if (unit)
        leaf = shorten(json_array_size(value), unit, text);
    else if (text)
        leaf = strlen(text) > TEXT ? shorten(strlen(text), "bytes", text) : json_string(text);
    free(text);
    return leaf;
}

static json_t *leaf_of(json_t *value)
{
    const char *text = json_string_value(value);
    if (text && strlen(text) > TEXT)
        return shorten(strlen(text), "bytes", text);
    return is_leaf(value) ? json_incref(value) : as_text(value, NULL);
}

static int flatten(json_t *flat, char *key, size_t size, json_t *value, int depth);

/* The value `name` of what stands at the first `size` bytes of `key`, which has room for KEY. */
static int flatten_member(json_t *flat, char *key, size_t size, const char *name, json_t *value,
                          int depth)
{
    size_t more = (size_t)snprintf(key + size, KEY - size, "%s%s", size ? "." : "", name);
    int rc = size + more < KEY ? flatten(flat, key, size + more, value, depth + 1) : 0;
    key[size] = '\0';
    return rc;
}

static int flatten(json_t *flat, char *key, size_t size, json_t *value, int depth)
{
    const char *name;
    json_t *item;
    size_t i;
    if (json_object_size(flat) >= ENTRIES)
        return 0;
    if (strcmp(key, "model.layers") == 0)
        return json_object_set_new(flat, key, as_text(value, "layers"));
    bool empty = json_object_size(value) + json_array_size(value) == 0;
    if (empty || is_plain_list(value) || depth == DEPTH)
        return json_object_set_new(flat, key, leaf_of(value));
    json_object_foreach(value, name,
                        item) if (flatten_member(flat, key, size, name, item, depth) < 0) return -1;
    json_array_foreach(value, i, item)
    {
        char number[24];
        snprintf(number, sizeof(number), "%zu", i);
        if (flatten_member(flat, key, size, number, item, depth) < 0)
            return -1;
    }
    return 0;
}

json_t *board_flat(const json_t *config, struct error *err)
{
    json_t *flat = json_object();
    char key[KEY] = "";
    if (!flat || flatten(flat, key, 0, (json_t *)config, 0) < 0) {
        error_set(err, ERROR_FAILED, NULL, "no memory for a config of dotted keys");
        json_decref(flat);
        return NULL;
    }
    return flat;
}

uint64_t board_flat_setting(const json_t *flat, const char *path)
{
    uint64_t sum = 0;
    const char *key;
    json_t *value;
    if (!flat)
        return hash64_text(path);
    json_object_foreach((json_t *)flat, key, value)
    {
        char *text = board_flat_is_free(key) || board_flat_is_seed(key)
                         ? NULL
                         : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
        sum += text ? hash64_pair(key, text) : 0; /* whatever order the keys have */
        free(text);
    }
    return sum;
}
