#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/weights.h"
#include "model/weights_private.h"

const char *model_weights_path(const char *model)
{
    static const char *const dividers[] = { ".yaml=", ".yml=" };
    for (size_t i = 0; i < sizeof(dividers) / sizeof(dividers[0]); i++) {
        const char *at = strstr(model, dividers[i]);
        if (at)
            return at + strlen(dividers[i]);
    }
    return model;
}

static int split(const char *model, char **yaml, char **weights, struct error *err)
{
    const char *path = model_weights_path(model);
    *yaml = NULL;
    if (path != model) {
        *yaml = memory_text(model, err);
        if (!*yaml)
            return -1;
        (*yaml)[path - model - 1] = '\0';
    }
    *weights = memory_text(path, err);
    return *weights ? 0 : -1;
}

/* The text of a metadata key, parsed; an error names the file and what is missing. */
static int parse_metadata(struct config **config, const struct safetensors *file, const char *key,
                          const char *path, struct error *err)
{
    const char *text = safetensors_metadata(file, key);
    if (!text)
        return error_set(
            err, ERROR_DATA, path,
            "carries no %s in its metadata; name the network's YAML before it: NET.yaml=%s", key,
            path);
    char place[600];
    snprintf(place, sizeof(place), "%s (metadata `%s`)", path, key);
    return config_parse(config, text, strlen(text), place, err);
}

static int open_described(struct net **net, struct preprocess *preprocess, const char *yaml,
                          const struct safetensors *file, const char *path, struct error *err)
{
    struct config *config = NULL, *pre = NULL;
    int rc;
    if (yaml) {
        rc = config_open(&config, yaml, err);
        if (rc == 0)
            rc = preprocess_read(preprocess, node_get(config_root(config), "preprocess"), err);
    } else {
        rc = parse_metadata(&config, file, "network", path, err);
        if (rc == 0)
            rc = parse_metadata(&pre, file, "preprocess", path, err);
        if (rc == 0)
            rc = preprocess_read(preprocess, config_root(pre), err);
    }
    if (rc == 0)
        rc = net_open(net, config_root(config), err);
    if (rc < 0 && !yaml && err->kind == ERROR_USAGE) /* what a file carries is no config of ours */
        err->kind = ERROR_DATA;
    config_close(pre);
    config_close(config);
    return rc;
}

int model_open(struct net **result, struct preprocess *preprocess, const char *model,
               struct error *err)
{
    char *yaml = NULL, *path = NULL;
    struct safetensors *file = NULL;
    struct net *net = NULL;
    *preprocess = (struct preprocess){ .size = 0 };
    int rc = split(model, &yaml, &path, err);
    if (rc == 0)
        rc = safetensors_open(&file, path, err);
    if (rc == 0)
        rc = open_described(&net, preprocess, yaml, file, path, err);
    if (rc == 0)
        rc = weights_load(net, file, path, err);
    if (rc == 0)
        rc = weights_tables_load(preprocess, file, path, err);
    safetensors_close(file);
    free(path);
    free(yaml);
    if (rc < 0) {
        preprocess_release(preprocess);
        net_close(net);
        return -1;
    }
    *result = net;
    return 0;
}
