/*
 * A parameter is a row of a table: name, type, unit, default, limits and help. The same row reads
 * it from YAML and from the command line, checks it, names the nearest valid word in the error, and
 * prints it in --help and the manual. Augmentations, layers, config sections and programs' options
 * are all such tables.
 *
 *     enum { SIZE, KIND };
 *     static const struct param params[] = {
 *         [SIZE] = { "size", PARAM_INTEGER, "px", .value = 16, .min = 1, .max = 4096,
 *                    .help = "side of the square" },
 *         [KIND] = { "kind", PARAM_CHOICE, "", .help = "what to write", .choices = kinds },
 *         { 0 },
 *     };
 *     union value v[PARAMS(params)];
 *     if (param_read(params, node, v, &err) < 0) ...
 *     int64_t size = v[SIZE].integer;
 */
#ifndef TENFOLD_BASE_PARAM_H
#define TENFOLD_BASE_PARAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/config.h"
#include "base/error.h"

enum param_type {
    PARAM_INTEGER, /* v.integer */
    PARAM_NUMBER,  /* v.number */
    PARAM_FLAG,    /* v.flag: yes/no, true/false, on/off */
    PARAM_CHOICE,  /* v.integer: place in `choices` */
    PARAM_NUMBERS, /* v.list: one to PARAM_LIST numbers */
    PARAM_RANGE,   /* v.list: two numbers, low <= high; one number x means [x, x] */
    PARAM_TEXT,    /* v.text: borrowed from the config, which must outlive it; NULL when absent
                      without default */
    PARAM_FILE,    /* v.text: as PARAM_TEXT, a path as written; node_path makes it relative to the
                      config that names it */
    PARAM_NODE,    /* v.node: a subtree that its owner reads (list of ops, map), NULL when absent */
};

enum { PARAM_LIST = 16 };

union value {
    int64_t integer;
    double number;
    bool flag;
    const char *text;        /* borrowed */
    const struct node *node; /* borrowed */
    struct {
        int count;
        double item[PARAM_LIST];
    } list;
};

/* A table ends with a row whose name is NULL. */
struct param {
    const char *name;
    enum param_type type;
    const char *unit; /* "px", "level", "epochs", "" */
    double value;     /* the default; for a choice its place, for a flag 0 or 1 */
    double min, max;  /* limits, of each number of a list; both 0: none. May be infinite */
    const char *help;
    const char *const *choices; /* NULL-terminated, for PARAM_CHOICE */
    const char *initial; /* default of text and lists, as it would stand in YAML; NULL: none */
    bool required;
};

/* Rows without the last one. */
#define PARAMS(table) (sizeof(table) / sizeof((table)[0]) - 1)
size_t param_count(const struct param *table);

/* Fill v[] from the map `node` (NULL or null: all defaults). Unknown keys, wrong types and values
 * outside the limits are ERROR_USAGE with file, line, what was found, what is accepted and the
 * nearest name. A scalar or list `node` is the value of the table's first row ("hflip: 0.5"). A
 * value in quotes is text, never a number; `null` is the default. v[] may borrow from node. */
int param_read(const struct param *table, const struct node *node, union value *v,
               struct error *err);

/* The default of one row. A required row and a node have none: zero. */
void param_default(const struct param *row, union value *v);

/* One value from text (command line): the same checks; `place` ("--threads") begins the message.
 * Lists are written "1,2" or "[1, 2]". A PARAM_NODE cannot be given this way. */
int param_parse(const struct param *row, const char *text, const char *place, union value *v,
                struct error *err);

/* The values as a JSON object with the table's names: for resolved configs and hashes. PARAM_NODE
 * rows are left to their owner. NULL with err filled when there is no memory. */
json_t *param_json(const struct param *table, const union value *v, struct error *err);

/* What a row accepts, for "must be ...": "an integer 1..4096 (px)". */
void param_describe(const struct param *row, char *text, size_t size);

/* The table as text for --help, one row a line or two: name behind `prefix` ("--", "train."), help,
 * type, limits, unit, default, behind `indent` spaces. */
int param_help(const struct param *table, const char *prefix, int indent, struct buffer *out,
               struct error *err);

/* The nearest of `count` names to `word` (edit distance, at most a third of its length plus one),
 * or NULL. */
const char *param_nearest(const char *word, const char *const *names, size_t count);

/* Whole texts as numbers: decimal only, finite, and an integer may be written 1e6. */
bool param_integer(const char *text, int64_t *value);
bool param_number(const char *text, double *value);
/* yes/no, true/false, on/off in any case. */
bool param_flag(const char *text, bool *value);

#endif
