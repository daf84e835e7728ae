/*
 * The files that a recipe's output stage takes tables from (a mean image, a whitening matrix), read
 * and given to it.
 *
 *     if (tables_read(recipe, &err) < 0) ...        // once, behind recipe_open
 */
#ifndef TENFOLD_LOADER_TABLES_H
#define TENFOLD_LOADER_TABLES_H

#include "augment/recipe.h"

/* Paths are taken from the working folder, as data's. ERROR_USAGE or ERROR_DATA names file and
 * config line. */
int tables_read(struct recipe *recipe, struct error *err);

#endif
