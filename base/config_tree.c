/*
 * From YAML text to a tree, by libyaml's events. Config files travel (a network's YAML, a recipe
 * from a colleague), so what a hostile text could make expensive is refused: aliases (a few lines
 * can stand for billions of nodes), tags, deep nesting, doubled keys. Entries of open lists and
 * maps wait on one stack; when a collection ends its entries move to the arena.
 */
#include "base/config_tree.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/memory.h"

struct entry {
    const char *key; /* NULL in a list; borrowed from the arena */
    int line;        /* of the key */
    const struct node *node;
};

struct reader {
    struct config *config;
    yaml_parser_t parser;
    const char *name;
    bool numbered;
    struct entry *stack; /* owned */
    size_t used, capacity;
};

struct node *config_node(struct config *config, enum node_kind kind, size_t count,
                         const struct node *where, struct error *err)
{
    if (config->nodes >= CONFIG_NODES || count > CONFIG_NODES - config->nodes) {
        node_error(where, err, "more than %d values in all", CONFIG_NODES);
        return NULL;
    }
    config->nodes++;
    struct arena *arena = &config->arena;
    struct node *node = arena_take(arena, 1, sizeof(*node), err);
    if (!node)
        return NULL;
    *node = (struct node){ .kind = kind, .count = count, .file = where->file, .line = where->line };
    if (kind == NODE_SCALAR)
        return node;
    node->items = arena_take(arena, count, sizeof(*node->items), err);
    if (!node->items)
        return NULL;
    if (kind == NODE_MAP) {
        node->keys = arena_take(arena, count, sizeof(*node->keys), err);
        node->key_lines = arena_take(arena, count, sizeof(*node->key_lines), err);
        if (!node->keys || !node->key_lines)
            return NULL;
    }
    return node;
}

static struct node place_of(const struct reader *r, yaml_mark_t mark)
{
    return (struct node){ .file = r->name, .line = r->numbered ? (int)mark.line + 1 : 0 };
}

static int syntax_error(const struct reader *r, struct error *err)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR)
        return error_set(err, ERROR_FAILED, r->name, "no memory to read it");
    struct node place = place_of(r, p->problem_mark);
    const char *problem = p->problem ? p->problem : "cannot be read";
    if (p->error == YAML_READER_ERROR)
        return error_set(err, ERROR_USAGE, r->name, "not valid YAML: %s at byte %zu", problem,
                         p->problem_offset);
    if (p->context)
        return node_error(&place, err, "not valid YAML: %s (%s)", problem, p->context);
    return node_error(&place, err, "not valid YAML: %s", problem);
}

static int next_event(struct reader *r, yaml_event_t *event, struct error *err)
{
    return yaml_parser_parse(&r->parser, event) ? 0 : syntax_error(r, err);
}

static int push(struct reader *r, struct entry entry, struct error *err)
{
    void *stack = r->stack;
    int rc = memory_grow(&stack, &r->capacity, r->used + 1, sizeof(*r->stack), err);
    r->stack = stack;
    if (rc == 0)
        r->stack[r->used++] = entry;
    return rc;
}

static int compare_keys(const void *a, const void *b)
{
    const struct entry *const *x = a, *const *y = b;
    int order = strcmp((*x)->key, (*y)->key);
    return order ? order : ((*x)->line > (*y)->line) - ((*x)->line < (*y)->line);
}

static int check_doubled(struct reader *r, size_t start, struct error *err)
{
    size_t count = r->used - start;
    const struct entry **sorted = memory_array(count, sizeof(*sorted), err);
    if (!sorted)
        return -1;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &r->stack[start + i];
    qsort(sorted, count, sizeof(*sorted), compare_keys);
    int rc = 0;
    for (size_t i = 1; i < count && rc == 0; i++) {
        struct node place = { .file = r->name, .line = sorted[i]->line };
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            rc = node_error(&place, err, "key '%s' is there twice, first in line %d",
                            sorted[i]->key, sorted[i - 1]->line);
    }
    free(sorted);
    return rc;
}

/* The entries of the stack from `start` on become a collection. */
static struct node *collect(struct reader *r, enum node_kind kind, size_t start,
                            const struct node *place, struct error *err)
{
    if (kind == NODE_MAP && check_doubled(r, start, err) < 0)
        return NULL;
    struct node *node = config_node(r->config, kind, r->used - start, place, err);
    if (!node)
        return NULL;
    for (size_t i = 0; i < node->count; i++) {
        const struct entry *entry = &r->stack[start + i];
        node->items[i] = entry->node;
        if (kind == NODE_MAP) {
            node->keys[i] = entry->key;
            node->key_lines[i] = entry->line;
        }
    }
    r->used = start;
    return node;
}

static const char *copy_text(struct reader *r, const yaml_event_t *event, const struct node *place,
                             struct error *err)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(value, '\0', length)) {
        node_error(place, err, "a text with a NUL character in it is not accepted");
        return NULL;
    }
    return arena_text(&r->config->arena, value, length, err);
}

static const struct node *read_node(struct reader *r, yaml_event_t *event, int depth,
                                    struct error *err);

