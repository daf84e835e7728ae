/*
 * Several networks as one: the mean of their probabilities (Hansen and Salamon, "Neural Network
 * Ensembles", PAMI 1990; probabilities, not logits, so that a network that is sure counts no more
 * than a vote).
 *
 *     const char *hashes[] = { hash_a, hash_b };
 *     struct prediction mean;
 *     if (ensemble_mean(p, hashes, 2, &mean, &err) < 0) ...
 *     prediction_release(&mean);
 */
#ifndef TENFOLD_EVAL_ENSEMBLE_H
#define TENFOLD_EVAL_ENSEMBLE_H

#include "eval/predict.h"

/* `out` gets the mean of the `models` predictions `p`, which must cover the same ids with the same
 * labels and number of classes (ERROR_DATA otherwise). Sums run in double in the order of `hashes`
 * (model_hash), so that the order of the arguments changes no bit. `out` is filled on success and
 * untouched on failure. */
int ensemble_mean(const struct prediction *p, const char *const *hashes, int models,
                  struct prediction *out, struct error *err);

/* The order of the sums: order[i] is the member that comes i-th (models places). */
void ensemble_order(const char *const *hashes, int models, int *order);

#endif
