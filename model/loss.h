/*
 * Losses of a batch: softmax and cross-entropy, and the lecture's multiclass hinge.
 *
 *     struct targets targets = { .label = label, .smoothing = 0.1f };
 *     double loss = loss_run(logits, &targets, b, k, gradient, &correct);
 */
#ifndef TENFOLD_MODEL_LOSS_H
#define TENFOLD_MODEL_LOSS_H

#include <stdint.h>

enum loss_kind { LOSS_CROSS_ENTROPY, LOSS_HINGE };
extern const char *const loss_names[]; /* by kind; ends with NULL */

/* Soft labels as triples: target = lambda * one_hot(label) + (1 - lambda) * one_hot(label_b),
 * smoothed to (1 - smoothing) * target + smoothing / k. label -1 or weight 0 takes no part. */
struct targets {
    enum loss_kind loss;
    const int64_t *label, *label_b; /* (b); label_b NULL: hard labels */
    const float *lambda;            /* (b) or NULL */
    const float *weight;            /* (b) or NULL: all 1 */
    const float *soft; /* (b,k), sums of 1, or NULL: the targets themselves, nothing is smoothed */
    float smoothing;
};

/* p (k) = softmax of z (k): exp(z - max z) / sum, in double, rounded once. */
void softmax(const float *z, int k, float *p);

/* Mean over the taking-part samples of -sum_j t_j log p_j; `gradient` (b,k) gets d loss / d logits
 * unless NULL. `correct` gets how many have argmax = label (of the larger share) unless NULL.
 * logits (b,k). */
double softmax_cross_entropy(const float *logits, const struct targets *targets, int b, int k,
                             float *gradient, int *correct);

/* The same for the multiclass support vector machine (Weston and Watkins, 1999; the lecture's):
 * L = sum_{j != y} max(0, s_j - s_y + 1) for a sample of class y, and for a soft target
 * sum_y t_y L(y). */
double multiclass_hinge(const float *logits, const struct targets *targets, int b, int k,
                        float *gradient, int *correct);

/* The one that targets->loss names. */
double loss_run(const float *logits, const struct targets *targets, int b, int k, float *gradient,
                int *correct);

#endif
