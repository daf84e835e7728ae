/* Inside config: how text becomes a tree, and how a tree is extended. Others include config.h. */
#ifndef TENFOLD_BASE_CONFIG_TREE_H
#define TENFOLD_BASE_CONFIG_TREE_H

#include "base/arena.h"
#include "base/config.h"

enum {
    CONFIG_DEPTH = 64,        /* of nesting in one text */
    CONFIG_NODES = 1000000,   /* of one config, whatever it extends included */
    CONFIG_EXTENDS_DEPTH = 16 /* files that extend files */
};

struct config {
    struct arena arena; /* every node and text */
    const struct node *root;
    size_t nodes, bytes; /* read so far, against the limits */
};

/* A node of `kind` with room for `count` entries, counted against the limit. Its place is that of
 * `where`. */
struct node *config_node(struct config *config, enum node_kind kind, size_t count,
                         const struct node *where, struct error *err);

/* The tree of one YAML document. `name` must live as long as the config. Unless `numbered`, every
 * node's line is 0. An empty document is an empty map. */
const struct node *config_read_tree(struct config *config, const char *text, size_t size,
                                    const char *name, bool numbered, struct error *err);

/* The tree of the file `path` with every `extends` in it carried out. */
const struct node *config_read_file(struct config *config, const char *path, struct error *err);

/* `node`, freshly read, with every `extends` in it carried out; its entries change in place. */
const struct node *config_extend(struct config *config, const struct node *node, struct error *err);

/* ERROR_USAGE if a map of the tree has the key `extends`. */
int config_refuse_extends(const struct node *node, struct error *err);

#endif
