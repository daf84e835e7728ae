#include "train/config_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 12 };

struct comparison {
    const char *const *ignored;
    struct buffer *text;
    struct error *err;
    int changes;
};

static int compare(struct comparison *c, const char *path, const json_t *before, const json_t *now);

/* A value on one line. */
static int print_value(struct comparison *c, const json_t *value)
{
    if (!value)
        return buffer_print(c->text, c->err, "missing");
    char *line = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    int rc = line ? buffer_print(c->text, c->err, "%.80s%s", line, strlen(line) > 80 ? "..." : "")
                  : error_set(c->err, ERROR_FAILED, NULL, "no memory to compare configs");
    free(line);
    return rc;
}

static int note(struct comparison *c, const char *path, const json_t *before, const json_t *now)
{
    for (const char *const *name = c->ignored; name && *name; name++)
        if (strcmp(*name, path) == 0)
            return 0;
    if (++c->changes > LISTED)
        return 0;
    if (buffer_print(c->text, c->err, "%s%s was ", c->changes > 1 ? "; " : "", path) < 0 ||
        print_value(c, before) < 0 || buffer_print(c->text, c->err, ", is ") < 0)
        return -1;
    return print_value(c, now);
}

/* `path` with one more name; fresh. */
static char *join(const char *path, const char *name)
{
    size_t size = strlen(path) + strlen(name) + 2;
    char *joined = malloc(size);
    if (joined)
        snprintf(joined, size, "%s%s%s", path, *path ? "." : "", name);
    return joined;
}

static int compare_at(struct comparison *c, const char *path, const char *name,
                      const json_t *before, const json_t *now)
{
    char *deeper = join(path, name);
    if (!deeper)
        return error_set(c->err, ERROR_FAILED, NULL, "no memory to compare configs");
    int rc = compare(c, deeper, before, now);
    free(deeper);
    return rc;
}

static int compare_lists(struct comparison *c, const char *path, const json_t *before,
                         const json_t *now)
{
    size_t a = json_array_size(before), b = json_array_size(now), n = a > b ? a : b;
    for (size_t i = 0; i < n; i++) {
        char name[24];
        snprintf(name, sizeof(name), "%zu", i);
        if (compare_at(c, path, name, json_array_get(before, i), json_array_get(now, i)) < 0)
            return -1;
    }
    return 0;
}

static int compare_maps(struct comparison *c, const char *path, const json_t *before,
                        const json_t *now)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)before, key,
                        value) if (compare_at(c, path, key, value, json_object_get(now, key)) <
                                   0) return -1;
    json_object_foreach((json_t *)now, key,
                        value) if (!json_object_get(before, key) &&
                                   compare_at(c, path, key, NULL, value) < 0) return -1;
    return 0;
}

static int compare(struct comparison *c, const char *path, const json_t *before, const json_t *now)
{
    if (json_is_object(before) && json_is_object(now))
        return compare_maps(c, path, before, now);
    if (json_is_array(before) && json_is_array(now))
        return compare_lists(c, path, before, now);
    if (json_is_number(before) && json_is_number(now))
        return json_number_value(before) == json_number_value(now) ? 0 : note(c, path, before, now);
    return before && now && json_equal(before, now) ? 0 : note(c, path, before, now);
}

int config_changes(const json_t *before, const json_t *now, const char *const *ignored,
                   struct buffer *text, struct error *err)
{
    struct comparison c = { .ignored = ignored, .text = text, .err = err };
    if (compare(&c, "", before, now) < 0 ||
        (c.changes > LISTED && buffer_print(text, err, " and %d more", c.changes - LISTED) < 0))
        return -1;
    return c.changes;
}
