/*
 * A recipe is the `augment:` list of a config, read and checked: which augmentations, in which
 * order, with which values; and the draw of one sample's plan from it.
 *
 *     struct recipe *recipe;
 *     if (recipe_open(&recipe, node_get(config_root(c), "augment"), augment_seed, &err) < 0) ...
 *     recipe_draw(recipe, id, epoch, width, height, &plan, &err);   // pure: any thread
 *     recipe_close(recipe);
 *
 *     augment:
 *       - scale_jitter: {min: 256, max: 480}
 *       - random_crop: {size: 224}
 *       - hflip
 *       - normalize
 *
 * An entry is a name, or a map of one name to its values (and optionally `p`, the probability of
 * applying it at all, drawn from the same stream before the op's own draws).
 */
#ifndef TENFOLD_AUGMENT_RECIPE_H
#define TENFOLD_AUGMENT_RECIPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "augment/augmentation.h"
#include "augment/output.h"
#include "augment/plan.h"
#include "base/config.h"

struct recipe; /* opaque; read-only once open, shared by all threads */

/* `list` may be NULL (no augmentation: the image as it is). Borrows nothing from the config
 * afterwards. Tried on a plan at once, so that a recipe that cannot work is refused here and not at
 * image one. */
int recipe_open(struct recipe **recipe, const struct node *list, uint64_t augment_seed,
                struct error *err);

/* Draw sample `id`'s plan for `epoch` on an image of width x height. The recipe works, so what
 * fails now is the image, too small for a crop, say: ERROR_DATA. */
int recipe_draw(const struct recipe *recipe, uint64_t id, uint32_t epoch, int width, int height,
                struct plan *plan, struct error *err);

/* A table that an entry takes from a file: what the loader reads and gives. */
struct recipe_need {
    enum augmentation_table table;
    const char *file, *place; /* borrowed */
};
/* The i-th of them; false behind the last. */
bool recipe_need(const struct recipe *recipe, int i, struct recipe_need *need);
/* `tensor` for the i-th need, with `center` for a whitening; both are copied. ERROR_USAGE at the
 * entry's line when type or shape do not fit it, the recipe's sizes or the entry's hash. */
int recipe_give(struct recipe *recipe, int i, const struct tensor *tensor,
                const struct tensor *center, struct error *err);
/* What was given, for output_form; NULL when nothing was. */
const struct output_tables *recipe_tables(const struct recipe *recipe);

/* The output size when it is the same for every image, which training needs. ERROR_USAGE (with what
 * to add) if not. */
int recipe_size(const struct recipe *recipe, int *width, int *height, struct error *err);

/* The mean and std that the recipe normalizes with (mean 0, std 1 and `normalize` false when it
 * does not). */
struct plan_output recipe_output(const struct recipe *recipe);

/* Resolved: a list of {name: {all values}}; the caller owns it. */
json_t *recipe_json(const struct recipe *recipe, struct error *err);

void recipe_close(struct recipe *recipe); /* NULL is a no-op */

#endif
