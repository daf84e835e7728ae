/*
 * A setting into a config. What a recipe writes in short ("hflip", "hflip: 0.5") is written out
 * first where a value below it is to be set.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/mix.h"
#include "augment/recipe.h"
#include "base/buffer.h"
#include "loader/stream.h"
#include "train/space.h"
#include "train/train_config.h"

/* config_set of `key` to a value. */
static int set_json(struct config *config, const char *key, const json_t *value, struct error *err)
{
    struct buffer assignment = { 0 };
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
    int rc = text ? buffer_print(&assignment, err, "%s=%s", key, text)
                  : error_set(err, ERROR_FAILED, key, "no memory for its value");
    if (rc == 0)
        rc = config_set(config, assignment.data, err);
    buffer_release(&assignment);
    free(text);
    return rc;
}

/* What the value of a short form stands for: the first row of the step's table. */
static const char *first_row(const char *section, const char *name)
{
    const struct augmentation *op = augmentation_find(name);
    if (strcmp(section, "augment") == 0)
        return op ? op->params[0].name : NULL;
    const struct mix_about *about;
    for (size_t i = 0; (about = mix_about(i)); i++)
        if (strcmp(about->name, name) == 0)
            return about->params[0].name;
    return NULL;
}

/* Write entry `place` ("augment.1") of a list out as a map of its step's name to a map. */
static int write_out(struct config *config, const char *section, const char *place,
                     const struct node *entry, const char *wanted, struct error *err)
{
    bool bare = entry->kind == NODE_SCALAR;
    if (!bare && (entry->kind != NODE_MAP || entry->count != 1))
        return 0;
    const char *name = bare ? entry->text : entry->keys[0];
    const struct node *values = bare ? NULL : entry->items[0];
    if (strcmp(name, wanted) != 0)
        return error_set(err, ERROR_USAGE, place, "is %s, not %s", name, wanted);
    if (!bare && (node_is_null(values) || values->kind == NODE_MAP))
        return 0;
    const char *first = first_row(section, name);
    json_t *inner = json_object(), *json = NULL;
    int rc = 0;
    if (!bare && first) {
        json_t *value = node_json(values, err);
        rc = value ? json_object_set_new(inner, first, value) : -1;
    }
    if (rc == 0 && !(json = json_pack("{s:O}", name, inner)))
        rc = error_set(err, ERROR_FAILED, place, "no memory to set a value below it");
    if (rc == 0)
        rc = set_json(config, place, json, err);
    json_decref(json);
    json_decref(inner);
    return rc;
}

/* Make room for "augment.1.hflip.p"; other keys need none. */
static int make_room(struct config *config, const char *key, struct error *err)
{
    char section[16], name[64], place[48];
    unsigned number;
    int length = 0;
    if (sscanf(key, "%15[a-z].%u.%63[^.].%n", section, &number, name, &length) < 3 || length == 0 ||
        (strcmp(section, "augment") != 0 && strcmp(section, "mix") != 0))
        return 0;
    const struct node *list = node_get(config_root(config), section);
    if (node_is_null(list) || list->kind != NODE_LIST || number >= list->count)
        return error_set(err, ERROR_USAGE, NULL, "%s has %zu entries, counted from 0", section,
                         !node_is_null(list) && list->kind == NODE_LIST ? list->count : 0);
    snprintf(place, sizeof(place), "%s.%u", section, number);
    return write_out(config, section, place, list->items[number], name, err);
}

int space_apply(struct config *config, const json_t *params, struct error *err)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)params, key, value)
    {
        if (make_room(config, key, err) < 0 || set_json(config, key, value, err) < 0)
            return -1;
    }
    return 0;
}

static bool names_section(const json_t *params, const char *section)
{
    const char *key;
    json_t *value;
    size_t length = strlen(section);
    json_object_foreach((json_t *)params, key, value)
    {
        if (strncmp(key, section, length) == 0 && (key[length] == '.' || key[length] == '\0'))
            return true;
    }
    return false;
}

/* Read every section of the config as a training would, but for the files that it names. */
static int read_sections(const struct config *config, const json_t *params, struct error *err)
{
    const struct node *root = config_root(config);
    struct train_config train;
    struct data_config data;
    struct recipe *recipe = NULL;
    struct mix *mix = NULL;
    struct net *net = NULL;
    int rc = train_config_read(&train, config, err);
    if (rc == 0)
        rc = data_config_read(&data, node_get(root, "data"), err);
    if (rc == 0 && names_section(params, "augment"))
        rc = recipe_open(&recipe, node_get(root, "augment"), 0, err);
    if (rc == 0 && names_section(params, "mix"))
        rc = mix_open(&mix, node_get(root, "mix"), 0, err);
    if (rc == 0 && names_section(params, "model"))
        rc = train_config_net(&net, config, err);
    net_close(net);
    mix_close(mix);
    recipe_close(recipe);
    return rc;
}

int space_try(const struct config *base, const json_t *params, struct error *err)
{
    struct config *config;
    if (config_derive(&config, base, err) < 0)
        return -1;
    int rc = space_apply(config, params, err);
    if (rc == 0)
        rc = read_sections(config, params, err);
    config_close(config);
    return rc;
}
