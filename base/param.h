/*
 * A parameter is a row of a table: name, type, unit, default, limits and help. The same row reads
 * it from YAML and from the command line, checks it, names the nearest valid word in the error, and
 * prints it in --help and the manual. Augmentations, layers, config sections and programs' options
 * are all such tables.
 *
 *     enum { SIZE, FILL, KIND };
 *     static const struct param params[] = {
 *         [SIZE] = { "size", PARAM_INTEGER, "px", .value = 16, .min = 1, .max = 4096, "side of the
 * square" }, [KIND] = { "kind", PARAM_CHOICE, "", .help = "what to write", .choices = kinds }, { 0
 * },
 *     };
 *     union value v[PARAMS(params)];
 *     if (param_read(params, node, v, &err) < 0) ...
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
    PARAM_TEXT, /* v.text: borrowed from the config, which must outlive it; NULL when absent without
                   default */
    PARAM_FILE, /* v.text: as PARAM_TEXT; a path, relative to the config that names it */
    PARAM_NODE, /* v.node: a subtree that its owner reads (list of ops, map), NULL when absent */
};

enum { PARAM_LIST = 8 };

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
    double value, min,
        max; /* default and limits; min = max = 0: unlimited. For a choice, the default's place */
    const char *help;
    const char *const *choices; /* NULL-terminated, for PARAM_CHOICE */
    const char *initial; /* default of text and lists, as it would stand in YAML; NULL: none */
    bool required;
};

/* Rows without the last one. */
#define PARAMS(table) (sizeof(table) / sizeof((table)[0]) - 1)
size_t param_count(const struct param *table);

/* Fill v[] from the map `node` (NULL or empty: all defaults). Unknown keys, wrong types and values
 * outside the limits are ERROR_USAGE with file, line, what was found, what is accepted and the
 * nearest name. A scalar or list `node` is the value of the table's first row ("hflip: 0.5"). */
int param_read(const struct param *table, const struct node *node, union value *v,
               struct error *err);

/* One value from text (command line): the same checks; `place` is for the message. */
int param_parse(const struct param *row, const char *text, const char *place, union value *v,
                struct error *err);

/* The values as a JSON object with the table's names: for resolved configs and hashes. PARAM_NODE
 * rows are left to their owner. NULL with err filled when there is no memory. */
json_t *param_json(const struct param *table, const union value *v, struct error *err);

/* The table as text for --help, one row a line or two: name, unit, default, limits, help, behind
 * `indent` spaces. */
int param_help(const struct param *table, const char *prefix, int indent, struct buffer *out,
               struct error *err);

/* The nearest of `count` names to `word` (edit distance, at most a third of its length plus one),
 * or NULL. */
const char *param_nearest(const char *word, const char *const *names, size_t count);

#endif
