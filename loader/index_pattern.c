#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/index_private.h"

enum { PATHS_MAX = 1000000 };

struct paths {
    char **list;
    size_t count, capacity;
};

static int expand(struct paths *p, const char *text, struct error *err);

/* One alternative in the braces' place; what follows may hold braces too. */
static int expand_with(struct paths *p, const char *text, const char *open, const char *close,
                       const char *item, size_t length, struct error *err)
{
    size_t size = strlen(text) + length + 1;
    char *whole = memory_array(size, 1, err);
    if (!whole)
        return -1;
    snprintf(whole, size, "%.*s%.*s%s", (int)(open - text), text, (int)length, item, close + 1);
    int rc = expand(p, whole, err);
    free(whole);
    return rc;
}

/* "{0000..0009}": as many digits as the first has. 1: no such range. */
static int expand_range(struct paths *p, const char *text, const char *open, const char *close,
                        struct error *err)
{
    char *end;
    const char *dots = strstr(open, "..");
    if (!dots || dots > close || dots == open + 1)
        return 1;
    unsigned long first = strtoul(open + 1, &end, 10);
    if (end != dots)
        return 1;
    unsigned long last = strtoul(dots + 2, &end, 10);
    if (end != close || dots + 2 == close)
        return 1;
    if (last < first || last - first >= PATHS_MAX)
        return error_set(err, ERROR_USAGE, text,
                         "the range %.*s must rise and name at most %d files",
                         (int)(close - open + 1), open, PATHS_MAX);
    for (unsigned long i = first; i <= last; i++) {
        char number[32];
        int length = snprintf(number, sizeof(number), "%0*lu", (int)(dots - open - 1), i);
        if (length >= (int)sizeof(number))
            return error_set(err, ERROR_USAGE, text, "a range has numbers of up to 31 digits");
        if (expand_with(p, text, open, close, number, (size_t)length, err) < 0)
            return -1;
    }
    return 0;
}

static int expand(struct paths *p, const char *text, struct error *err)
{
    const char *open = strchr(text, '{'), *close = open ? strchr(open, '}') : NULL;
    if (!close) {
        void *list = p->list;
        if (p->count == PATHS_MAX)
            return error_set(err, ERROR_USAGE, text, "the pattern names more than %d files",
                             PATHS_MAX);
        if (memory_grow(&list, &p->capacity, p->count + 1, sizeof(*p->list), err) < 0)
            return -1;
        p->list = list;
        p->list[p->count] = memory_text(text, err);
        return p->list[p->count] ? (p->count++, 0) : -1;
    }
    int rc = expand_range(p, text, open, close, err);
    if (rc <= 0)
        return rc;
    for (const char *item = open + 1; item <= close;) {
        size_t length = strcspn(item, ",}");
        if (expand_with(p, text, open, close, item, length, err) < 0)
            return -1;
        item += length + 1;
    }
    return 0;
}

int expand_pattern(const char *data, char ***paths, size_t *count, struct error *err)
{
    struct paths p = { 0 };
    if (expand(&p, data, err) < 0) {
        for (size_t i = 0; i < p.count; i++)
            free(p.list[i]);
        free(p.list);
        return -1;
    }
    *paths = p.list;
    *count = p.count;
    return 0;
}
