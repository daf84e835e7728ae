/*
 * All that a training needs to go on as if it had never stopped, as one file: the network's
 * tensors, blocks of numbers that others keep (the optimizer's, averages), a state and the config
 * as JSON. docs/formats.md.
 *
 *     struct checkpoint_block blocks[] = { { "optimizer.v", v, n } };
 *     if (checkpoint_save(path, net, blocks, 1, state, config, &err) < 0) ...
 *
 *     struct checkpoint *c;
 *     if (checkpoint_open(&c, path, &err) < 0) ...
 *     ... checkpoint_config(c), checkpoint_state(c): does it fit? ...
 *     if (checkpoint_fill(c, net, blocks, 1, &err) < 0) ...
 *     checkpoint_close(c);
 */
#ifndef TENFOLD_TRAIN_CHECKPOINT_H
#define TENFOLD_TRAIN_CHECKPOINT_H

#include <jansson.h>

#include "model/net.h"

struct checkpoint_block {
    const char *name; /* no weight's */
    float *values;    /* borrowed */
    size_t n;
};

/* Atomic: the old file or the new one. */
int checkpoint_save(const char *path, const struct net *net, const struct checkpoint_block *blocks,
                    int count, const json_t *state, const json_t *config, struct error *err);

struct checkpoint;
int checkpoint_open(struct checkpoint **checkpoint, const char *path, struct error *err);
const json_t *checkpoint_state(const struct checkpoint *checkpoint); /* borrowed, an object */
const json_t *checkpoint_config(const struct checkpoint *checkpoint);
/* Nothing is written unless everything fits: ERROR_DATA names what does not. */
int checkpoint_fill(const struct checkpoint *checkpoint, struct net *net,
                    const struct checkpoint_block *blocks, int count, struct error *err);
void checkpoint_close(struct checkpoint *checkpoint); /* NULL is a no-op */

#endif
