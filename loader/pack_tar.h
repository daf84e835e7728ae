/*
 * Members of a WebDataset tar, written so that the same members give the same bytes: ustar, with a
 * pax header where a name is long, owner, group and time 0.
 *
 *     struct tar_writer tar = { .stream = file_stream(out), .path = "out/shard-000000.tar" };
 *     uint64_t offset;                                    // where the member's bytes lie
 *     if (tar_put(&tar, "n01440764/x", "jpg", bytes, size, &offset, &err) < 0 ||
 *         tar_put(&tar, "n01440764/x", "cls", "0", 1, NULL, &err) < 0 || tar_end(&tar, &err) < 0)
 *         ...
 *     tar_release(&tar);
 *
 * In WebDataset a key ends at the first dot behind the last slash. In a key that has a dot or a
 * percent sign there, those are written as %2e and %25, and the member gets the pax record
 * TENFOLD.key, which loader/index reads and other programs pass over.
 */
#ifndef TENFOLD_LOADER_PACK_TAR_H
#define TENFOLD_LOADER_PACK_TAR_H

#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/error.h"

struct tar_writer {
    FILE *stream;             /* borrowed */
    const char *path;         /* borrowed: for messages */
    uint64_t at;              /* bytes written */
    struct buffer name, meta; /* owned: scratch */
};

/* The key must have passed tar_check_key. `offset` may be NULL. */
int tar_put(struct tar_writer *tar, const char *key, const char *extension, const void *data,
            size_t size, uint64_t *offset, struct error *err);
/* The end mark. */
int tar_end(struct tar_writer *tar, struct error *err);
void tar_release(struct tar_writer *tar);

/* What a member of `size` bytes takes with its header, but without a pax header. */
uint64_t tar_room(uint64_t size);

/* ERROR_DATA for a key that would lead out of the folder that the tar is unpacked to, or whose name
 * is longer than loader/index reads. */
int tar_check_key(const char *key, struct error *err);

#endif
