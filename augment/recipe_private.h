/* What recipe.c and recipe_tables.c share. */
#ifndef TENFOLD_AUGMENT_RECIPE_PRIVATE_H
#define TENFOLD_AUGMENT_RECIPE_PRIVATE_H

#include "augment/recipe.h"

enum { ENTRIES_MAX = 64, VALUES_MAX = 16 };

struct entry {
    const struct augmentation *op;
    union value v[VALUES_MAX];
    double p; /* 1: always */
    struct rng_key key;
    char place[300];   /* file:line */
    char *file;        /* owned: of an op that takes a table */
    char hash[17];     /* that the table must have; "": any */
    bool varies;       /* the picture where it stands, as the trial found: in size, */
    int width, height; /* or of this one */
};

struct recipe {
    int count;
    struct entry entries[ENTRIES_MAX];
    struct plan_output output;
    bool fixed_size;
    int width, height; /* where fixed_size */
    struct output_tables tables;
};

/* Take over the file and hash rows of an entry whose op takes a table. */
int recipe_keep_file(struct entry *entry, struct error *err);

#endif
