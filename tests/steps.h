/*
 * Chains of random geometric steps, as augmentations could draw them, for tests.
 *
 *     struct step steps[STEPS];
 *     int count = steps_draw(&rng, true, &plan, steps);
 */
#ifndef TENFOLD_TESTS_STEPS_H
#define TENFOLD_TESTS_STEPS_H

#include "augment/plan.h"
#include "base/rng.h"

enum { STEPS = 5 };

/* A step as it was asked for: what the reference follows. */
struct step {
    double map[9];
    int width, height; /* of the picture that the step was given */
    bool reveal;
    struct plan_fill fill;
};

/* Up to five steps into the plan and the list, with all kinds of fill where `repeats`; how many, or
 * -1 where the plan refuses one. */
int steps_draw(struct rng *rng, bool repeats, struct plan *plan, struct step *steps);

/* Pixels in which every wrong one shows; the caller frees them. */
struct image steps_noise(int width, int height);

#endif
