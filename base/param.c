/*
 * Values by the rows of a table. Whatever the source (YAML node, command line, a default written as
 * text), a value goes through parse_text, so that it is accepted or refused alike everywhere.
 */
#include "base/param.h"

#include <assert.h>
#include <string.h>

enum { ROWS_MAX = 128, NUMBER_TEXT = 64 };

size_t param_count(const struct param *table)
{
    size_t count = 0;
    while (table[count].name)
        count++;
    return count;
}

static bool is_list(const struct param *row)
{
    return row->type == PARAM_NUMBERS || row->type == PARAM_RANGE;
}

static bool in_limits(const struct param *row, double number)
{
    return (row->min == 0 && row->max == 0) || (number >= row->min && number <= row->max);
}

static bool parse_item(const struct param *row, const char *text, size_t size, union value *v)
{
    char copy[NUMBER_TEXT];
    double number;
    if (size >= sizeof(copy) || v->list.count == PARAM_LIST)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (!param_number(copy, &number) || !in_limits(row, number))
        return false;
    v->list.item[v->list.count++] = number;
    return true;
}

/* One number x stands for the range [x, x]. */
static bool finish_list(const struct param *row, union value *v)
{
    if (row->type == PARAM_RANGE && v->list.count == 1)
        v->list.item[v->list.count++] = v->list.item[0];
    if (row->type == PARAM_RANGE)
        return v->list.count == 2 && v->list.item[0] <= v->list.item[1];
    return v->list.count >= 1;
}

/* "1,2" or "[1, 2]". */
static bool parse_list(const struct param *row, const char *text, union value *v)
{
    size_t size = strlen(text);
    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    v->list.count = 0;
    const char *end = text + size;
    for (;;) {
        const char *comma = memchr(text, ',', (size_t)(end - text));
        const char *stop = comma ? comma : end;
        while (text < stop && *text == ' ')
            text++;
        while (stop > text && stop[-1] == ' ')
            stop--;
        if (!parse_item(row, text, (size_t)(stop - text), v))
            return false;
        if (!comma)
            return finish_list(row, v);
        text = comma + 1;
    }
}

static bool parse_choice(const struct param *row, const char *text, union value *v)
{
    for (int64_t i = 0; row->choices[i]; i++)
        if (strcmp(row->choices[i], text) == 0) {
            v->integer = i;
            return true;
        }
    return false;
}

static bool parse_text(const struct param *row, const char *text, union value *v)
{
    switch (row->type) {
    case PARAM_INTEGER:
        return param_integer(text, &v->integer) && in_limits(row, (double)v->integer);
    case PARAM_NUMBER:
        return param_number(text, &v->number) && in_limits(row, v->number);
    case PARAM_FLAG:
        return param_flag(text, &v->flag);
    case PARAM_CHOICE:
        return parse_choice(row, text, v);
    case PARAM_NUMBERS:
    case PARAM_RANGE:
        return parse_list(row, text, v);
    case PARAM_TEXT:
    case PARAM_FILE:
        v->text = text;
        return true;
    case PARAM_NODE:
        break;
    }
    return false;
}

void param_default(const struct param *row, union value *v)
{
    memset(v, 0, sizeof(*v));
    if (row->required)
        return;
    switch (row->type) {
    case PARAM_INTEGER:
    case PARAM_CHOICE:
        v->integer = (int64_t)row->value;
        break;
    case PARAM_NUMBER:
        v->number = row->value;
        break;
    case PARAM_FLAG:
        v->flag = row->value != 0;
        break;
    default:
        if (row->initial) {
            bool understood = parse_text(row, row->initial, v);
            assert(understood);
            (void)understood;
        }
    }
}

/* "'900'; must be ...", what was found being `found`. */
static void explain(const struct param *row, const char *found, char *why, size_t size)
{
    char accepted[512];
    param_describe(row, accepted, sizeof(accepted));
    size_t count = 0;
    while (row->choices && row->choices[count])
        count++;
    const char *nearest =
        row->type == PARAM_CHOICE ? param_nearest(found, row->choices, count) : NULL;
    bool bare = row->type == PARAM_INTEGER || row->type == PARAM_NUMBER;
    double number;
    bare = bare && param_number(found, &number);
    snprintf(why, size, "%s%.80s%s%s%s%s; must be %s", bare ? "" : "'", found, bare ? "" : "'",
             nearest ? " (did you mean '" : "", nearest ? nearest : "", nearest ? "'?)" : "",
             accepted);
}

