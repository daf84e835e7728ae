/* The tables of the preprocessing in a weights file: what weights.c and model_open.c share. */
#ifndef TENFOLD_MODEL_WEIGHTS_PRIVATE_H
#define TENFOLD_MODEL_WEIGHTS_PRIVATE_H

#include "augment/preprocess.h"
#include "base/safetensors.h"

enum { WEIGHTS_TABLES = 2 }; /* at most */

bool weights_is_table(const char *name);

/* The tables as tensors for a file; how many. They borrow from `preprocess`. */
size_t weights_tables(const struct preprocess *preprocess,
                      struct safetensors_item items[WEIGHTS_TABLES]);

/* Fill the tables that `preprocess->output` asks for. ERROR_DATA at `path`: one is missing, does
 * not fit the preprocessing, or is there though nothing asks for it. */
int weights_tables_load(struct preprocess *preprocess, const struct safetensors *file,
                        const char *path, struct error *err);

#endif
