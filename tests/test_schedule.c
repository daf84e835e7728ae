/* Claim: learning rates are those of the formulas in the header, and of PyTorch's schedulers. */
#include <math.h>

#include "tests/suite.h"
#include "train/schedule.h"

static const struct schedule constant = { .kind = SCHEDULE_CONSTANT, .base = 0.5, .steps = 10 };
static const struct schedule step = {
    .kind = SCHEDULE_STEP,
    .base = 0.1,
    .gamma = 0.1,
    .steps = 100,
    .warmup = 4,
    .milestones_used = 2,
    .milestones = { 50, 75 },
};
static const struct schedule cosine = {
    .kind = SCHEDULE_COSINE,
    .base = 0.2,
    .min = 0.02,
    .steps = 110,
    .warmup = 10,
};
static const struct schedule bare_cosine = { .kind = SCHEDULE_COSINE, .base = 0.1, .steps = 8 };

/* The last four: torch.optim.lr_scheduler.CosineAnnealingLR(T_max=8), lr 0.1. */
static const struct {
    const struct schedule *schedule;
    uint64_t step;
    double lr;
} cases[] = {
    { &constant, 0, 0.5 },
    { &constant, 9, 0.5 },
    { &step, 0, 0.025 },
    { &step, 3, 0.1 },
    { &step, 4, 0.1 },
    { &step, 49, 0.1 },
    { &step, 50, 0.01 },
    { &step, 74, 0.01 },
    { &step, 75, 0.001 },
    { &step, 99, 0.001 },
    { &cosine, 0, 0.02 },
    { &cosine, 9, 0.2 },
    { &cosine, 10, 0.2 },
    { &cosine, 60, 0.11 },
    { &cosine, 110, 0.02 },
    { &cosine, 500, 0.02 },
    { &bare_cosine, 0, 0.1 },
    { &bare_cosine, 1, 0.0961939766255643 },
    { &bare_cosine, 3, 0.0691341716182545 },
    { &bare_cosine, 7, 0.00380602337443566 },
};

START_TEST(formulas)
{
    ck_assert_double_eq_tol(schedule_lr(cases[_i].schedule, cases[_i].step), cases[_i].lr, 1e-15);
}
END_TEST

START_TEST(cosine_falls)
{
    for (uint64_t t = cosine.warmup; t < cosine.steps; t++)
        ck_assert_double_gt(schedule_lr(&cosine, t), schedule_lr(&cosine, t + 1));
    for (uint64_t t = 1; t < cosine.warmup; t++)
        ck_assert_double_gt(schedule_lr(&cosine, t), schedule_lr(&cosine, t - 1));
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("schedule");
    tcase_add_loop_test(tests, formulas, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tests, cosine_falls);
    return suite_run();
}
