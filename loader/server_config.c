/*
 * The config of an open request: one that the daemon holds, a file, or text from the client, with
 * the client's settings, and every path in it made absolute: the daemon's working folder is nobody
 * else's. A peer that is not this user on this machine may not make the daemon write files or read
 * configs that it names.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "loader/server_private.h"

/* "configs/resnet.yaml": "resnet". */
static char *config_name(const char *path, struct error *err)
{
    const char *base = strrchr(path, '/');
    char *name = memory_text(base ? base + 1 : path, err);
    char *dot = name ? strrchr(name, '.') : NULL;
    if (dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0))
        *dot = '\0';
    return name;
}

static struct named_config *find_config(const struct server *s, const char *name, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(s->configs[i].name, name) == 0)
            return &s->configs[i];
    return NULL;
}

static int read_checked(struct config **config, const char *path, struct error *err)
{
    if (config_open(config, path, err) < 0)
        return -1;
    if (config_check_sections(*config, err) == 0)
        return 0;
    config_close(*config);
    *config = NULL;
    return -1;
}

int server_configs_read(struct server *s, struct error *err)
{
    const struct server_options *o = &s->options;
    s->configs = memory_array((size_t)o->config_count, sizeof(*s->configs), err);
    if (!s->configs)
        return -1;
    for (int i = 0; i < o->config_count; i++) {
        struct named_config *n = &s->configs[i];
        n->path = o->configs[i];
        n->name = config_name(n->path, err);
        if (!n->name || read_checked(&n->config, n->path, err) < 0)
            return -1;
        if (find_config(s, n->name, i))
            return error_set(err, ERROR_USAGE, n->path, "a config named %s is there already",
                             n->name);
    }
    return 0;
}

/* One that has become wrong stays as it was. */
void server_configs_reread(struct server *s)
{
    for (int i = 0; i < s->options.config_count; i++) {
        struct config *fresh;
        struct error err = { 0 };
        if (read_checked(&fresh, s->configs[i].path, &err) < 0) {
            server_log(s, "%s: %s; %s stays as it was", err.place, err.message, s->configs[i].name);
            continue;
        }
        config_close(s->configs[i].config);
        s->configs[i].config = fresh;
        server_log(s, "read %s again", s->configs[i].path);
    }
}

void server_configs_close(struct server *s)
{
    for (int i = 0; s->configs && i < s->options.config_count; i++) {
        free(s->configs[i].name);
        config_close(s->configs[i].config);
    }
    free(s->configs);
}

/* A descriptor from outside: only what cannot make the daemon wait is read, and what it holds may
 * shrink meanwhile. */
