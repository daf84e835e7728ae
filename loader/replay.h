/*
 * One sample exactly as training saw it in an epoch: its plan as JSON, its tensor's checksum, and a
 * picture of the original beside what was made of it, mixed with its partner where the recipe
 * mixes.
 *
 *     json_t *plan;
 *     struct canvas *picture;
 *     struct replay_job r = { .job = job, .mix = mix, .options = &options };
 *     if (replay(&r, id, epoch, &picture, &plan, &err) < 0) ...
 */
#ifndef TENFOLD_LOADER_REPLAY_H
#define TENFOLD_LOADER_REPLAY_H

#include <jansson.h>

#include "augment/mix.h"
#include "base/canvas.h"
#include "loader/stream.h"
#include "loader/worker.h"

/* The sample of key `text`, or, where no key is like it, of that number. ERROR_USAGE when there is
 * neither. */
int replay_find(const struct index *index, const char *text, uint64_t *id, struct error *err);

struct replay_job {
    struct worker_job job;
    const struct mix *mix;                /* borrowed; NULL: nothing is mixed */
    const struct stream_options *options; /* borrowed: seeds, batch and last tell the partner */
};

/* {id, key, label, place, epoch, size, dtype, layout, hash (hash64 of the tensor, hexadecimal),
 * mixing, plan}; mixing is null, or {kind, lambda, box, partner: {id, key, label, plan}}, or the
 * reason why this sample was not mixed. The caller owns both results. */
int replay(const struct replay_job *r, uint64_t id, uint32_t epoch, struct canvas **picture,
           json_t **description, struct error *err);

#endif
