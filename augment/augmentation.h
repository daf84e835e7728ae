/*
 * An augmentation is one file that ends in one const descriptor. It draws: it writes its decision
 * into the plan. It keeps no state, allocates nothing, and takes chance only from the `rng` it is
 * handed.
 *
 *     const struct augmentation augment_hflip = {
 *         .name = "hflip", .summary = "mirror left-right", .source = "...", .params = params, .draw
 * = draw,
 *     };
 *
 * To add one: write augment/<name>.c, add its line to augment/augmentations.c, add its case to
 * tests/.
 */
#ifndef TENFOLD_AUGMENT_AUGMENTATION_H
#define TENFOLD_AUGMENT_AUGMENTATION_H

#include "augment/plan.h"
#include "augment/raster.h"
#include "base/param.h"
#include "base/rng.h"

/* What an output stage takes from the file that its first two rows name (TABLE_FILE_ROW). */
enum augmentation_table { TABLE_NONE, TABLE_MEAN_IMAGE, TABLE_WHITENING };

/* What an augmentation decides about. A recipe names geometry before what erases, and before a
 * policy that runs its steps one by one. */
enum augmentation_kind {
    AUGMENT_GEOMETRY,
    AUGMENT_COLOR,
    AUGMENT_ERASE,  /* written behind all colors, whatever the recipe's order */
    AUGMENT_POLICY, /* geometry and color, drawn from a published list */
    AUGMENT_OUTPUT,
};

struct augmentation {
    const char *name;
    const char *summary; /* a line for --help and `nndata ops` */
    const char *source;  /* paper or equation, or the library whose conventions it has */
    enum augmentation_kind kind;
    const struct param *params; /* ends with a nameless row */
    enum augmentation_table table;
    /* Turn short forms into the values that they stand for; no text is left afterwards, since a
     * recipe outlives its config. Before `check`; may be NULL. */
    int (*resolve)(union value *v, const struct node *node, struct error *err);
    /* Values that are each inside their limits but do not fit together: ERROR_USAGE. May be NULL.
     */
    int (*check)(const union value *v, const struct node *node, struct error *err);
    /* Write the decision. The current output size is in the plan. Fails with ERROR_USAGE where it
     * cannot be applied to this image or plan (a crop larger than the image without padding). */
    int (*draw)(struct plan *plan, const union value *v, struct rng *rng, struct error *err);
    /* The most stages (plan.h) that it may run one by one with these values: 0 where all it draws
     * is composed. NULL: always 0. */
    int (*stages)(const union value *v);
    /* Execute an entry of kind COLOR_STEP that names this augmentation: one of these two, or
     * neither where the plan's numbers say it all. `apply` works in 8 bits on the output picture,
     * and what comes before it is rounded. */
    int (*apply)(const struct plan_color *step, struct raster *raster, struct error *err);
    /* A step that looks at one pixel at a time, in floats: n pixels in planes of levels, not
     * clamped, the first being pixel `first` of the picture, which is a multiple of 32. */
    void (*apply_pixels)(const struct plan_color *step, size_t first, size_t n, float *r, float *g,
                         float *b);
    /* Values from weak to strong, as they would stand behind the name in a recipe, for pictures of
     * what it does; ends with NULL. NULL: the defaults, drawn several times. */
    const char *const *strip;
};

/* All augmentations, in the order of the manual; ends with NULL. */
extern const struct augmentation *const augmentations[];

/* What a recipe's line takes besides `params`: `p`, the probability of applying it at all, where
 * the augmentation has none of its own and is no output stage. Ends with a nameless row. */
const struct param *augmentation_more(const struct augmentation *op);

/* NULL when there is none of that name. */
const struct augmentation *augmentation_find(const char *name);
/* The name nearest to `name`, NULL when none is near. */
const char *augmentation_nearest(const char *name);
/* Its place in `augmentations`, which must have it: what a step's `op` is. */
int augmentation_place(const struct augmentation *op);

#endif
