/* Rows of parameter tables that several augmentations share, and the reading of sizes. */
#ifndef TENFOLD_AUGMENT_AUGMENTATION_VALUES_H
#define TENFOLD_AUGMENT_AUGMENTATION_VALUES_H

#include "augment/augmentation.h"

extern const char *const filter_names[]; /* by enum plan_filter; ends with NULL */

#define SIZE_ROW                                                                                   \
    {                                                                                              \
        "size", PARAM_NUMBERS, "px", .min = 1, .max = 4096, .required = true,                      \
                                     .help = "output side, or [height, width]"                     \
    }
#define FILTER_ROW                                                                                 \
    {                                                                                              \
        "filter", PARAM_CHOICE, "", .help = "resampling filter, widened when shrinking",           \
                                    .choices = filter_names                                        \
    }

/* The rows of an op that takes a table from a file (struct augmentation.table): file, then hash. */
#define TABLE_FILE_ROW(what)                                                                       \
    {                                                                                              \
        "file", PARAM_FILE, "", .required = true, .help = "safetensors of nndata stats, " what     \
    }
#define TABLE_HASH_ROW                                                                             \
    {                                                                                              \
        "hash", PARAM_TEXT, "", .help = "hash64 of the table; another file is then refused"        \
    }
/* What a step that looks beyond the picture shows there, and with which filter. */
#define KEEP_FILTER_ROW                                                                            \
    {                                                                                              \
        "filter", PARAM_CHOICE, "",                                                                \
            .help = "resampling filter of the whole recipe; keep: what a line before it chose, "   \
                    "bilinear at first (torchvision's default is nearest)",                        \
            .choices = keep_filter_names                                                           \
    }
#define FILL_ROW                                                                                   \
    {                                                                                              \
        "fill", PARAM_NUMBERS, "level", .min = 0, .max = 255, .initial = "0",                      \
                                        .help = "level outside the picture, or [red, green, blue]" \
    }
#define FILL_MODE_ROW(name)                                                                        \
    {                                                                                              \
        name, PARAM_CHOICE, "",                                                                    \
            .help = "outside the picture: fill, its edge repeated, or its reflection",             \
            .choices = fill_mode_names                                                             \
    }
#define REVEAL_ROW                                                                                 \
    {                                                                                              \
        "reveal", PARAM_FLAG, "",                                                                  \
            .help = "show what the image holds outside the picture so far, beyond crops before it" \
    }
#define ANTIALIAS_ROW                                                                              \
    {                                                                                              \
        "antialias", PARAM_FLAG, "",                                                               \
            .value = 1, .help = "widen the filter where the picture shrinks (torchvision: no)"     \
    }
extern const char *const keep_filter_names[], *const fill_mode_names[];

/* `v` of a FILL_ROW has one level or three. */
int fill_check(const union value *fill, const struct node *node, struct error *err);
/* Into the plan, for the frames to come. */
void fill_set(struct plan *plan, const union value *fill, const union value *mode);
void filter_keep(struct plan *plan, const union value *filter);

/* `v` of numbers as torchvision writes ranges: one number x means [-x, x], two are low and high. */
int spread_check(const char *name, const union value *v, const struct node *node,
                 struct error *err);
double spread_draw(const union value *v, struct rng *rng);

/* `v` of a SIZE_ROW: one whole number for both sides, or height and width. */
int size_check(const union value *v, const struct node *node, struct error *err);
void size_of(const union value *v, int *width, int *height);

/* A row for the strength of a color change, as torchvision's ColorJitter takes it: one number, the
 * largest change, or [min, max] of the factor (0..100) or turn of hue (-0.5..0.5) itself. */
#define STRENGTH_ROW(row_name, lowest, highest, at_first, help_text)                               \
    {                                                                                              \
        row_name, PARAM_NUMBERS, "", .min = lowest, .max = highest, .initial = at_first,           \
                                     .help = help_text                                             \
    }

int strength_check(const union value *v, const char *name, const struct node *node,
                   struct error *err);
/* Around `center`, which is 1 for factors (never below 0) and 0 for turns. */
void strength_range(const union value *v, double center, double range[2]);
double strength_draw(const union value *v, double center, struct rng *rng);

#endif
