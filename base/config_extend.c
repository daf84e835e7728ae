/*
 * `extends: FILE`: a map starts from another file's tree. Only trees just read are changed, so that
 * nodes that somebody holds never are. A chain of files that comes back to itself is found by real
 * path; its length is bounded all the same.
 */
#include "base/config_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"

static const char key_word[] = "extends";

/* The files being read, innermost first. */
struct chain {
    const char *real_path; /* borrowed */
    int depth;
    const struct chain *outer; /* borrowed */
};

static const struct node *extend(struct config *config, const struct node *node,
                                 const struct chain *chain, struct error *err);

static const struct node *merge(struct config *config, const struct node *base,
                                const struct node *own, struct error *err)
{
    if (base->kind != NODE_MAP || own->kind != NODE_MAP)
        return own;
    struct node *merged = config_node(config, NODE_MAP, base->count + own->count, own, err);
    if (!merged)
        return NULL;
    config->nodes += base->count + own->count;
    size_t count = 0;
    for (size_t i = 0; i < base->count; i++) {
        const struct node *item = base->items[i];
        const char *key = base->keys[i];
        int line = base->key_lines[i];
        for (size_t j = 0; j < own->count; j++)
            if (strcmp(own->keys[j], key) == 0) {
                item = merge(config, item, own->items[j], err);
                line = own->key_lines[j];
            }
        if (!item)
            return NULL;
        merged->keys[count] = key;
        merged->key_lines[count] = line;
        merged->items[count++] = item;
    }
    for (size_t j = 0; j < own->count; j++) {
        if (node_get(base, own->keys[j]) || strcmp(own->keys[j], key_word) == 0)
            continue;
        merged->keys[count] = own->keys[j];
        merged->key_lines[count] = own->key_lines[j];
        merged->items[count++] = own->items[j];
    }
    merged->count = count;
    return merged;
}

static const struct node *read_extended(struct config *config, const char *path,
                                        const char *real_path, const struct chain *outer,
                                        struct error *err)
{
    struct chain chain = { real_path, outer ? outer->depth + 1 : 1, outer };
    struct buffer text = { 0 };
    const struct node *root = NULL;
    const char *name = arena_text(&config->arena, path, strlen(path), err);
    if (name && file_read(path, FILE_LIMIT, &text, err) == 0)
        root = config_read_tree(config, text.data, text.size, name, true, err);
    buffer_release(&text);
    return root ? extend(config, root, &chain, err) : NULL;
}

/* The tree that `name`, the value of an `extends`, stands for. */
static const struct node *read_base(struct config *config, const struct node *name,
                                    const struct chain *chain, struct error *err)
{
    const struct node *base = NULL;
    char *path = node_path(name, err);
    if (!path)
        return NULL;
    char *real_path = realpath(path, NULL);
    if (!real_path) {
        node_error(name, err, "extends '%s', which cannot be found", path);
        goto done;
    }
    if (chain && chain->depth >= CONFIG_EXTENDS_DEPTH) {
        node_error(name, err, "more than %d files extend each other", CONFIG_EXTENDS_DEPTH);
        goto done;
    }
    for (const struct chain *c = chain; c; c = c->outer)
        if (strcmp(c->real_path, real_path) == 0) {
            node_error(name, err, "extends '%s', which extends this file", path);
            goto done;
        }
    base = read_extended(config, path, real_path, chain, err);
    if (base && base->kind != NODE_MAP) {
        node_error(name, err, "extends '%s', which holds no map (key: value)", path);
        base = NULL;
    }
done:
    free(real_path);
    free(path);
    return base;
}

static const struct node *extend(struct config *config, const struct node *node,
                                 const struct chain *chain, struct error *err)
{
    for (size_t i = 0; i < node->count; i++) {
        node->items[i] = extend(config, node->items[i], chain, err);
        if (!node->items[i])
            return NULL;
    }
    const struct node *name = node_get(node, key_word);
    if (!name)
        return node;
    const struct node *base = read_base(config, name, chain, err);
    return base ? merge(config, base, node, err) : NULL;
}

const struct node *config_extend(struct config *config, const struct node *node, struct error *err)
{
    return extend(config, node, NULL, err);
}

const struct node *config_read_file(struct config *config, const char *path, struct error *err)
{
    char *real_path = realpath(path, NULL);
    if (!real_path) {
        error_errno(err, path, "cannot open");
        return NULL;
    }
    const struct node *root = read_extended(config, path, real_path, NULL, err);
    free(real_path);
    return root;
}

int config_refuse_extends(const struct node *node, struct error *err)
{
    const struct node *name = node_get(node, key_word);
    if (name)
        return node_error(name, err, "'%s' is accepted in files only", key_word);
    for (size_t i = 0; i < node->count; i++)
        if (config_refuse_extends(node->items[i], err) < 0)
            return -1;
    return 0;
}
