/*
 * What two resolved configs differ in, for a person to read.
 *
 *     struct buffer text = { 0 };
 *     int changes = config_changes(before, now, ignored, &text, &err);
 *     -> "train.lr was 0.1, is 0.05; augment.1.hflip.p was 0.5, is missing"
 */
#ifndef TENFOLD_TRAIN_CONFIG_CHANGE_H
#define TENFOLD_TRAIN_CONFIG_CHANGE_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/error.h"

/* How many values differ, or -1. `ignored` are dotted paths that do not count, NULL-terminated;
 * NULL: none. `text` gets the first dozen. */
int config_changes(const json_t *before, const json_t *now, const char *const *ignored,
                   struct buffer *text, struct error *err);

#endif
