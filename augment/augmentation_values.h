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

/* `v` of a SIZE_ROW: one whole number for both sides, or height and width. */
int size_check(const union value *v, const struct node *node, struct error *err);
void size_of(const union value *v, int *width, int *height);

/* All channels of the plan's fill. */
void fill_with(struct plan *plan, double level);

#endif
