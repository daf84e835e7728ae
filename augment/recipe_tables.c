/* Tables that entries of a recipe take from files: the loader asks for them and gives them. */
#include <inttypes.h>
#include <stdio.h>
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

static int check_mean_image(const struct recipe *recipe, const struct entry *e, struct error *err)
{
    const struct output_tables *t = &recipe->tables;
    if (e->varies || t->mean_width != e->width || t->mean_height != e->height)
        return error_set(err, ERROR_USAGE, e->place,
                         "the mean image of %s is %d x %d, the picture here %s%s: let "
                         "resize_short and center_crop to the mean image's size stand before",
                         e->file, t->mean_width, t->mean_height, e->varies ? "varies" : "is ",
                         e->varies ? " in size" : "of another size");
    return 0;
}

static int check_whitening(const struct recipe *recipe, const struct entry *e, struct error *err)
{
    size_t values = 3 * (size_t)recipe->width * (size_t)recipe->height;
    if (!recipe->fixed_size)
        return error_set(err, ERROR_USAGE, e->place,
                         "the pictures that are whitened vary in size; let center_crop or "
                         "random_crop stand before");
    if (values != recipe->tables.values)
        return error_set(err, ERROR_USAGE, e->place,
                         "the whitening of %s is for %zu values, the recipe's pictures have %zu: "
                         "run nndata stats with their size",
                         e->file, recipe->tables.values, values);
    return 0;
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
    int rc = e->op->table == TABLE_WHITENING
                 ? output_take_whitening(t, tensor, center, e->place, e->file, err)
                 : output_take_mean_image(t, tensor, e->place, e->file, err);
    if (rc == 0)
        rc = e->op->table == TABLE_WHITENING ? check_whitening(recipe, e, err)
                                             : check_mean_image(recipe, e, err);
    return rc < 0 ? -1 : check_hash(e, tensor, err);
}

const struct output_tables *recipe_tables(const struct recipe *recipe)
{
    return recipe->tables.mean_image || recipe->tables.whitening ? &recipe->tables : NULL;
}
