/*
 * The learning rate of every step.
 *
 *     lr(t) = base * (t + 1) / W                                          t < W (warm-up)
 *     constant         base
 *     step             base * gamma^(milestones passed by t)
 *     exponential      base * gamma^(epochs finished before t)
 *     linear           min + (base - min) (1 - u)                         u = (t - W) / (T - W)
 *     cosine           min + (base - min) (1 + cos(pi u)) / 2
 *     cosine_restarts  as cosine, u counting from 0 in each cycle; the first has `cycle` steps,
 *                      each next one `cycle_times` as many
 *     inverse_sqrt     base * sqrt(max(W, 1) / (t + 1))
 *     one_cycle        from base / div to base in W steps, then down to base / div / final_div,
 *                      both along half a cosine; no other warm-up
 *     plateau          base * what the validations have made of it: struct plateau
 *
 * T steps in all, W of them warm-up. Cosine and restarts: Loshchilov and Hutter, "SGDR",
 * arXiv:1608.03983, eq. 5; inverse root: Vaswani et al., arXiv:1706.03762, eq. 3; one cycle: Smith
 * and Topin, arXiv:1708.07120, as torch.optim.lr_scheduler.OneCycleLR; linear warm-up: Goyal et
 * al., arXiv:1706.02677, section 2.2. A milestone, in epochs, is passed by the first step of that
 * epoch, as with PyTorch's MultiStepLR.
 *
 *     struct schedule s = { .kind = SCHEDULE_COSINE, .base = 0.1, .steps = 4000, .warmup = 200 };
 *     double lr = schedule_lr(&s, step);
 */
#ifndef TENFOLD_TRAIN_SCHEDULE_H
#define TENFOLD_TRAIN_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

enum schedule_kind {
    SCHEDULE_CONSTANT,
    SCHEDULE_STEP,
    SCHEDULE_EXPONENTIAL,
    SCHEDULE_LINEAR,
    SCHEDULE_COSINE,
    SCHEDULE_COSINE_RESTARTS,
    SCHEDULE_INVERSE_SQRT,
    SCHEDULE_ONE_CYCLE,
    SCHEDULE_PLATEAU
};
extern const char *const schedule_names[]; /* by kind; ends with NULL */

enum { SCHEDULE_MILESTONES = 16 };

struct schedule {
    enum schedule_kind kind;
    double base, min, gamma;
    uint64_t steps, warmup; /* of the whole run; of it, warm-up */
    uint64_t epoch;         /* steps of an epoch */
    int milestones_used;
    uint64_t milestones[SCHEDULE_MILESTONES]; /* in steps */
    uint64_t cycle;                           /* steps of the first */
    double cycle_times;
    double div, final_div;
    bool cycles_momentum; /* one_cycle: from high to low while the rate rises, and back */
    double momentum_low, momentum_high;
};

/* Pure; step 0 is the first. plateau: without what the validations make of it. */
double schedule_lr(const struct schedule *schedule, uint64_t step);
/* Only of a schedule that cycles the momentum. */
double schedule_momentum(const struct schedule *schedule, uint64_t step);
/* cosine_restarts: is it the last step of a cycle? The rate is at its lowest: the weights for a
 * snapshot ensemble (Huang et al., arXiv:1704.00109). */
bool schedule_ends_cycle(const struct schedule *schedule, uint64_t step);

/* As torch.optim.lr_scheduler.ReduceLROnPlateau: after more than `patience` validations in a row
 * that are not better than the best by `threshold` (relative), the rate is multiplied by gamma. */
struct plateau {
    int patience;
    double threshold, gamma;
    double best; /* the smallest loss; infinite at first */
    int bad;     /* validations in a row without progress */
    double times;
};
struct plateau plateau_begin(int patience, double threshold, double gamma);
/* Another validation; the factor from now on. */
double plateau_see(struct plateau *plateau, double loss);

#endif
