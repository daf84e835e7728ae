/*
 * Claim: learning rates are those of the formulas in the header, and, step by step, of PyTorch's
 * schedulers (tests/golden/make_schedules.py made the numbers).
 */
#include <math.h>

#include "base/json.h"
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

static const struct {
    const char *golden;
    struct schedule schedule;
} pytorch[] = {
    { "step",
      { .kind = SCHEDULE_STEP,
        .base = 0.1,
        .gamma = 0.1,
        .steps = 20,
        .milestones_used = 2,
        .milestones = { 10, 15 } } },
    { "exponential",
      { .kind = SCHEDULE_EXPONENTIAL, .base = 0.1, .gamma = 0.9, .steps = 30, .epoch = 5 } },
    { "linear", { .kind = SCHEDULE_LINEAR, .base = 0.1, .min = 0.01, .steps = 20 } },
    { "cosine", { .kind = SCHEDULE_COSINE, .base = 0.1, .min = 0.01, .steps = 20 } },
    { "cosine_restarts",
      { .kind = SCHEDULE_COSINE_RESTARTS,
        .base = 0.1,
        .min = 0.01,
        .steps = 35,
        .cycle = 5,
        .cycle_times = 2 } },
    { "warm_inverse_sqrt",
      { .kind = SCHEDULE_INVERSE_SQRT, .base = 0.1, .steps = 40, .warmup = 8 } },
    { "one_cycle",
      { .kind = SCHEDULE_ONE_CYCLE,
        .base = 0.4,
        .steps = 40,
        .warmup = 10,
        .div = 25,
        .final_div = 1e4 } },
};

static json_t *goldens(void)
{
    struct error err = { 0 };
    json_t *all = json_read("tests/golden/schedules.json", &err);
    ck_assert_msg(all != NULL, "%s", err.message);
    return all;
}

START_TEST(as_pytorch)
{
    json_t *all = goldens();
    const json_t *rates = json_object_get(all, pytorch[_i].golden), *rate;
    size_t t;
    ck_assert_uint_eq(json_array_size(rates), pytorch[_i].schedule.steps);
    json_array_foreach(rates, t, rate) ck_assert_double_eq_tol(
        schedule_lr(&pytorch[_i].schedule, t), json_number_value(rate), 1e-12);
    json_decref(all);
}
END_TEST

START_TEST(momentum_cycles)
{
    struct schedule s = pytorch[sizeof(pytorch) / sizeof(pytorch[0]) - 1].schedule;
    json_t *all = goldens();
    const json_t *list = json_object_get(all, "one_cycle_momentum"), *momentum;
    size_t t;
    s.momentum_low = 0.85;
    s.momentum_high = 0.95;
    ck_assert_uint_eq(json_array_size(list), s.steps);
    json_array_foreach(list, t, momentum)
        ck_assert_double_eq_tol(schedule_momentum(&s, t), json_number_value(momentum), 1e-12);
    json_decref(all);
}
END_TEST

START_TEST(plateaus)
{
    json_t *all = goldens();
    const json_t *losses = json_object_get(all, "plateau_losses"), *loss;
    struct plateau p = plateau_begin(2, 1e-3, 0.5);
    size_t i;
    ck_assert_uint_gt(json_array_size(losses), 10);
    json_array_foreach(losses, i, loss)
        ck_assert_double_eq(plateau_see(&p, json_number_value(loss)),
                            json_number_value(json_array_get(json_object_get(all, "plateau"), i)));
    ck_assert_double_eq(p.times, 0.125);
    json_decref(all);
}
END_TEST

START_TEST(cycles_end)
{
    const struct schedule s = { .kind = SCHEDULE_COSINE_RESTARTS,
                                .base = 0.1,
                                .steps = 37,
                                .warmup = 2,
                                .cycle = 5,
                                .cycle_times = 2 };
    for (uint64_t t = 0; t < s.steps; t++)
        ck_assert_int_eq(schedule_ends_cycle(&s, t), t == 6 || t == 16 || t == 36);
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("schedule");
    tcase_add_loop_test(tests, as_pytorch, 0, sizeof(pytorch) / sizeof(pytorch[0]));
    tcase_add_test(tests, momentum_cycles);
    tcase_add_test(tests, plateaus);
    tcase_add_test(tests, cycles_end);
    tcase_add_loop_test(tests, formulas, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tests, cosine_falls);
    return suite_run();
}
