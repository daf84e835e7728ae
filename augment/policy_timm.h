/*
 * timm's RandAugment, which differs from torchvision's: fifteen operations, strengths on a scale of
 * 0..10 with noise, and the `inc` variants, whose effect grows with the strength throughout.
 *
 *     struct policy_timm timm;
 *     if (policy_timm_parse("rand-m9-mstd0.5-inc1", &timm) < 0) ...
 *     struct policy_step step = policy_timm_draw(&timm, rng, width, height);
 */
#ifndef TENFOLD_AUGMENT_POLICY_TIMM_H
#define TENFOLD_AUGMENT_POLICY_TIMM_H

#include "augment/policy_op.h"

struct policy_timm {
    int num_ops;
    double magnitude, mstd, magnitude_max; /* mstd above 100: uniform in 0..magnitude */
    double op_p;                           /* probability of each operation */
    bool inc;
};

/* timm's configuration string: "rand", then "-" and a key with a number, any number of times: m, n,
 * mstd, mmax, p, inc. Keys that it does not name have timm's defaults: n2, m10, mstd0, mmax10,
 * p0.5, inc0. -1 with a message that `node` places. */
int policy_timm_parse(const char *text, struct policy_timm *timm, const struct node *node,
                      struct error *err);

/* One operation with its strength; the identity where its probability says no. */
struct policy_step policy_timm_draw(const struct policy_timm *timm, struct rng *rng, int width,
                                    int height);

/* The operation's strength at a level of 0..10; `minus` turns the signed ones around. */
struct policy_step policy_timm_step(enum policy_op op, double level, bool inc, bool minus,
                                    int width, int height);

#endif
