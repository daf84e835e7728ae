/*
 * A shard's index, the file beside it that says what lies where (docs/formats.md):
 *
 *     tenfold-pack 1
 *     {"pack": {...}, "shard": 0, "first": 0, "samples": 2, "source_bytes": 4711, "tar_bytes":
 * 10240} rewritten TAB 512 TAB 1702 TAB 0 TAB 5d0b1c2f TAB n01440764/x TAB
 *     ...
 *
 * A row: kind, offset, size, label, CRC-32, key, reason. Reading one:
 *
 *     struct pack_shard shard;
 *     struct pack_row row;
 *     if (pack_shard_open(&shard, "out/shard-000000.idx", &err) < 0) ...
 *     while ((rc = pack_shard_next(&shard, &row, &err)) == 1) ...
 *     pack_shard_close(&shard);
 */
#ifndef TENFOLD_LOADER_PACK_SHARD_H
#define TENFOLD_LOADER_PACK_SHARD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "loader/pack_image.h"

struct pack_row {
    enum pack_kind kind;
    uint64_t offset, size; /* of the image's bytes in the tar; 0 when skipped */
    int64_t label;
    uint32_t crc;
    const char *key, *reason; /* borrowed */
};

/* Begin the text of an index; takes the reference to `head`. The rows come behind it. */
int pack_shard_begin(struct buffer *text, json_t *head, struct error *err);
int pack_shard_add(struct buffer *text, const struct pack_row *row, struct error *err);

struct pack_shard {
    json_t *head;       /* owned */
    struct buffer text; /* owned */
    char *at;           /* the next row */
    const char *path;   /* borrowed */
    uint64_t rows;      /* read */
};

/* Is `path` such a file? */
bool pack_shard_is(const char *path);
/* The head alone, of which little is read; the caller owns it. NULL with err filled. */
json_t *pack_shard_head(const char *path, struct error *err);
/* A number of a head; 0 where it has none. */
uint64_t pack_head_number(const json_t *head, const char *name);
/* ERROR_DATA when it is no such file, or not whole. `path` must outlive the shard. */
int pack_shard_open(struct pack_shard *shard, const char *path, struct error *err);
/* 1: a row, whose texts are borrowed from the shard; 0: there is none left. */
int pack_shard_next(struct pack_shard *shard, struct pack_row *row, struct error *err);
void pack_shard_close(struct pack_shard *shard);

#endif
