/*
 * A space from a config and from JSON, and back. A config's is tried at once: the ends of every
 * axis are set in the config and its sections read, so that a key that no table knows, or a value
 * beyond its limits, is refused before anything is trained.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/param.h"
#include "train/space.h"

static const char *const laws[] = {
    [SPACE_UNIFORM] = "uniform",
    [SPACE_LOG_UNIFORM] = "log_uniform",
    [SPACE_INT] = "int",
    [SPACE_LOG_INT] = "log_int",
    [SPACE_NORMAL] = "normal",
    [SPACE_CHOICE] = "choice",
    NULL,
};

/* The node in the name of its key: messages name the key's line. */
static struct node key_place(const struct node *map, size_t i)
{
    struct node place = *map->items[i];
    place.line = map->key_lines[i];
    return place;
}

static bool number_at(const struct node *list, size_t i, double *x)
{
    const struct node *item = list->items[i];
    return item->kind == NODE_SCALAR && !item->quoted && param_number(item->text, x);
}

static int check_numbers(const struct node *place, const char *key, enum space_law law, double low,
                         double high, struct error *err)
{
    bool whole = low == floor(low) && high == floor(high) && fabs(low) < 1e15 && fabs(high) < 1e15;
    switch (law) {
    case SPACE_NORMAL:
        if (high <= 0)
            return node_error(place, err, "%s: the deviation is %g; must be above 0", key, high);
        return 0;
    case SPACE_LOG_UNIFORM:
        if (low <= 0)
            return node_error(place, err, "%s: log_uniform begins at %g; must be above 0", key,
                              low);
        break;
    case SPACE_INT:
    case SPACE_LOG_INT:
        if (!whole || (law == SPACE_LOG_INT && low < 1))
            return node_error(place, err, "%s: %s of %g..%g; must be whole numbers%s", key,
                              laws[law], low, high, law == SPACE_LOG_INT ? " from 1 on" : "");
        break;
    default:
        break;
    }
    if (low > high)
        return node_error(place, err, "%s: begins at %g and ends at %g", key, low, high);
    return 0;
}

/* Paths are those of the config that names them, also when they are set elsewhere. */
static json_t *choice_json(const struct node *item, const char *key, struct error *err)
{
    bool path = (strcmp(key, "model") == 0 || strcmp(key, "train.init_from") == 0) &&
                item->kind == NODE_SCALAR && !node_is_null(item);
    if (!path)
        return node_json(item, err);
    char *text = node_path(item, err);
    json_t *json = text ? json_bytes(text) : NULL;
    free(text);
    return json;
}

static int read_choices(struct space *space, const char *key, const struct node *list,
                        const struct node *place, struct error *err)
{
    if (list->kind != NODE_LIST || list->count == 0)
        return node_error(place, err, "%s: choice must be a list of values, as in [1e-4, 1e-5, 0]",
                          key);
    json_t *choices = json_array();
    for (size_t i = 0; i < list->count && choices; i++) {
        json_t *choice = choice_json(list->items[i], key, err);
        if (!choice || json_array_append_new(choices, choice) < 0) {
            json_decref(choices);
            choices = NULL;
        }
    }
    return space_set_choices(space, key, choices, err);
}

static int read_axis(struct space *space, const struct node *map, size_t i, struct error *err)
{
    const char *key = map->keys[i];
    const struct node *law = map->items[i], place = key_place(map, i);
    if (law->kind != NODE_MAP || law->count != 1)
        return node_error(&place, err,
                          "%s must have a law, as in {log_uniform: [1e-4, 1e-1]} or {choice: [a, "
                          "b]}",
                          key);
    if (node_check_keys(law, laws, err) < 0)
        return -1;
    enum space_law kind = SPACE_UNIFORM;
    while (strcmp(laws[kind], law->keys[0]) != 0)
        kind++;
    const struct node *values = law->items[0];
    if (kind == SPACE_CHOICE)
        return read_choices(space, key, values, &place, err);
    double low, high;
    if (values->kind != NODE_LIST || values->count != 2 || !number_at(values, 0, &low) ||
        !number_at(values, 1, &high))
        return node_error(&place, err, "%s: %s must be two numbers, %s", key, laws[kind],
                          kind == SPACE_NORMAL ? "[mean, deviation]" : "[low, high]");
    if (check_numbers(&place, key, kind, low, high, err) < 0)
        return -1;
    return space_set(space, key, kind, low, high, err);
}

static int read_axes(struct space *space, const struct node *node, struct error *err)
{
    if (node_is_null(node))
        return 0;
    if (node->kind != NODE_MAP)
        return node_error(node, err,
                          "space must be a map, as in {train.lr: {log_uniform: [1e-4, 1e-1]}}");
    for (size_t i = 0; i < node->count; i++)
        if (read_axis(space, node, i, err) < 0)
            return -1;
    return 0;
}

/* The config's sections accept the value. */
static int try_value(const struct config *config, const char *key, json_t *value,
                     const struct node *place, struct error *err)
{
    struct error why = { 0 };
    json_t *params = json_object();
    int rc = json_object_set_new(params, key, value);
    if (rc == 0)
        rc = space_try(config, params, &why);
    json_decref(params);
    if (rc == 0)
        return 0;
    if (why.kind != ERROR_USAGE) {
        *err = why;
        return -1;
    }
    return node_error(place, err, "%s: %s%s%s", key, why.place, why.place[0] ? ": " : "",
                      why.message);
}

/* Its ends and what lies between: a whole number's key must not get half of one. */
static int try_axis(const struct config *config, const struct space_axis *axis,
                    const struct node *place, struct error *err)
{
    static const double shares[] = { 0, 1, 0.381966 };
    size_t count =
        axis->choices ? json_array_size(axis->choices) : sizeof(shares) / sizeof(*shares);
    for (size_t i = 0; i < count; i++) {
        json_t *value = axis->choices ? json_incref(json_array_get(axis->choices, i))
                                      : space_value(axis, shares[i]);
        if (try_value(config, axis->key, value, place, err) < 0)
            return -1;
    }
    return 0;
}

int space_read(struct space *space, const struct node *node, const struct config *config,
               struct error *err)
{
    int rc = read_axes(space, node, err);
    for (size_t i = 0; rc == 0 && i < space->count; i++) {
        struct node place = key_place(node, i);
        rc = try_axis(config, &space->axis[i], &place, err);
    }
    if (rc < 0)
        space_release(space);
    return rc;
}

json_t *space_json(const struct space *space, struct error *err)
{
    json_t *json = json_object();
    for (size_t i = 0; i < space->count && json; i++) {
        const struct space_axis *a = &space->axis[i];
        json_t *law = a->law == SPACE_CHOICE
                          ? json_pack("{s:O}", laws[a->law], a->choices)
                          : json_pack("{s:[f, f]}", laws[a->law], a->low, a->high);
        if (!law || json_object_set_new(json, a->key, law) < 0) {
            json_decref(json);
            json = NULL;
        }
    }
    if (!json)
        error_set(err, ERROR_FAILED, NULL, "no memory for a space as JSON");
    return json;
}

int space_parse(struct space *space, const json_t *json, struct error *err)
{
    struct config *config;
    char *text = json ? json_dumps(json, JSON_REAL_PRECISION(17)) : NULL;
    if (!text)
        return error_set(err, ERROR_DATA, NULL, "there is no space");
    int rc = config_parse(&config, text, strlen(text), "space", err);
    if (rc == 0) {
        rc = read_axes(space, config_root(config), err);
        config_close(config);
    }
    free(text);
    if (rc < 0)
        space_release(space);
    return rc;
}
