/*
 * A shard's results as far as they are: a file that grows by one frame for each group that is done,
 * in any order. A frame carries its hash, so that after a kill or a crash what counts is exactly
 * what arrived whole.
 *
 *     struct part *part;
 *     if (part_open(&part, "out/.shard-0003-of-0016.part", &head, &err) < 0) ...
 *     if (!part_has(part, group) && part_append(part, group, payload, &err) < 0) ...
 *     if (part_read(part, group, 0, size, data, &err) < 0) ...
 *     part_close(part);
 */
#ifndef TENFOLD_EVAL_PREDICT_PART_H
#define TENFOLD_EVAL_PREDICT_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct part;

struct part_head {
    char identity[65];            /* SHA-256 of what is predicted, as 64 hex digits */
    char kernels[64];             /* what the last bits depend on beside it */
    uint64_t payload;             /* bytes of a frame */
    uint64_t first_group, groups; /* groups that the shard has */
};

/* Open or make `path`, and keep other processes from it as long as it is open (ERROR_FAILED when
 * one has it). A file of other kernels is begun anew, and *begun_anew says so; one of another
 * identity is ERROR_USAGE. Whatever lies behind the last whole frame is cut off. */
int part_open(struct part **part, const char *path, const struct part_head *head, bool *begun_anew,
              struct error *err);

bool part_has(const struct part *part, uint64_t group); /* as it was when opened; any thread */
uint64_t part_count(const struct part *part);           /* groups, those appended since, too */

/* One caller at a time. On disk at the latest a few seconds later, or with part_sync. */
int part_append(struct part *part, uint64_t group, const void *payload, struct error *err);
int part_sync(struct part *part, struct error *err);

/* `size` bytes of a group's payload from `offset` on. */
int part_read(const struct part *part, uint64_t group, uint64_t offset, size_t size, void *data,
              struct error *err);

void part_close(struct part *part); /* NULL is a no-op */

#endif