int param_parse(const struct param *row, const char *text, const char *place, union value *v,
                struct error *err)
{
    memset(v, 0, sizeof(*v));
    if (row->type == PARAM_NODE)
        return error_set(err, ERROR_USAGE, NULL,
                         "%s cannot be given here; it is read from a config (or --set)", place);
    if (parse_text(row, text, v))
        return 0;
    char why[768];
    explain(row, text, why, sizeof(why));
    return error_set(err, ERROR_USAGE, NULL, "%s is %s", place, why);
}

static int refuse(const struct param *row, const struct node *node, const char *found,
                  struct error *err)
{
    char accepted[512];
    param_describe(row, accepted, sizeof(accepted));
    return node_error(node, err, "%s is %s; must be %s", row->name, found, accepted);
}

static int read_list(const struct param *row, const struct node *node, union value *v,
                     struct error *err)
{
    v->list.count = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct node *item = node->items[i];
        if (item->kind != NODE_SCALAR || item->quoted)
            return refuse(row, item, "a list with an entry that is no number", err);
        if (!parse_item(row, item->text, strlen(item->text), v)) {
            char why[768];
            explain(row, item->text, why, sizeof(why));
            return node_error(item, err, "%s has %s", row->name, why);
        }
    }
    if (finish_list(row, v))
        return 0;
    if (row->type == PARAM_RANGE && v->list.count == 2)
        return refuse(row, node, "out of order", err);
    char found[64];
    snprintf(found, sizeof(found), "a list of %zu", node->count);
    return refuse(row, node, node->count ? found : "an empty list", err);
}

static int read_value(const struct param *row, const struct node *node, union value *v,
                      struct error *err)
{
    bool is_text = row->type == PARAM_TEXT || row->type == PARAM_FILE;
    if (node_is_null(node)) {
        /* A value left out by mistake must not become the default in silence. */
        if (node && !node->text[0] && !is_text && row->type != PARAM_NODE)
            return refuse(row, node, "empty", err);
        param_default(row, v);
        return 0;
    }
    memset(v, 0, sizeof(*v));
    if (row->type == PARAM_NODE) {
        v->node = node;
        return 0;
    }
    if (node->kind == NODE_LIST && is_list(row))
        return read_list(row, node, v, err);
    if (node->kind != NODE_SCALAR)
        return refuse(row, node, node->kind == NODE_MAP ? "a map" : "a list", err);
    if (node->quoted && !is_text && row->type != PARAM_CHOICE)
        return refuse(row, node, "a text in quotes", err);
    if (parse_text(row, node->text, v))
        return 0;
    char why[768];
    explain(row, node->text, why, sizeof(why));
    return node_error(node, err, "%s is %s", row->name, why);
}

int param_read(const struct param *table, const struct node *node, union value *v,
               struct error *err)
{
    const char *names[ROWS_MAX + 1] = { 0 };
    size_t count = param_count(table);
    assert(count <= ROWS_MAX);
    for (size_t i = 0; i < count; i++)
        names[i] = table[i].name;
    bool is_map = !node_is_null(node) && node->kind == NODE_MAP;
    if (is_map && node_check_keys(node, names, err) < 0)
        return -1;
    if (count == 0 && !is_map && !node_is_null(node))
        return node_error(node, err, "takes no values");
    for (size_t i = 0; i < count; i++) {
        const struct node *own = is_map ? node_get(node, names[i]) : i == 0 ? node : NULL;
        if (node_is_null(own) && table[i].required) {
            char accepted[512];
            param_describe(&table[i], accepted, sizeof(accepted));
            return node_error(own ? own : node, err, "'%s' is missing: %s; must be %s", names[i],
                              table[i].help, accepted);
        }
        /* Nothing after the section's own name is the section's defaults. */
        if (!is_map && node_is_null(node))
            own = NULL;
        if (read_value(&table[i], own, &v[i], err) < 0)
            return -1;
    }
    return 0;
}
