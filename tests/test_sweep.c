/*
 * Claim: a sweep's trials are those of its seed, whoever runs them; each has one result; what was
 * begun is gone on with, and what does not fit is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/sweep_data.h"
#include "train/sweep.h"

static struct sweep_results read_results(const char *stage)
{
    struct sweep_results results;
    struct error err = { 0 };
    ck_assert_msg(sweep_read("out", stage, 1, &results, &err) == 0, "%s: %s", err.place,
                  err.message);
    return results;
}

START_TEST(random_search)
{
    sweep_data_run(&(struct sweep_stage){ .name = "coarse", .round = 1, .trials = 3, .epochs = 2 });
    struct sweep_results results = read_results("coarse");
    ck_assert_uint_eq(results.count, 3);
    for (size_t i = 0; i < results.count; i++) {
        const struct sweep_result *r = &results.item[i];
        ck_assert_int_eq(r->id, (int)i);
        ck_assert_int_eq(r->attempt, 0);
        ck_assert_int_eq(r->state, SWEEP_DONE);
        ck_assert_int_eq(r->epochs, 2);
        ck_assert(r->best_top1 >= r->top1 && r->loss > 0 && r->train_loss > 0);
    }
    ck_assert_uint_eq(sweep_values(&results, "train.lr"), 3);
    struct sweep_setting *settings;
    size_t count;
    struct error err = { 0 };
    ck_assert_int_eq(sweep_rank(&results, &settings, &count, &err), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert(settings[0].top1 >= settings[1].top1 && settings[1].top1 >= settings[2].top1);
    free(settings);
    sweep_results_release(&results);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("sweep");
    tcase_add_checked_fixture(cases, sweep_data_enter, sweep_data_leave);
    tcase_add_test(cases, random_search);
    return suite_run();
}
