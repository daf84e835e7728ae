/*
 * What a pack amounts to, read from its shards' indexes: the account of one process, the report,
 * and pack.json once every shard is there. So it is the same however often the pack was
 * interrupted.
 *
 *     if (pack_summary(&result, index, out, &plan, there, &options, &err) < 0) ...
 */
#ifndef TENFOLD_LOADER_PACK_SUMMARY_H
#define TENFOLD_LOADER_PACK_SUMMARY_H

#include "loader/pack_plan.h"

/* `there`: which shards of the plan are whole, this process's all. Adds to `result`. */
int pack_summary(struct pack_result *result, const struct index *index, const char *out,
                 const struct pack_plan *plan, const bool *there,
                 const struct pack_options *options, struct error *err);

#endif
