/*
 * An entry's key is derived once from (augment_seed, "sample/<op name>", how many of that name came
 * before it in the recipe): an op added elsewhere leaves its draws alone. The generic `p` is drawn
 * from the same stream first; ops with a `p` of their own (the flips) read it themselves.
 */
#include "augment/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "augment/recipe_private.h"
#include "base/memory.h"

/* Read the values of an op and, from a map, the generic `p` behind them. */
static int read_values(struct entry *entry, const struct node *values, struct error *err)
{
    struct param rows[VALUES_MAX + 2] = { 0 };
    union value v[VALUES_MAX + 1];
    size_t count = param_count(entry->op->params);
    memcpy(rows, entry->op->params, count * sizeof(rows[0]));
    bool map = values && values->kind == NODE_MAP;
    if (map)
        rows[count] = augmentation_more(entry->op)[0];
    if (param_read(rows, values, v, err) < 0)
        return -1;
    memcpy(entry->v, v, count * sizeof(v[0]));
    if (rows[count].name)
        entry->p = v[count].number;
    return 0;
}

static int unknown_op(const struct node *item, const char *name, struct error *err)
{
    const char *nearest = augmentation_nearest(name);
    return node_error(item, err, "there is no augmentation %s%s%s%s", name,
                      nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

/* One output stage is enough. */
static int check_output(const struct recipe *recipe, const struct entry *added, struct error *err)
{
    if (added->op->kind != AUGMENT_OUTPUT)
        return 0;
    for (int i = 0; i < recipe->count; i++)
        if (recipe->entries[i].op->kind == AUGMENT_OUTPUT)
            return error_set(err, ERROR_USAGE, added->place,
                             "%s is a second output stage; %s stands at %s", added->op->name,
                             recipe->entries[i].op->name, recipe->entries[i].place);
    return 0;
}

static int stages_of(const struct entry *entry)
{
    return entry->op->stages ? entry->op->stages(entry->v) : 0;
}

/* Erasures and chains know the output's pixels only: what moves these must come before. */
static int check_order(const struct recipe *recipe, const struct entry *added, struct error *err)
{
    int stages = stages_of(added);
    bool moves = added->op->kind == AUGMENT_GEOMETRY || added->op->kind == AUGMENT_POLICY;
    for (int i = 0; i < recipe->count; i++) {
        const struct entry *before = &recipe->entries[i];
        bool erases = before->op->kind == AUGMENT_ERASE;
        if (moves && (erases || (stages_of(before) && !stages_of(added))))
            return error_set(err, ERROR_USAGE, added->place,
                             "%s stands behind %s (%s), which %s; move it before that",
                             added->op->name, before->op->name, before->place,
                             erases ? "erases pixels of the finished picture"
                                    : "runs its steps one by one on the finished picture");
        stages += stages_of(before);
    }
    if (stages > PLAN_STAGES)
        return error_set(err, ERROR_USAGE, added->place,
                         "the recipe may run %d steps one by one; must be 0..%d (fewer or shorter "
                         "policies with compat: sequential, or a smaller mixture of augmix)",
                         stages, PLAN_STAGES);
    return 0;
}

static int read_entry(struct recipe *recipe, const struct node *item, uint64_t seed,
                      struct error *err)
{
    const char *name;
    const struct node *values = NULL;
    if (item->kind == NODE_SCALAR)
        name = item->text;
    else if (item->kind == NODE_MAP && item->count == 1) {
        name = item->keys[0];
        values = item->items[0];
    } else
        return node_error(item, err, "an augmentation is a name, or one name with its values");
    if (recipe->count == ENTRIES_MAX)
        return node_error(item, err, "more than %d augmentations", ENTRIES_MAX);
    struct entry *entry = &recipe->entries[recipe->count];
    entry->op = augmentation_find(name);
    if (!entry->op)
        return unknown_op(item, name, err);
    entry->p = 1;
    if (item->line > 0)
        snprintf(entry->place, sizeof(entry->place), "%s:%d", item->file ? item->file : "",
                 item->line);
    else
        snprintf(entry->place, sizeof(entry->place), "%s", item->file ? item->file : "");
    if (read_values(entry, values, err) < 0) {
        if (!err->place[0]) /* a bare name has no map that could be named */
            snprintf(err->place, sizeof(err->place), "%s", entry->place);
        return -1;
    }
    if (entry->op->resolve && entry->op->resolve(entry->v, values ? values : item, err) < 0)
        return -1;
    if (entry->op->check && entry->op->check(entry->v, values ? values : item, err) < 0)
        return -1;
    if (check_output(recipe, entry, err) < 0 || check_order(recipe, entry, err) < 0)
        return -1;
    uint32_t occurrence = 0;
    for (int i = 0; i < recipe->count; i++)
        occurrence += recipe->entries[i].op == entry->op;
    entry->key = rng_derive(seed, "sample", name, occurrence);
    recipe->count++;
    return entry->op->table != TABLE_NONE ? recipe_keep_file(entry, err) : 0;
}

static int draw(const struct recipe *recipe, uint64_t id, uint32_t epoch, int width, int height,
                struct plan *plan, struct error *err)
{
    plan_start(plan, width, height);
    for (int i = 0; i < recipe->count; i++) {
        const struct entry *entry = &recipe->entries[i];
        struct rng rng = rng_start(entry->key, id, epoch);
        if (entry->p < 1 && !(rng_uniform(&rng) < entry->p))
            continue;
        if (entry->op->draw(plan, entry->v, &rng, err) < 0) {
            if (!err->place[0])
                snprintf(err->place, sizeof(err->place), "%s", entry->place);
            return -1;
        }
    }
    return 0;
}

int recipe_draw(const struct recipe *recipe, uint64_t id, uint32_t epoch, int width, int height,
                struct plan *plan, struct error *err)
{
    if (draw(recipe, id, epoch, width, height, plan, err) == 0)
        return 0;
    if (err->kind == ERROR_USAGE)
        err->kind = ERROR_DATA;
    return -1;
}

/* The size of the picture where a mean image is subtracted. */
static void note_frame(struct recipe *recipe, const struct plan *plan, bool first)
{
    for (int i = 0; i < recipe->count; i++) {
        struct entry *entry = &recipe->entries[i];
        if (entry->op->table != TABLE_MEAN_IMAGE)
            continue;
        entry->varies |= !first && (entry->width != plan->output.frame_width ||
                                    entry->height != plan->output.frame_height);
        entry->width = plan->output.frame_width;
        entry->height = plan->output.frame_height;
    }
}

/* Try the recipe on large images of several shapes: what fails there cannot work, and where all
 * outputs agree in size the recipe fixes it. */
static int try_recipe(struct recipe *recipe, struct error *err)
{
    static const int sizes[][2] = {
        { 8192, 6144 }, { 6144, 8192 }, { 7000, 7000 }, { 16000, 5000 }
    };
    struct plan plan;
    recipe->fixed_size = true;
    for (int i = 0; i < 4; i++)
        for (uint64_t id = 0; id < 4; id++) {
            if (draw(recipe, id, 0, sizes[i][0], sizes[i][1], &plan, err) < 0)
                return -1;
            if (i == 0 && id == 0) {
                recipe->width = plan.width;
                recipe->height = plan.height;
            }
            if (plan.width != recipe->width || plan.height != recipe->height)
                recipe->fixed_size = false;
            note_frame(recipe, &plan, i == 0 && id == 0);
        }
    recipe->output = plan.output;
    return 0;
}

int recipe_open(struct recipe **result, const struct node *list, uint64_t augment_seed,
                struct error *err)
{
    if (!node_is_null(list) && list->kind != NODE_LIST)
        return node_error(list, err, "augment must be a list of augmentations");
    struct recipe *recipe = memory_array(1, sizeof(*recipe), err);
    if (!recipe)
        return -1;
    for (size_t i = 0; !node_is_null(list) && i < list->count; i++)
        if (read_entry(recipe, list->items[i], augment_seed, err) < 0)
            goto fail;
    if (try_recipe(recipe, err) < 0)
        goto fail;
    *result = recipe;
    return 0;
fail:
    recipe_close(recipe);
    return -1;
}

int recipe_size(const struct recipe *recipe, int *width, int *height, struct error *err)
{
    if (!recipe->fixed_size)
        return error_set(err, ERROR_USAGE,
                         recipe->count ? recipe->entries[recipe->count - 1].place : "augment",
                         "the recipe's output size varies from image to image; end it with "
                         "random_crop, center_crop "
                         "or random_resized_crop");
    *width = recipe->width;
    *height = recipe->height;
    return 0;
}

struct plan_output recipe_output(const struct recipe *recipe)
{
    return recipe->output;
}

json_t *recipe_json(const struct recipe *recipe, struct error *err)
{
    json_t *list = json_array();
    for (int i = 0; list && i < recipe->count; i++) {
        const struct entry *entry = &recipe->entries[i];
        json_t *values = param_json(entry->op->params, entry->v, err);
        if (values && entry->p < 1)
            json_object_set_new(values, "p", json_real(entry->p));
        json_t *item = values ? json_pack("{s:o}", entry->op->name, values) : NULL;
        if (!item || json_array_append_new(list, item) < 0) {
            json_decref(list);
            error_set(err, ERROR_FAILED, NULL, "no memory for the recipe as JSON");
            return NULL;
        }
    }
    return list;
}

void recipe_close(struct recipe *recipe)
{
    if (!recipe)
        return;
    for (int i = 0; i < recipe->count; i++)
        free(recipe->entries[i].file);
    output_tables_release(&recipe->tables);
    free(recipe);
}
