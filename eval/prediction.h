/*
 * Probabilities of one model (or ensemble) for a run of samples, in memory and as a file.
 *
 *     struct prediction p;
 *     if (prediction_init(&p, 10000, 10, &err) < 0) ...
 *     if (prediction_save("resnet20.safetensors", &p, index, metadata, &err) < 0) ...
 *     prediction_release(&p);
 */
#ifndef TENFOLD_EVAL_PREDICTION_H
#define TENFOLD_EVAL_PREDICTION_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "loader/index.h"

struct prediction {
    uint64_t n;
    int k;          /* classes */
    float *probs;   /* (n,k), mean over the views, owned */
    int64_t *label; /* (n), -1 unknown, owned */
    int64_t *id;    /* (n), owned */
};

/* n rows of zeros, labels and ids too. Release it when done. */
int prediction_init(struct prediction *p, uint64_t n, int k, struct error *err);

/* Write `p` as safetensors, atomically: `probs` (n,k) F32, `label`, `id`, `key_hash` (n) I64, the
 * last being hash64 of the sample's key. `metadata` is an object of strings that says where they
 * came from; "kind": "probs" joins it. */
int prediction_save(const char *path, const struct prediction *p, const struct index *index,
                    const json_t *metadata, struct error *err);

void prediction_release(struct prediction *p);

#endif
