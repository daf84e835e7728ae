/*
 * The verdicts of a sweep's steps (steps/<k>-<name>.json below a root), read when they change.
 *
 *     struct board_steps steps = { 0 };
 *     if (board_steps_update(&steps, roots, count, &changed, &err) < 0) ...
 *     buffer_append(&json, steps.text.data, steps.text.size, &err);       // [{"step":"init", ...}]
 *     board_steps_release(&steps);
 */
#ifndef TENFOLD_TRAIN_BOARD_STEPS_H
#define TENFOLD_TRAIN_BOARD_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct board_steps {
    struct buffer text; /* owned: a JSON array, in order of the roots and of k */
    uint64_t seen;      /* hash of what the files were when they were read */
};

/* Files that hold no object are left out; a root without steps has none. */
int board_steps_update(struct board_steps *steps, const char *const *roots, int count,
                       bool *changed, struct error *err);
void board_steps_release(struct board_steps *steps);

#endif
