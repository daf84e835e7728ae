/*
 * One shard being written: its tar, and its index beside it. Both have temporary names until the
 * shard is closed.
 *
 *     struct shard_out o = { 0 };
 *     if (shard_out_open(&o, "out/packed", "shard", 3, &err) < 0 ||
 *         shard_out_add(&o, &row, &bytes, &err) < 0 || shard_out_close(&o, &plan, &err) < 0) ...
 *     shard_out_release(&o);                          // what was not closed leaves nothing behind
 */
#ifndef TENFOLD_LOADER_PACK_OUT_H
#define TENFOLD_LOADER_PACK_OUT_H

#include <stdbool.h>

#include "base/file.h"
#include "loader/pack_folder.h"
#include "loader/pack_shard.h"
#include "loader/pack_tar.h"

struct shard_out {
    uint64_t shard;
    struct file_out *file; /* owned; NULL: none is open */
    struct tar_writer tar;
    struct buffer rows; /* owned: of the index */
    char path[PACK_PATH], index_path[PACK_PATH];
};

/* After a close or on an empty struct; buffers are reused. */
int shard_out_open(struct shard_out *o, const char *out, const char *prefix, uint64_t s,
                   struct error *err);
bool shard_out_is_open(const struct shard_out *o);
/* The row's offset is filled in. A skipped image gets a row and no member. */
int shard_out_add(struct shard_out *o, struct pack_row *row, const struct buffer *bytes,
                  struct error *err);
/* Both files synced and put in their places, the index first. */
int shard_out_close(struct shard_out *o, const struct pack_plan *plan, struct error *err);
void shard_out_release(struct shard_out *o);

#endif
