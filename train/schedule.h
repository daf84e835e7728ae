/*
 * The learning rate of every step.
 *
 *     lr(t) = base * (t + 1) / W                                            t < W (warm-up)
 *     constant   lr(t) = base
 *     step       lr(t) = base * gamma^(milestones passed by t)
 *     cosine     lr(t) = min + (base - min) (1 + cos(pi (t - W) / (T - W))) / 2
 *
 * T steps in all, W of them warm-up. Cosine: Loshchilov and Hutter, "SGDR", arXiv:1608.03983, eq. 5
 * without restarts; linear warm-up: Goyal et al., arXiv:1706.02677, section 2.2. A milestone, in
 * epochs, is passed by the first step of that epoch, as with PyTorch's MultiStepLR.
 *
 *     struct schedule s = { .kind = SCHEDULE_COSINE, .base = 0.1, .steps = 4000, .warmup = 200 };
 *     double lr = schedule_lr(&s, step);
 */
#ifndef TENFOLD_TRAIN_SCHEDULE_H
#define TENFOLD_TRAIN_SCHEDULE_H

#include <stdint.h>

enum schedule_kind { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_COSINE };

enum { SCHEDULE_MILESTONES = 16 };

struct schedule {
    enum schedule_kind kind;
    double base, min, gamma;
    uint64_t steps, warmup; /* of the whole run; of it, warm-up */
    int milestones_used;
    uint64_t milestones[SCHEDULE_MILESTONES]; /* in steps */
};

/* Pure; step 0 is the first. */
double schedule_lr(const struct schedule *schedule, uint64_t step);

#endif
