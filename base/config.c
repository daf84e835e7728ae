/*
 * A config as a whole: read, checked at its top, closed.
 */
#include "base/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/config_tree.h"
#include "base/memory.h"

static struct config *config_new(struct error *err)
{
    return memory_array(1, sizeof(struct config), err);
}

void config_close(struct config *config)
{
    if (!config)
        return;
    arena_release(&config->arena);
    free(config);
}

int config_open(struct config **result, const char *path, struct error *err)
{
    struct config *config = config_new(err);
    if (!config)
        return -1;
    config->root = config_read_file(config, path, err);
    if (!config->root) {
        /* No file, or one that nobody may read: still a config that is wrong, and no data. */
        if (err->kind == ERROR_DATA)
            err->kind = ERROR_USAGE;
        config_close(config);
        return -1;
    }
    *result = config;
    return 0;
}

int config_parse(struct config **result, const char *text, size_t size, const char *name,
                 struct error *err)
{
    struct config *config = config_new(err);
    if (!config)
        return -1;
    const char *copy = arena_text(&config->arena, name, strlen(name), err);
    config->root = copy ? config_read_tree(config, text, size, copy, true, err) : NULL;
    if (!config->root || config_refuse_extends(config->root, err) < 0) {
        config_close(config);
        return -1;
    }
    *result = config;
    return 0;
}

int config_derive(struct config **result, const struct config *base, struct error *err)
{
    struct config *config = config_new(err);
    if (!config)
        return -1;
    config->root = base->root;
    config->nodes = base->nodes;
    config->bytes = base->bytes;
    *result = config;
    return 0;
}

const struct node *config_root(const struct config *config)
{
    return config->root;
}

int config_check_sections(const struct config *config, struct error *err)
{
    static const char *const sections[] = {
        "data", "augment", "mix", "model", "train", "eval", "tune", NULL
    };
    static const char *const maps[] = { "data", "train", "eval", "tune" };
    if (node_check_keys(config->root, sections, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        const struct node *section = node_get(config->root, maps[i]);
        if (!node_is_null(section) && section->kind != NODE_MAP)
            return node_error(section, err, "%s must be a map (key: value)", maps[i]);
    }
    return 0;
}
