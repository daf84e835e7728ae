/*
 * A data set packed into WebDataset shards: JPEGs rewritten without loss and with restart markers
 * (pack_jpeg.h), everything else as it is. The result has the same keys, labels, order, hash and
 * pixels as its source. OUT gets
 *
 *     <prefix>-000000.tar ...    the shards, members <key>.jpg or .png and <key>.cls (the label)
 *     <prefix>-000000.idx ...    what lies in them (pack_shard.h)
 *     pack.json                  data set, options, totals, class names; when every shard is there
 *
 * The bytes depend on the source and the options, not on threads or processes. A shard appears by
 * rename when it is whole, and its index before it, so that a run that was ended is gone on with
 * where it was.
 *
 *     struct pack_options o = pack_defaults();
 *     struct pack_result result;
 *     if (pack_run(index, "out/packed", &o, &result, &err) < 0) ...
 */
#ifndef TENFOLD_LOADER_PACK_H
#define TENFOLD_LOADER_PACK_H

#include <signal.h>
#include <stdbool.h>

#include "loader/index.h"
#include "loader/pack_image.h"

enum pack_bad { PACK_BAD_KEEP, PACK_BAD_SKIP, PACK_BAD_FAIL };

struct pack_options {
    uint64_t shard_bytes; /* of the source's files, with their members' headers */
    const char *prefix;
    struct pack_form form;
    enum pack_bad on_error;            /* what becomes of an image that does not decode */
    uint64_t part, parts;              /* this process makes the shards s with s % parts == part */
    int threads;                       /* 0: as many as this process may use */
    const char *report;                /* JSON lines of what is not as it should be; NULL: none */
    bool quiet;                        /* no progress on standard error */
    const volatile sig_atomic_t *stop; /* borrowed: not 0 ends the run; may be NULL */
};

struct pack_options pack_defaults(void);

/* Of this process's shards, also those that were there already. */
struct pack_result {
    uint64_t shards, shards_made, all_shards;
    bool complete; /* every shard of all processes is there, and pack.json */
    uint64_t images, source_bytes, bytes, tar_bytes, unlabeled;
    uint64_t kinds[PACK_KINDS];
    char example[PACK_KINDS][400]; /* the first image of each kind that has a reason */
    uint64_t images_made;          /* in this run */
    double seconds;
};

/* ERROR_DATA when OUT holds shards of another pack, or for an image that does not decode under
 * PACK_BAD_FAIL; ERROR_INTERRUPTED after *stop. Whole shards stay, and nothing else does. */
int pack_run(const struct index *index, const char *out, const struct pack_options *options,
             struct pack_result *result, struct error *err);

#endif
