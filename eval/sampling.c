#include "eval/sampling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/hash.h"
#include "base/json.h"
#include "loader/tables.h"

static int hash_recipe(struct sampling *s, struct error *err)
{
    char digits[65];
    json_t *json = recipe_json(s->recipe, err);
    char *text = json ? json_canonical(json, err) : NULL;
    int status = text ? sha256_of(text, strlen(text), digits, err) : -1;
    if (status == 0)
        snprintf(s->policy.recipe_hash, sizeof(s->policy.recipe_hash), "%.16s", digits);
    free(text);
    json_decref(json);
    return status;
}

static int check(const struct sampling *s, const char *config, const struct members *m,
                 struct error *err)
{
    int width, height;
    if (recipe_size(s->recipe, &width, &height, err) < 0)
        return -1;
    for (int i = 0; i < m->count; i++) {
        if (m->preprocesses[i].output.mean_image)
            return error_set(err, ERROR_USAGE, m->names[i],
                             "subtracts a mean image, whose place a draw does not know; leave "
                             "--recipe out");
        if (m->preprocesses[i].size != width || m->preprocesses[i].size != height)
            return error_set(
                err, ERROR_USAGE, config,
                "draws images of %d x %d, and %s is for %d x %d; give a recipe of that "
                "size",
                width, height, m->names[i], m->preprocesses[i].size, m->preprocesses[i].size);
    }
    if (recipe_output(s->recipe).in_units)
        return error_set(err, ERROR_USAGE, config,
                         "erases with noise in units of the normalized output, and views are drawn "
                         "in levels 0..255; leave that entry out");
    return 0;
}

static int read_recipe(struct sampling *s, const char *path, const struct members *members,
                       struct error *err)
{
    struct config *config;
    if (config_open(&config, path, err) < 0)
        return -1;
    const struct node *list = node_get(config_root(config), "augment");
    int status = list ? recipe_open(&s->recipe, list, s->policy.seed, err)
                      : error_set(err, ERROR_USAGE, path, "has no `augment` list to draw from");
    if (status == 0)
        status = tables_read(s->recipe, err);
    config_close(config);
    if (status < 0 || check(s, path, members, err) < 0)
        return -1;
    s->policy.recipe = s->recipe;
    return hash_recipe(s, err);
}

int sampling_open(struct sampling *sampling, int samples, uint64_t seed, const char *config,
                  const struct members *members, struct error *err)
{
    *sampling = (struct sampling){ .policy = { .samples = samples, .seed = seed } };
    if (!config || read_recipe(sampling, config, members, err) == 0)
        return 0;
    sampling_close(sampling);
    return -1;
}

void sampling_close(struct sampling *sampling)
{
    recipe_close(sampling->recipe);
    *sampling = (struct sampling){ 0 };
}
