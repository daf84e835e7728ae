/*
 * The header is a Python dict literal. It is read by a parser that knows three keys and nothing
 * else of Python.
 */
#include "base/npy_header.h"

#include <stdio.h>
#include <string.h>

static const char *const descriptions[DTYPE_COUNT] = {
    [DTYPE_F32] = "<f4", [DTYPE_F16] = "<f2", [DTYPE_F64] = "<f8", [DTYPE_U8] = "|u1",
    [DTYPE_I8] = "|i1",  [DTYPE_I32] = "<i4", [DTYPE_I64] = "<i8", /* bfloat16 has none */
};

enum {
    ALIGNMENT = 64,     /* of the data in the file */
    GROWTH_DIGITS = 21, /* room that NumPy leaves for the first side to grow in place */
};

bool npy_has_type(enum dtype dtype)
{
    return descriptions[dtype] != NULL;
}

/* A header being read. */
struct header {
    const char *at; /* the next character; a NUL ends the text */
    struct tensor *tensor;
    bool has_type, has_order, has_shape;
};

static void skip_blanks(struct header *h)
{
    h->at += strspn(h->at, " \t\n");
}

static bool take(struct header *h, char c)
{
    skip_blanks(h);
    if (*h->at != c)
        return false;
    h->at++;
    return true;
}

static bool take_word(struct header *h, const char *word)
{
    skip_blanks(h);
    size_t size = strlen(word);
    if (strncmp(h->at, word, size) != 0)
        return false;
    h->at += size;
    return true;
}

/* 'text' or "text" into `text`. */
static bool take_text(struct header *h, char *text, size_t size)
{
    skip_blanks(h);
    char quote = *h->at;
    if (quote != '\'' && quote != '"')
        return false;
    const char *end = strchr(h->at + 1, quote);
    if (!end || (size_t)(end - h->at) > size)
        return false;
    size_t length = (size_t)(end - h->at) - 1;
    memcpy(text, h->at + 1, length);
    text[length] = '\0';
    h->at = end + 1;
    return true;
}

/* (2, 3) or (2,) or (), sides perhaps with Python 2's L behind them. */
static bool take_shape(struct header *h)
{
    struct tensor *t = h->tensor;
    t->rank = 0;
    if (!take(h, '('))
        return false;
    while (!take(h, ')')) {
        if (t->rank == TENSOR_RANK || *h->at < '0' || *h->at > '9')
            return false;
        int64_t side = 0;
        for (; *h->at >= '0' && *h->at <= '9'; h->at++)
            if (__builtin_mul_overflow(side, 10, &side) ||
                __builtin_add_overflow(side, *h->at - '0', &side))
                return false;
        t->shape[t->rank++] = side;
        take(h, 'L');
        if (!take(h, ',') && *h->at != ')')
            return false;
    }
    return true;
}

static bool find_type(const char *description, enum dtype *dtype)
{
    for (int i = 0; i < DTYPE_COUNT; i++) {
        const char *known = descriptions[i];
        if (!known)
            continue;
        /* Single bytes have no order, whatever the first character says. */
        bool order = description[0] == known[0] || (known[0] == '|' && description[0] == '<');
        if (description[0] && order && strcmp(description + 1, known + 1) == 0) {
            *dtype = (enum dtype)i;
            return true;
        }
    }
    return false;
}

static int take_entry(struct header *h, const char *path, struct error *err)
{
    char key[16], description[32];
    if (!take_text(h, key, sizeof(key)) || !take(h, ':'))
        return error_set(err, ERROR_DATA, path, "header is no dict of descr, fortran_order, shape");
    if (strcmp(key, "descr") == 0 && !h->has_type) {
        h->has_type = true;
        if (!take_text(h, description, sizeof(description)))
            return error_set(err, ERROR_DATA, path,
                             "has elements of several fields; must be numbers");
        if (!find_type(description, &h->tensor->dtype))
            return error_set(err, ERROR_DATA, path,
                             "has type '%s'; accepted: <f4, <f2, <f8, |u1, |i1, <i4, <i8",
                             description);
        return 0;
    }
    if (strcmp(key, "fortran_order") == 0 && !h->has_order) {
        h->has_order = true;
        if (take_word(h, "True"))
            return error_set(err, ERROR_DATA, path,
                             "is in Fortran order; save it after numpy.ascontiguousarray");
        return take_word(h, "False")
                   ? 0
                   : error_set(err, ERROR_DATA, path, "has no True or False for fortran_order");
    }
    if (strcmp(key, "shape") == 0 && !h->has_shape) {
        h->has_shape = true;
        return take_shape(h)
                   ? 0
                   : error_set(err, ERROR_DATA, path, "has no shape of up to %d integers from 0 on",
                               TENSOR_RANK);
    }
    return error_set(err, ERROR_DATA, path,
                     "has the key '%s' twice or by mistake; accepted: descr, fortran_order, shape",
                     key);
}

int npy_parse_header(const char *text, const char *path, struct tensor *t, struct error *err)
{
    struct header h = { .at = text, .tensor = t };
    if (!take(&h, '{'))
        return error_set(err, ERROR_DATA, path, "header is no dict");
    while (!take(&h, '}')) {
        if (take_entry(&h, path, err) < 0)
            return -1;
        if (!take(&h, ',') && *h.at != '}')
            return error_set(err, ERROR_DATA, path, "header is no dict: ',' or '}' is missing");
    }
    skip_blanks(&h);
    if (*h.at)
        return error_set(err, ERROR_DATA, path, "header goes on behind its dict");
    if (!h.has_type || !h.has_order || !h.has_shape)
        return error_set(err, ERROR_DATA, path, "header lacks one of descr, fortran_order, shape");
    return 0;
}

int npy_make_header(const struct tensor *t, struct buffer *out, struct error *err)
{
    struct buffer dict = { 0 };
    int rc = buffer_print(&dict, err, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                          descriptions[t->dtype]);
    for (int i = 0; i < t->rank && rc == 0; i++)
        rc = buffer_print(&dict, err, "%s%lld", i ? ", " : "", (long long)t->shape[i]);
    if (rc == 0)
        rc = buffer_print(&dict, err, "%s), }", t->rank == 1 ? "," : "");
    if (rc == 0 && t->rank > 0) {
        int digits = snprintf(NULL, 0, "%lld", (long long)t->shape[0]);
        rc = buffer_print(&dict, err, "%*s", GROWTH_DIGITS - digits, "");
    }
    if (rc == 0) {
        size_t used = 10 + dict.size + 1, length = dict.size + 1 + ALIGNMENT - used % ALIGNMENT;
        unsigned char start[] = { 1, 0, length & 0xff, length >> 8 & 0xff };
        rc = buffer_append(out, NPY_MAGIC, sizeof(NPY_MAGIC) - 1, err);
        if (rc == 0)
            rc = buffer_append(out, start, sizeof(start), err);
        if (rc == 0)
            rc = buffer_print(out, err, "%-*s\n", (int)length - 1, dict.data);
    }
    buffer_release(&dict);
    return rc;
}