static const struct node *read_scalar(struct reader *r, const yaml_event_t *event,
                                      struct error *err)
{
    struct node place = place_of(r, event->start_mark);
    struct node *node = config_node(r->config, NODE_SCALAR, 0, &place, err);
    if (!node)
        return NULL;
    node->text = copy_text(r, event, &place, err);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return node->text ? node : NULL;
}

/* One key of a map, from the event where it begins. */
static int read_key(struct reader *r, const yaml_event_t *event, struct entry *entry,
                    struct error *err)
{
    struct node place = place_of(r, event->start_mark);
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.anchor || event->data.scalar.tag)
        return node_error(&place, err, "a key must be a plain word");
    if (event->data.scalar.length == 0)
        return node_error(&place, err, "a key is empty");
    entry->line = place.line;
    entry->key = copy_text(r, event, &place, err);
    return entry->key ? 0 : -1;
}

static const struct node *read_collection(struct reader *r, enum node_kind kind,
                                          const struct node *place, int depth, struct error *err)
{
    if (depth == CONFIG_DEPTH) {
        node_error(place, err, "nested deeper than %d levels", CONFIG_DEPTH);
        return NULL;
    }
    const yaml_event_type_t end =
        kind == NODE_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    size_t start = r->used;
    for (;;) {
        yaml_event_t event;
        struct entry entry = { 0 };
        if (next_event(r, &event, err) < 0)
            return NULL;
        if (event.type == end) {
            yaml_event_delete(&event);
            return collect(r, kind, start, place, err);
        }
        if (kind == NODE_MAP) {
            int rc = read_key(r, &event, &entry, err);
            yaml_event_delete(&event);
            if (rc < 0 || next_event(r, &event, err) < 0)
                return NULL;
        }
        entry.node = read_node(r, &event, depth + 1, err);
        yaml_event_delete(&event);
        if (!entry.node || push(r, entry, err) < 0)
            return NULL;
    }
}

static const struct node *refuse(const struct node *place, const char *what, struct error *err)
{
    node_error(place, err,
               "%s; anchors, aliases and tags are not accepted (a map can start from "
               "another file with `extends: FILE`)",
               what);
    return NULL;
}

/* The node that begins with `event`, which stays the caller's. */
static const struct node *read_node(struct reader *r, yaml_event_t *event, int depth,
                                    struct error *err)
{
    struct node place = place_of(r, event->start_mark);
    const yaml_char_t *anchor = NULL, *tag = NULL;
    enum node_kind kind = NODE_SCALAR;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        kind = NODE_LIST;
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        kind = NODE_MAP;
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    case YAML_ALIAS_EVENT:
        return refuse(&place, "an alias (*name)", err);
    default:
        node_error(&place, err, "a value is missing");
        return NULL;
    }
    if (anchor)
        return refuse(&place, "an anchor (&name)", err);
    if (tag)
        return refuse(&place, "a tag (!name)", err);
    return kind == NODE_SCALAR ? read_scalar(r, event, err)
                               : read_collection(r, kind, &place, depth, err);
}

/* Takes an event that carries nothing; its type, YAML_NO_EVENT on error. */
static yaml_event_type_t skip_event(struct reader *r, struct node *place, struct error *err)
{
    yaml_event_t event;
    if (next_event(r, &event, err) < 0)
        return YAML_NO_EVENT;
    yaml_event_type_t type = event.type;
    *place = place_of(r, event.start_mark);
    yaml_event_delete(&event);
    return type;
}

/* Stream start, document start, node, document end, stream end; the middle is missing when the text
 * is empty. */
static const struct node *read_document(struct reader *r, struct error *err)
{
    struct node place;
    if (skip_event(r, &place, err) == YAML_NO_EVENT)
        return NULL;
    yaml_event_type_t type = skip_event(r, &place, err);
    if (type == YAML_STREAM_END_EVENT)
        return config_node(r->config, NODE_MAP, 0, &place, err);
    yaml_event_t event;
    if (type == YAML_NO_EVENT || next_event(r, &event, err) < 0)
        return NULL;
    const struct node *root = read_node(r, &event, 0, err);
    yaml_event_delete(&event);
    if (!root || skip_event(r, &place, err) == YAML_NO_EVENT)
        return NULL;
    type = skip_event(r, &place, err);
    if (type == YAML_STREAM_END_EVENT)
        return root;
    if (type != YAML_NO_EVENT)
        node_error(&place, err, "a second document begins; one is accepted");
    return NULL;
}

const struct node *config_read_tree(struct config *config, const char *text, size_t size,
                                    const char *name, bool numbered, struct error *err)
{
    if (!size_add(config->bytes, size, &config->bytes) || config->bytes > FILE_LIMIT) {
        error_set(err, ERROR_USAGE, name, "more than %d bytes of YAML in all", FILE_LIMIT);
        return NULL;
    }
    struct reader r = { .config = config, .name = name, .numbered = numbered };
    if (!yaml_parser_initialize(&r.parser)) {
        error_set(err, ERROR_FAILED, name, "no memory to read it");
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
    const struct node *root = read_document(&r, err);
    yaml_parser_delete(&r.parser);
    free(r.stack);
    return root;
}
