/*
 * What --shard says: "3/16", the fourth of sixteen parts; or "slurm", the part of this task of a
 * job array. Where a folder is filled by an array already, its predict.json knows how many parts
 * there are and which task has which, so that a few tasks can be submitted again.
 *
 *     struct shard_option shard;
 *     if (shard_option_read(&shard, "slurm", "out", &err) < 0) ...
 */
#ifndef TENFOLD_EVAL_SHARD_OPTION_H
#define TENFOLD_EVAL_SHARD_OPTION_H

#include "base/error.h"

struct shard_option {
    int shard, shards;           /* 0-based */
    int array_first, array_step; /* task of shard 0, and from one to the next */
};

/* ERROR_USAGE says what was found, in the text or in which variable, and what is accepted. */
int shard_option_read(struct shard_option *option, const char *text, const char *folder,
                      struct error *err);

#endif
