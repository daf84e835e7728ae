/*
 * What happens to a batch: position i of the stream is mixed with position i xor 1 (the order is
 * already a random permutation), in place, by whoever finishes the pair. Zhang et al., "mixup:
 * Beyond Empirical Risk Minimization", arXiv:1710.09412.
 *
 *     mix:
 *       - mixup: {alpha: 0.2, lambda: batch}      # or pair
 */
#ifndef TENFOLD_AUGMENT_MIX_H
#define TENFOLD_AUGMENT_MIX_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "augment/render.h"
#include "base/config.h"

struct mix; /* opaque, read-only once open */

/* `list` NULL or empty: *mix becomes NULL, nothing is mixed. */
int mix_open(struct mix **mix, const struct node *list, uint64_t augment_seed, struct error *err);

/* The lambda of the pair that holds stream position `position` of `epoch` in global batch `batch`:
 * Beta(alpha, alpha). The even position of the pair gets lambda * own + (1 - lambda) * partner, and
 * so does the odd one. */
double mix_lambda(const struct mix *mix, uint64_t batch, uint64_t position, uint32_t epoch);

/* Mix two samples of `count` values each in place: a' = lambda a + (1-lambda) b, b' = lambda b +
 * (1-lambda) a. F32, F16 and BF16 in float; U8 in 16-bit fixed point, rounded to nearest. */
void mix_pair(double lambda, enum dtype dtype, size_t count, void *a, void *b);

json_t *mix_json(const struct mix *mix, struct error *err); /* [] for NULL */
void mix_close(struct mix *mix);

#endif
