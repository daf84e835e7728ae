#include "train/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/safetensors.h"

static const char kind[] = "tenfold checkpoint 1";

/* A block's name in the file: no weight has a stroke in its name. */
enum { NAME = 80 };
static void block_name(const struct checkpoint_block *block, char name[NAME])
{
    snprintf(name, NAME, "/%s", block->name);
}

static int write_items(const char *path, const struct net *net,
                       const struct checkpoint_block *blocks, int count, const json_t *metadata,
                       struct error *err)
{
    size_t weights = net_weights(net), all = weights + (size_t)count;
    struct safetensors_item *items = memory_array(all, sizeof(*items), err);
    char(*names)[NAME] = memory_array((size_t)count, sizeof(*names), err);
    int rc = items && names ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < weights; i++)
        items[i] = (struct safetensors_item){ net_weight(net, i)->name, net_weight(net, i)->value };
    for (int i = 0; rc == 0 && i < count; i++) {
        block_name(&blocks[i], names[i]);
        items[weights + (size_t)i] = (struct safetensors_item){
            names[i],
            { .dtype = DTYPE_F32,
              .rank = 1,
              .shape = { (int64_t)blocks[i].n },
              .data = blocks[i].values },
        };
    }
    if (rc == 0)
        rc = safetensors_write(path, items, all, metadata, err);
    free(names);
    free(items);
    return rc;
}

int checkpoint_save(const char *path, const struct net *net, const struct checkpoint_block *blocks,
                    int count, const json_t *state, const json_t *config, struct error *err)
{
    char *state_text = json_dumps(state, JSON_COMPACT | JSON_REAL_PRECISION(17));
    char *config_text = json_dumps(config, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_t *metadata =
        state_text && config_text
            ? json_pack("{s:s, s:s, s:s}", "kind", kind, "state", state_text, "config", config_text)
            : NULL;
    int rc = metadata ? write_items(path, net, blocks, count, metadata, err)
                      : error_set(err, ERROR_FAILED, path, "no memory for the checkpoint");
    json_decref(metadata);
    free(config_text);
    free(state_text);
    return rc;
}

struct checkpoint {
    char *path; /* owned, as all below */
    struct safetensors *file;
    json_t *state, *config;
};

static json_t *read_object(const struct checkpoint *c, const char *key, struct error *err)
{
    const char *text = safetensors_metadata(c->file, key);
    json_t *value = text ? json_parse(text, strlen(text), c->path, err) : NULL;
    if (json_is_object(value))
        return value;
    json_decref(value);
    error_set(err, ERROR_DATA, c->path, "has no %s that can be read", key);
    return NULL;
}

int checkpoint_open(struct checkpoint **result, const char *path, struct error *err)
{
    struct checkpoint *c = memory_array(1, sizeof(*c), err);
    if (!c)
        return -1;
    c->path = memory_text(path, err);
    int rc = c->path ? safetensors_open(&c->file, path, err) : -1;
    const char *found = rc == 0 ? safetensors_metadata(c->file, "kind") : NULL;
    if (rc == 0 && (!found || strcmp(found, kind) != 0))
        rc = error_set(err, ERROR_DATA, path, "is no checkpoint of a training");
    if (rc < 0 || !(c->state = read_object(c, "state", err)) ||
        !(c->config = read_object(c, "config", err))) {
        checkpoint_close(c);
        return -1;
    }
    *result = c;
    return 0;
}

const json_t *checkpoint_state(const struct checkpoint *c)
{
    return c->state;
}

const json_t *checkpoint_config(const struct checkpoint *c)
{
    return c->config;
}

/* The file's tensor of that name, if it has as many numbers. */
static const struct tensor *find(const struct checkpoint *c, const char *name, size_t n,
                                 struct error *err)
{
    const struct tensor *t = safetensors_find(c->file, name);
    if (t && t->dtype == DTYPE_F32 && tensor_count(t) == n)
        return t;
    error_set(
        err, ERROR_DATA, c->path,
        t ? "%s has other dimensions than here: the checkpoint is of another network"
          : "has no %s: the checkpoint is of another network, optimizer, ema, swa_start, prune or "
            "accumulate",
        name[0] == '/' ? name + 1 : name);
    return NULL;
}

static int visit(const struct checkpoint *c, struct net *net, const struct checkpoint_block *blocks,
                 int count, bool copy, struct error *err)
{
    for (size_t i = 0; i < net_weights(net); i++) {
        const struct weight *w = net_weight(net, i);
        const struct tensor *t = find(c, w->name, tensor_count(&w->value), err);
        if (!t)
            return -1;
        if (copy)
            memcpy(w->value.data, t->data, tensor_bytes(t));
    }
    for (int i = 0; i < count; i++) {
        char name[NAME];
        block_name(&blocks[i], name);
        const struct tensor *t = find(c, name, blocks[i].n, err);
        if (!t)
            return -1;
        if (copy)
            memcpy(blocks[i].values, t->data, tensor_bytes(t));
    }
    return 0;
}

int checkpoint_fill(const struct checkpoint *c, struct net *net,
                    const struct checkpoint_block *blocks, int count, struct error *err)
{
    return visit(c, net, blocks, count, false, err) < 0 ||
                   visit(c, net, blocks, count, true, err) < 0
               ? -1
               : 0;
}

void checkpoint_close(struct checkpoint *c)
{
    if (!c)
        return;
    json_decref(c->config);
    json_decref(c->state);
    safetensors_close(c->file);
    free(c->path);
    free(c);
}
