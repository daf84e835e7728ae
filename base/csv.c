#include "base/csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

static char find_separator(const char *text)
{
    size_t line = strcspn(text, "\r\n");
    static const char candidates[] = { ',', '\t', ';' };
    for (size_t i = 0; i < sizeof(candidates); i++)
        if (memchr(text, candidates[i], line))
            return candidates[i];
    return ',';
}

int csv_open(struct csv *csv, const char *path, uint64_t limit, struct error *err)
{
    *csv = (struct csv){ .path = path };
    if (file_read(path, limit, &csv->text, err) < 0)
        return -1;
    if (csv->text.size && memchr(csv->text.data, 0, csv->text.size)) {
        csv_close(csv);
        return error_set(err, ERROR_DATA, path, "is no text: it holds a NUL");
    }
    if (csv->text.size >= 3 && !memcmp(csv->text.data, "\xef\xbb\xbf", 3))
        csv->at = 3;
    if (csv->text.size)
        csv->separator = find_separator(csv->text.data + csv->at);
    return 0;
}

static int refuse(const struct csv *csv, struct error *err, const char *why)
{
    char place[512];
    snprintf(place, sizeof(place), "%s:%llu", csv->path, (unsigned long long)csv->line);
    return error_set(err, ERROR_DATA, place, "%s", why);
}

/* One field at csv->at, unquoted in place; *end is the character behind it (a NUL ends the text).
 */
static int take_field(struct csv *csv, char **field, char *end, struct error *err)
{
    char *at = csv->text.data + csv->at, *start = at;
    bool quoted = *at == '"';
    *field = start;
    if (quoted) {
        char *to = start;
        for (at++; *at && !(*at == '"' && at[1] != '"'); at++) {
            if (*at == '"')
                at++;
            if (*at == '\n')
                return refuse(csv, err, "a quoted field goes over the end of the line");
            *to++ = *at;
        }
        if (!*at)
            return refuse(csv, err, "a quote is never closed");
        at++;
        if (*at == '\r' && at[1] == '\n')
            at++;
        *end = *at;
        *to = '\0';
        if (*end && *end != csv->separator && *end != '\n')
            return refuse(csv, err, "text follows a quoted field");
    } else {
        while (*at && *at != csv->separator && *at != '\n')
            at++;
        *end = *at;
        char *last = at;
        while (last > start && (last[-1] == ' ' || last[-1] == '\r'))
            last--;
        *last = '\0';
        while (**field == ' ')
            ++*field;
    }
    csv->at = (size_t)(at - csv->text.data) + (*end != '\0');
    return 0;
}

int csv_next(struct csv *csv, struct error *err)
{
    size_t expected = csv->fields;
    while (csv->at < csv->text.size) {
        char end = csv->separator;
        csv->line++;
        csv->fields = 0;
        while (end == csv->separator) {
            if (memory_grow((void **)&csv->field, &csv->capacity, csv->fields + 1,
                            sizeof(*csv->field), err) < 0 ||
                take_field(csv, &csv->field[csv->fields], &end, err) < 0)
                return -1;
            csv->fields++;
        }
        if (csv->fields == 1 && !*csv->field[0]) {
            csv->fields = expected;
            continue;
        }
        if (expected && csv->fields != expected) {
            char why[96];
            snprintf(why, sizeof(why), "the line has %zu fields; the lines before it have %zu",
                     csv->fields, expected);
            return refuse(csv, err, why);
        }
        return 1;
    }
    return 0;
}

void csv_close(struct csv *csv)
{
    buffer_release(&csv->text);
    free(csv->field);
    *csv = (struct csv){ 0 };
}
