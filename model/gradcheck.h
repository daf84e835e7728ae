/*
 * Are the gradients right, and does what networks run compute what the formula says? For every
 * registered kind of layer, and every way that a kind has to compute:
 *
 * - The plain twin in double is checked by central differences on small random cases: with the
 *   analytic derivative a and the numeric n = (f(+h) - f(-h)) / 2h, h = 1e-5, of every coordinate
 * of every input and weight,  |a - n| / max(|a|, |n|, 1e-2 of the tensor's largest |a|) < 1e-6.
 *   Coordinates whose one-sided differences disagree sit on a kink and are left out, one in fifty
 * at most.
 * - The production path in float is held to the double twin on random cases of all sizes: every
 *   number of y, dx, dw and the running statistics within GRADCHECK_BOUND of its tensor's largest.
 *
 *     if (gradcheck_run(50, 50, print_line, NULL, &err) < 0) ...  // ERROR_FAILED names the kind
 */
#ifndef TENFOLD_MODEL_GRADCHECK_H
#define TENFOLD_MODEL_GRADCHECK_H

#include "base/rng.h"
#include "model/trial.h"

/* Winograd's tiles of 4x4 reach 1e-5, and so do sums over few numbers that all but cancel (the
 * gradient of a scale, batch normalization of 32 numbers); the rest stays below 4e-6. */
static const double GRADCHECK_BOUND = 5e-5;

enum { GRADCHECK_CASES = 50 }; /* of every production path, unless somebody has less time */

/* What a kind was found to be. */
struct gradcheck_line {
    const char *kind, *way;
    int differentiated, compared;             /* cases */
    long coordinates, kinks;                  /* of the differentiated ones */
    double worst_difference, worst_deviation; /* 1e-6 and `bound` are the limits */
    double bound;
};

/* Check every kind, the production path on `cases` random cases, and `networks` of each of
 * gradcheck_net.h. `tell` gets a line for each way of
 * each kind, then of each network of gradcheck_net.h, also of one that fails. ERROR_FAILED: a kind
 * is wrong, or it or one of its kernels has no cases. */
int gradcheck_run(int cases, int networks,
                  void (*tell)(void *context, const struct gradcheck_line *line), void *context,
                  struct error *err);

/* ERROR_FAILED when the kind, or one of its kernels, has no cases. */
struct layer_kind;
int gradcheck_listed(const struct layer_kind *kind, struct error *err);

/* The worst of the criterion above over all coordinates of one trial, whose x, w and dy are filled;
 * `way` is the double twin unless the check itself is being tested. */
int gradcheck_differences(struct trial *t, enum trial_way way, struct gradcheck_line *line,
                          struct error *err);

#endif
