/* Tables that entries of a recipe take from files: the loader asks for them and gives them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/recipe_private.h"
#include "base/hash.h"
#include "base/memory.h"

enum { FILE_ROW, HASH };

int recipe_keep_file(struct entry *entry, struct error *err)
{
    const char *hash = entry->v[HASH].text;
    if (hash && (strlen(hash) != 16 || strspn(hash, "0123456789abcdef") != 16))
        return error_set(err, ERROR_USAGE, entry->place,
                         "hash is %s; must be 16 hexadecimal digits, or left out", hash);
    snprintf(entry->hash, sizeof(entry->hash), "%s", hash ? hash : "");
    entry->file = memory_text(entry->v[FILE_ROW].text, err);
    entry->v[FILE_ROW].text = entry->file;
    entry->v[HASH].text = entry->hash[0] ? entry->hash : NULL;
    return entry->file ? 0 : -1;
}

static const struct entry *find(const struct recipe *recipe, int i)
{
    for (int k = 0; k < recipe->count; k++)
        if (recipe->entries[k].op->table != TABLE_NONE && i-- == 0)
            return &recipe->entries[k];
    return NULL;
}

bool recipe_need(const struct recipe *recipe, int i, struct recipe_need *need)
{
    const struct entry *entry = find(recipe, i);
    if (entry)
        *need = (struct recipe_need){ entry->op->table, entry->file, entry->place };
    return entry != NULL;
}

static int check_mean_image(const struct entry *e, const struct tensor *t, struct error *err)
{
    if (t->rank != 3 || t->shape[0] != 3)
        return error_set(err, ERROR_USAGE, e->place, "mean_image of %s is not (3,h,w)", e->file);
    if (e->varies || t->shape[2] != e->width || t->shape[1] != e->height)
        return error_set(err, ERROR_USAGE, e->place,
                         "the mean image of %s is %d x %d, the picture here %s%s: let "
                         "resize_short and center_crop to the mean image's size stand before",
                         e->file, (int)t->shape[2], (int)t->shape[1], e->varies ? "varies" : "is ",
                         e->varies ? " in size" : "of another size");
    return 0;
}

static int check_whitening(const struct recipe *recipe, const struct entry *e,
                           const struct tensor *t, const struct tensor *center, struct error *err)
{
    int64_t values = 3 * (int64_t)recipe->width * recipe->height;
    if (t->rank != 2 || t->shape[0] != t->shape[1] || !center || center->rank != 1 ||
        center->shape[0] != t->shape[0])
        return error_set(err, ERROR_USAGE, e->place,
                         "whitening of %s is not (d,d) with whitening_mean (d)", e->file);
    if (!recipe->fixed_size)
        return error_set(err, ERROR_USAGE, e->place,
                         "the pictures that are whitened vary in size; let center_crop or "
                         "random_crop stand before");
    if (values != t->shape[0])
        return error_set(err, ERROR_USAGE, e->place,
                         "the whitening of %s is for %d values, the recipe's pictures have %lld: "
                         "run nndata stats with their size",
                         e->file, (int)t->shape[0], (long long)values);
    return 0;
}

/* A copy as floats, every value finite. */
static float *copy(const struct entry *e, const struct tensor *t, struct error *err)
{
    size_t count = tensor_count(t);
    if (t->dtype != DTYPE_F32) {
        error_set(err, ERROR_USAGE, e->place, "the table of %s is %s; must be F32", e->file,
                  dtype_name(t->dtype));
        return NULL;
    }
    const float *from = t->data;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(from[i])) {
            error_set(err, ERROR_USAGE, e->place, "value %zu of the table of %s is not finite", i,
                      e->file);
            return NULL;
        }
    float *to = memory_array(count, sizeof(*to), err);
    return to ? memcpy(to, from, count * sizeof(*to)) : NULL;
}

static int check_hash(struct entry *e, const struct tensor *t, struct error *err)
{
    char hash[17];
    snprintf(hash, sizeof(hash), "%016" PRIx64, hash64(t->data, tensor_bytes(t)));
    if (e->hash[0] && strcmp(e->hash, hash) != 0)
        return error_set(err, ERROR_USAGE, e->place,
                         "the table of %s has hash %s, the config names %s: it is another file",
                         e->file, hash, e->hash);
    memcpy(e->hash, hash, sizeof(hash));
    e->v[HASH].text = e->hash;
    return 0;
}

int recipe_give(struct recipe *recipe, int i, const struct tensor *tensor,
                const struct tensor *center, struct error *err)
{
    struct entry *e = (struct entry *)find(recipe, i); /* the recipe is not const here */
    struct output_tables *t = &recipe->tables;
    bool whitens = e->op->table == TABLE_WHITENING;
    if ((whitens ? check_whitening(recipe, e, tensor, center, err)
                 : check_mean_image(e, tensor, err)) < 0 ||
        check_hash(e, tensor, err) < 0)
        return -1;
    output_tables_release(t);
    float *table = copy(e, tensor, err);
    if (!table)
        return -1;
    if (!whitens) {
        t->mean_image = table;
        t->mean_width = (int)tensor->shape[2];
        t->mean_height = (int)tensor->shape[1];
        return 0;
    }
    t->whitening = table;
    t->values = (size_t)tensor->shape[0];
    t->center = copy(e, center, err);
    return t->center ? 0 : -1;
}

const struct output_tables *recipe_tables(const struct recipe *recipe)
{
    return recipe->tables.mean_image || recipe->tables.whitening ? &recipe->tables : NULL;
}
