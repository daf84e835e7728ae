/*
 * Values as JSON, for resolved configs and the hashes made of them.
 */
#include "base/json.h"
#include "base/param.h"

static json_t *list_json(const union value *v)
{
    json_t *list = json_array();
    for (int i = 0; list && i < v->list.count; i++)
        if (json_array_append_new(list, json_real(v->list.item[i])) < 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static json_t *value_json(const struct param *row, const union value *v)
{
    switch (row->type) {
    case PARAM_INTEGER:
        return json_integer(v->integer);
    case PARAM_NUMBER:
        return json_real(v->number);
    case PARAM_FLAG:
        return json_boolean(v->flag);
    case PARAM_CHOICE:
        return json_string(row->choices[v->integer]);
    case PARAM_NUMBERS:
    case PARAM_RANGE:
        return list_json(v);
    default:
        return v->text ? json_bytes(v->text) : json_null();
    }
}

json_t *param_json(const struct param *table, const union value *v, struct error *err)
{
    json_t *json = json_object();
    for (size_t i = 0; json && table[i].name; i++) {
        if (table[i].type == PARAM_NODE)
            continue;
        if (json_object_set_new(json, table[i].name, value_json(&table[i], &v[i])) < 0) {
            json_decref(json);
            json = NULL;
        }
    }
    if (!json)
        error_set(err, ERROR_FAILED, NULL, "no memory for JSON");
    return json;
}
