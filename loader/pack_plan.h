/*
 * Which samples go into which shard, decided before anything is packed, so that processes can share
 * the work and a run that was killed can be gone on with: in order of id, cut by the bytes of the
 * source.
 *
 *     struct pack_plan plan;
 *     if (pack_plan_make(&plan, index, pool, &options, &err) < 0) ...
 *     // shard s has the ids plan.first[s] .. plan.first[s + 1] - 1
 *     pack_plan_release(&plan);
 */
#ifndef TENFOLD_LOADER_PACK_PLAN_H
#define TENFOLD_LOADER_PACK_PLAN_H

#include <jansson.h>

#include "base/thread.h"
#include "loader/index.h"
#include "loader/pack.h"

struct pack_plan {
    uint64_t shards;
    uint64_t *first;       /* owned: shards + 1 */
    uint32_t *sizes;       /* owned: by id, bytes in the source */
    uint64_t source_bytes; /* of all samples */
    json_t *identity;      /* owned: data set and options; shards of one pack have the same */
};

/* ERROR_DATA where a sample cannot be packed by its key or its size, or a file is gone. */
int pack_plan_make(struct pack_plan *plan, const struct index *index, struct pool *pool,
                   const struct pack_options *options, struct error *err);
/* Bytes in the source of the samples of shard s. */
uint64_t pack_plan_bytes(const struct pack_plan *plan, uint64_t s);
void pack_plan_release(struct pack_plan *plan);

#endif
