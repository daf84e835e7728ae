/*
 * jansson makes some 40 bytes of a value that takes two in the text ("1,"), so the values are
 * counted before it is let in.
 */
#include "base/json.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"

enum { VALUES_MAX = 4 << 20 }; /* some 250 MB at worst */

/* An upper bound: every value but the first stands behind one of [ { , : */
static size_t count_values(const char *text, size_t size)
{
    size_t count = 1;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted)
            count += c == '[' || c == '{' || c == ',' || c == ':';
    }
    return count;
}

json_t *json_parse(const char *text, size_t size, const char *name, struct error *err)
{
    if (count_values(text, size) > VALUES_MAX) {
        error_set(err, ERROR_DATA, name, "more than %d JSON values", VALUES_MAX);
        return NULL;
    }
    json_error_t problem;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
    if (value)
        return value;
    if (json_error_code(&problem) == json_error_out_of_memory) {
        error_set(err, ERROR_FAILED, name, "no memory to read it");
        return NULL;
    }
    char place[sizeof(err->place)];
    snprintf(place, sizeof(place), "%s:%d", name, problem.line > 0 ? problem.line : 1);
    error_set(err, ERROR_DATA, place, "not valid JSON: %s (column %d)", problem.text,
              problem.column > 0 ? problem.column : 1);
    return NULL;
}

json_t *json_read(const char *path, struct error *err)
{
    struct buffer text = { 0 };
    json_t *value = NULL;
    if (file_read(path, FILE_LIMIT, &text, err) == 0)
        value = json_parse(text.data, text.size, path, err);
    buffer_release(&text);
    return value;
}

int json_write(const char *path, const json_t *value, struct error *err)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    if (!text)
        return error_set(err, ERROR_FAILED, path, "no memory to write it, or no JSON document");
    size_t size = strlen(text);
    text[size] = '\n'; /* in the place of the NUL */
    int rc = file_write(path, text, size + 1, err);
    free(text);
    return rc;
}

json_t *json_bytes(const char *bytes)
{
    json_t *value = json_string(bytes);
    if (value)
        return value;
    char *wide = malloc(2 * strlen(bytes) + 1);
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)bytes; wide && *p; p++)
        if (*p < 0x80) {
            wide[n++] = (char)*p;
        } else {
            wide[n++] = (char)(0xc0 | *p >> 6);
            wide[n++] = (char)(0x80 | (*p & 0x3f));
        }
    value = wide ? json_stringn(wide, n) : NULL;
    free(wide);
    return value;
}

char *json_canonical(const json_t *value, struct error *err)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
                                       JSON_REAL_PRECISION(17));
    if (!text)
        error_set(err, ERROR_FAILED, NULL, "no memory for JSON");
    return text;
}
