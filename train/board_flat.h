/*
 * A config as one object of dotted keys ("train.lr", "augment.1.hflip.p") with plain values, to be
 * compared with others.
 *
 *     json_t *flat = board_flat(run->config, &err);
 *     uint64_t setting = board_flat_setting(flat, run->path);
 *     json_decref(flat);
 */
#ifndef TENFOLD_TRAIN_BOARD_FLAT_H
#define TENFOLD_TRAIN_BOARD_FLAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Numbers, texts, flags and nulls; a list of those is a text ("[0.9, 0.999]"). Long texts and the
 * layers of a network stand as their size and hash, and beyond 500 keys nothing. NULL: no memory.
 */
json_t *board_flat(const json_t *config, struct error *err);

/* The key changes nothing of what is learned (threads, caches, names of folders). */
bool board_flat_is_free(const char *key);
/* Runs that differ in it alone are repetitions of one setting: a seed, or the fold of a
 * cross-validation. */
bool board_flat_is_seed(const char *key);

/* A hash of all values but those of the two kinds above; of `path` where `flat` is NULL. */
uint64_t board_flat_setting(const json_t *flat, const char *path);

#endif
