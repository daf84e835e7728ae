/*
 * A YAML file as a tree in which every value knows its file and line. Read by libyaml; hostile
 * input is bounded (64 MiB, depth 64, a million nodes; aliases, tags and doubled keys are refused).
 * JSON, being YAML, is read too.
 *
 *     struct config *c;
 *     if (config_open(&c, "configs/cifar10_quick.yaml", &err) < 0) ...
 *     config_set(c, "train.lr=0.05", &err);
 *     const struct node *train = node_get(config_root(c), "train");
 *     config_close(c);
 *
 * A map with the key `extends: other.yaml` (path relative to the file) starts from that file's
 * tree: maps merge key by key, anything else is replaced. A map may do so at any depth.
 */
#ifndef TENFOLD_BASE_CONFIG_H
#define TENFOLD_BASE_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

/* Open for reading, never changed by a reader. */
struct node {
    enum node_kind kind;
    const char *text;          /* scalar: its text; else NULL */
    bool quoted;               /* scalar written in quotes: text, never a number or flag */
    size_t count;              /* list, map: entries */
    const char **keys;         /* map: names of the entries */
    int *key_lines;            /* map: where the names stand, in the file of their entries */
    const struct node **items; /* list, map: the entries */
    const char *file;          /* where it stands, for messages */
    int line;                  /* 1 is the first; 0: `file` is no file but "--set a.b" */
};

struct config;

/* Whatever is wrong with the file is ERROR_USAGE, also that it is not there. */
int config_open(struct config **config, const char *path, struct error *err);
/* `name` takes the file's place in messages. `text` may be freed afterwards. Text of unknown origin
 * names no files: `extends` is refused. */
int config_parse(struct config **config, const char *text, size_t size, const char *name,
                 struct error *err);
/* A config that begins as `base`, which must outlive it; what is set in it leaves `base` as it is.
 */
int config_derive(struct config **config, const struct config *base, struct error *err);
const struct node *config_root(const struct config *config); /* an empty document is an empty map */
/* "a.b=value": set or add a key; the value is YAML ("[1, 2]", "{size: 3}"; nothing: the default).
 * Entries of a list go by number ("augment.0=hflip"). Its place becomes "--set a.b". Nodes taken
 * from the tree before stay valid, but show the old values. */
int config_set(struct config *config, const char *assignment, struct error *err);
void config_close(struct config *config);

/* The entry of a map, NULL when absent or when `node` is NULL or no map. */
const struct node *node_get(const struct node *node, const char *key);
/* Written as nothing, `~` or `null`: the same as absent. True of NULL too. */
bool node_is_null(const struct node *node);
/* The path that the scalar `node` names, relative paths taken from the folder of the file that
 * names them (from the working folder if that is --set), fresh (free()). */
char *node_path(const struct node *node, struct error *err);
/* An error at `node`'s file and line; returns -1. */
int node_error(const struct node *node, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* `node` must be a map (or null) and every key of it one of the NULL-terminated `names`; the error
 * names the nearest. */
int node_check_keys(const struct node *node, const char *const *names, struct error *err);
/* The tree as JSON: plain scalars that are numbers or flags become such, null and NULL become null.
 * free(). */
json_t *node_json(const struct node *node, struct error *err);

/* The sections that a config may have at its top: data, augment, mix, model, train, eval, tune.
 * Others are an error, and so is a list or a value in place of the keys of data, train, eval or
 * tune. */
int config_check_sections(const struct config *config, struct error *err);

#endif
