#include "train/board_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static size_t print_number(char text[32], double x)
{
    return isfinite(x) ? (size_t)snprintf(text, 32, "%.5g", x) : (size_t)snprintf(text, 32, "null");
}

int board_text_number(struct buffer *b, double x, struct error *err)
{
    char text[32];
    return buffer_append(b, text, print_number(text, x), err);
}

int board_text_numbers(struct buffer *b, const char *name, const double *x, const size_t *index,
                       size_t n, struct error *err)
{
    if (buffer_print(b, err, "\"%s\":[", name) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        char text[33];
        size_t size = print_number(text, x[index ? index[i] : i]);
        text[size++] = i + 1 < n ? ',' : ' ';
        if (buffer_append(b, text, size, err) < 0)
            return -1;
    }
    b->size -= n > 0; /* the blank */
    return buffer_append(b, "]", 1, err);
}

int board_text_json(struct buffer *b, const json_t *value, struct error *err)
{
    char *text =
        value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)) : NULL;
    int rc = text ? buffer_append(b, text, strlen(text), err)
                  : error_set(err, ERROR_FAILED, NULL, "no memory for JSON");
    free(text);
    return rc;
}

int board_text_string(struct buffer *b, const char *bytes, struct error *err)
{
    json_t *value = json_bytes(bytes);
    int rc = board_text_json(b, value, err);
    json_decref(value);
    return rc;
}
