/*
 * The folder of a pack: its files' names, and what an earlier run left in it.
 *
 *     bool *there = memory_array(plan.shards, sizeof(*there), &err);
 *     if (pack_folder_check("out/packed", &index, &plan, "shard", there, &err) < 0) ...
 *     if (pack_folder_clean("out/packed", "shard", 0, 1, &err) < 0) ...
 *     char path[PACK_PATH];
 *     pack_path(path, "out/packed", "shard", 3, "tar");
 */
#ifndef TENFOLD_LOADER_PACK_FOLDER_H
#define TENFOLD_LOADER_PACK_FOLDER_H

#include <stdbool.h>

#include "loader/pack_plan.h"

enum { PACK_PATH = 4096 };

/* "out/shard-000003.tar". */
void pack_path(char path[PACK_PATH], const char *out, const char *prefix, uint64_t s,
               const char *extension);

/* ERROR_USAGE when the prefix is no plain name, the path is too long, or `out` lies in the folder
 * that is packed. */
int pack_folder_names(const char *out, const char *prefix, const struct index *index,
                      struct error *err);

/* Which shards of the plan are `there`, whole. ERROR_DATA when a tar or a pack.json is of another
 * pack, or damaged. A folder that does not exist is an empty one. */
int pack_folder_check(const char *out, const struct pack_plan *plan, const char *prefix,
                      bool *there, struct error *err);

/* Remove the temporary files that a run of the same part left when it was killed. */
int pack_folder_clean(const char *out, const char *prefix, uint64_t part, uint64_t parts,
                      struct error *err);

#endif