static int read_memfd(struct connection *c, struct buffer *text, struct error *err)
{
    struct stat st;
    int fd = connection_claim(c);
    if (fd < 0)
        return error_set(err, ERROR_USAGE, "config.memfd", "no descriptor came with the message");
    int rc = -1;
    if (fcntl(fd, F_GET_SEALS) < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        error_set(err, ERROR_USAGE, "config.memfd", "the descriptor is no memfd");
    else if (st.st_size < 0 || st.st_size > CONFIG_TEXT_MAX)
        error_set(err, ERROR_USAGE, "config.memfd", "holds %lld bytes; %d are the limit",
                  (long long)st.st_size, CONFIG_TEXT_MAX);
    else if (buffer_reserve(text, (size_t)st.st_size, err) == 0 &&
             file_read_at(fd, text->data, (size_t)st.st_size, 0, "config.memfd", err) == 0) {
        text->size = (size_t)st.st_size;
        rc = 0;
    }
    close(fd);
    return rc;
}

/* Text that says it stands in a file of `folder`: relative paths start there. */
static int parse_text(struct config **config, const char *text, size_t size, const char *folder,
                      struct error *err)
{
    char *name = file_join(folder, "config", err);
    int rc = name ? config_parse(config, text, size, name, err) : -1;
    free(name);
    return rc;
}

static int open_path(const struct connection *c, const char *path, struct config **config,
                     struct error *err)
{
    if (!c->trusted)
        return error_set(err, ERROR_USAGE, "config.path",
                         "only the daemon's own user on its own machine may name files; send text");
    if (path[0] != '/')
        return error_set(err, ERROR_USAGE, "config.path", "%s is not absolute", path);
    return config_open(config, path, err);
}

static int open_config(struct connection *c, const json_t *given, const char *folder,
                       struct config **config, struct error *err)
{
    const struct server *s = c->server;
    const char *name = json_string_value(json_object_get(given, "name"));
    const char *path = json_string_value(json_object_get(given, "path"));
    const json_t *text = json_object_get(given, "text");
    struct buffer memory = { 0 };
    if (!given || json_is_null(given))
        return parse_text(config, "", 0, folder, err);
    if (name) {
        const struct named_config *n = find_config(s, name, s->options.config_count);
        return n ? config_derive(config, n->config, err)
                 : error_set(err, ERROR_USAGE, "config.name", "the daemon holds no config %.80s",
                             name);
    }
    if (path)
        return open_path(c, path, config, err);
    if (json_is_string(text))
        return parse_text(config, json_string_value(text), json_string_length(text), folder, err);
    if (json_is_true(json_object_get(given, "parts")))
        return parse_text(config, c->parts.data ? c->parts.data : "", c->parts.size, folder, err);
    if (!json_is_true(json_object_get(given, "memfd")))
        return error_set(err, ERROR_USAGE, "config", "has none of name, path, text, parts, memfd");
    int rc = read_memfd(c, &memory, err);
    if (rc == 0)
        rc = parse_text(config, memory.data, memory.size, folder, err);
    buffer_release(&memory);
    return rc;
}

static int apply_settings(const struct connection *c, const json_t *settings, struct config *config,
                          struct error *err)
{
    size_t i;
    json_t *item;
    if (!settings || json_is_null(settings))
        return 0;
    if (!json_is_array(settings) || json_array_size(settings) > SETTINGS_MAX)
        return error_set(err, ERROR_USAGE, "settings",
                         "must be a list of at most %d texts section.key=value", SETTINGS_MAX);
    json_array_foreach(settings, i, item)
    {
        const char *text = json_string_value(item);
        if (!text)
            return error_set(err, ERROR_USAGE, "settings", "entry %zu is no text", i);
        if (!c->trusted && strstr(text, "extends"))
            return error_set(err, ERROR_USAGE, "settings",
                             "only the daemon's own user may extend files");
        if (config_set(config, text, err) < 0)
            return -1;
    }
    return 0;
}

/* `key`=value with the value as YAML, whatever characters it has. */
static int set_text(struct config *config, const char *key, const char *value, struct error *err)
{
    struct buffer line = { 0 };
    json_t *json = json_string(value);
    char *quoted = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    json_decref(json);
    int rc = quoted ? buffer_print(&line, err, "%s=%s", key, quoted)
                    : error_set(err, ERROR_USAGE, key, "is no UTF-8");
    if (rc == 0)
        rc = config_set(config, line.data, err);
    free(quoted);
    buffer_release(&line);
    return rc;
}

/* The path at `node`, which `key` leads to, made absolute. */
static int absolute(struct config *config, const struct node *node, const char *key,
                    const char *folder, struct error *err)
{
    if (node_is_null(node) || node->kind != NODE_SCALAR || node->text[0] == '/' || !node->text[0])
        return 0;
    char *path = file_join(folder, node->text, err);
    int rc = path ? set_text(config, key, path, err) : -1;
    free(path);
    return rc;
}

/* Files that entries of the recipe name. */
static int absolute_recipe(struct config *config, const char *folder, struct error *err)
{
    const struct node *list = node_get(config_root(config), "augment");
    if (!list || list->kind != NODE_LIST)
        return 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct node *entry = list->items[i];
        char key[160];
        if (entry->kind != NODE_MAP || entry->count != 1)
            continue;
        const struct node *file = node_get(entry->items[0], "file");
        if (snprintf(key, sizeof(key), "augment.%zu.%s.file", i, entry->keys[0]) >=
            (int)sizeof(key))
            continue;
        if (file && absolute(config, file, key, folder, err) < 0)
            return -1;
    }
    return 0;
}

static int absolute_paths(struct config *config, const char *folder, struct error *err)
{
    static const char *const keys[] = { "train", "val", "classes", "ledger" };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char key[32];
        const struct node *data = node_get(config_root(config), "data");
        snprintf(key, sizeof(key), "data.%s", keys[i]);
        if (absolute(config, node_get(data, keys[i]), key, folder, err) < 0)
            return -1;
    }
    return absolute_recipe(config, folder, err);
}

static int check_ledger(const struct connection *c, const struct config *config, struct error *err)
{
    const struct node *ledger = node_get(node_get(config_root(config), "data"), "ledger");
    if (c->trusted || node_is_null(ledger))
        return 0;
    return error_set(err, ERROR_USAGE, "data.ledger",
                     "only the daemon's own user on its own machine may have a file written");
}

int server_config(struct connection *c, const json_t *message, struct config **config,
                  struct error *err)
{
    const json_t *given = json_object_get(message, "folder");
    const char *folder = given && !json_is_null(given) ? json_string_value(given) : "/";
    struct config *made = NULL;
    if (!folder || folder[0] != '/')
        return error_set(err, ERROR_USAGE, "folder", "must be an absolute path");
    if (open_config(c, json_object_get(message, "config"), folder, &made, err) < 0)
        return -1;
    if (apply_settings(c, json_object_get(message, "settings"), made, err) == 0 &&
        absolute_paths(made, folder, err) == 0 && check_ledger(c, made, err) == 0) {
        *config = made;
        return 0;
    }
    config_close(made);
    return -1;
}
