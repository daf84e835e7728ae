/*
 * Claim: the judge of a stage names its best setting and how much better it is, and finds the fault
 * where none of the trials is of use: all diverged, none learns, or validation is labeled
 * otherwise.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/suite.h"
#include "train/tune_stage.h"

enum { TRIALS = 3 };

static const struct {
    double top1[TRIALS], train_top1, before;
    enum sweep_state state[TRIALS];
    int trials;
    enum fault fault;
    const char *reason;
} cases[] = {
    { { 0.4, 0.55, 0.3 },
      0.5,
      0,
      { 0 },
      3,
      FAULT_NONE,
      "best of 3 settings: 55.00 % with train.lr" },
    { { 0.4, 0.55, 0.3 }, 0.5, 0.5, { 0 }, 3, FAULT_NONE, "+5.00 points" },
    { { 0.4, 0.45, 0.3 }, 0.5, 0.5, { 0 }, 3, FAULT_NONE, "-5.00 points" },
    { { 0.4, 0, 0.3 }, 0.5, 0, { 0, SWEEP_DIVERGED, 0 }, 3, FAULT_NONE, "1 of 3 trials came to nothing" },
    { { 0.4, 0.3, 0.2 }, 0.5, 0, { 0 }, 3, FAULT_NONE, "near the lower end of 0.001..0.1" },
    { { 0, 0, 0 },
      0,
      0,
      { SWEEP_DIVERGED, SWEEP_DIVERGED, SWEEP_REFUSED },
      3,
      FAULT_RATE,
      "none of 3 trials came to an end: too high" },
    { { 0.1, 0.11, 0.09 }, 0.12, 0, { 0 }, 3, FAULT_RATE, "none of 3 settings learns" },
    { { 0.1, 0.11, 0.09 }, 0.9, 0, { 0 }, 3, FAULT_DATA, "validation is labeled otherwise" },
    { { 0 }, 0, 0, { 0 }, 0, FAULT_RATE, "there was no time" },
};
enum { CASES = sizeof(cases) / sizeof(cases[0]) };

START_TEST(judged)
{
    static const double rates[TRIALS] = { 0.001, 0.01, 0.02 };
    static char *const runs[TRIALS] = { "trials/0000", "trials/0001", "trials/0002" };
    struct sweep_result items[TRIALS];
    struct space space = { 0 };
    struct verdict v;
    struct error err = { 0 };
    ck_assert_int_eq(space_set(&space, "train.lr", SPACE_LOG_UNIFORM, 0.001, 0.1, &err), 0);
    for (int i = 0; i < TRIALS; i++)
        items[i] = (struct sweep_result){
            .id = i,
            .setting = i,
            .state = cases[_i].state[i],
            .params = json_pack("{s:f}", "train.lr", rates[i]),
            .top1 = cases[_i].top1[i],
            .best_top1 = cases[_i].top1[i],
            .train_top1 = cases[_i].train_top1,
            .run = runs[i],
            .reason = "too high",
        };
    const struct sweep_results results = { .count = (size_t)cases[_i].trials, .item = items };
    const struct stage_facts facts = {
        .results = &results, .space = &space, .classes = 10, .before = cases[_i].before
    };
    ck_assert_int_eq(verdict_begin(&v, "coarse", &err), 0);
    ck_assert_msg(stage_judge(&facts, &v, &err) == 0, "%s", err.message);
    ck_assert_msg(v.fault == cases[_i].fault, "%s: %s", fault_names[v.fault], v.reason.data);
    ck_assert_msg(strstr(v.reason.data, cases[_i].reason), "%s", v.reason.data);
    ck_assert(v.pass == (v.fault == FAULT_NONE) && v.pass == (v.remedy.size == 0));
    ck_assert_uint_eq(json_array_size(json_object_get(v.evidence, "settings")), results.count);
    verdict_release(&v);
    for (int i = 0; i < TRIALS; i++)
        json_decref(items[i].params);
    space_release(&space);
}
END_TEST

START_TEST(versus)
{
    struct error err = { 0 };
    struct verdict v;
    json_t *evidence = json_pack(
        "{s:{s:i, s:f, s:{s:i, s:i}}, s:{s:i, s:f, s:{s:i, s:i}}, s:{s:f, s:f}}", "random",
        "trials", 9, "best_top1", 0.61, "values_tried", "train.lr", 9, "train.weight_decay", 3,
        "grid", "trials", 9, "best_top1", 0.58, "values_tried", "train.lr", 3, "train.weight_decay",
        3, "importance", "train.lr", 0.7, "train.weight_decay", 0.1);
    ck_assert_int_eq(verdict_begin(&v, "versus", &err), 0);
    versus_judge(evidence, &v);
    ck_assert_str_eq(v.reason.data,
                     "random: 61.00 % in 9 trials; grid: 58.00 % in 9; train.lr matters most (70 % "
                     "of the spread): 9 values of it against 3");
    verdict_release(&v);
    json_decref(evidence);
}
END_TEST

int main(void)
{
    TCase *tests = suite_cases("tune_stage");
    tcase_add_loop_test(tests, judged, 0, CASES);
    tcase_add_test(tests, versus);
    return suite_run();
}
