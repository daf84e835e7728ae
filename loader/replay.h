/*
 * One sample exactly as training saw it in an epoch: its plan as JSON, its tensor's checksum, and a
 * picture of the original beside what was made of it.
 *
 *     json_t *plan;
 *     struct canvas *picture;
 *     if (replay(&job, id, epoch, &picture, &plan, &err) < 0) ...
 *
 * Mixing is another sample's doing as well and is left out; the JSON says so.
 */
#ifndef TENFOLD_LOADER_REPLAY_H
#define TENFOLD_LOADER_REPLAY_H

#include <jansson.h>

#include "base/canvas.h"
#include "loader/worker.h"

/* The sample of key `text`, or, where no key is like it, of that number. ERROR_USAGE when there is
 * neither. */
int replay_find(const struct index *index, const char *text, uint64_t *id, struct error *err);

/* {id, key, label, place, epoch, size, dtype, layout, hash (hash64 of the tensor, hexadecimal),
 * plan}. The caller owns both results. */
int replay(const struct worker_job *job, uint64_t id, uint32_t epoch, struct canvas **picture,
           json_t **description, struct error *err);

#endif
