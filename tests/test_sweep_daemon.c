/*
 * Claim: trials whose batches come from a daemon, folds of cross-validation among them, find what
 * trials that read for themselves find.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/daemon.h"
#include "tests/suite.h"
#include "tests/sweep_data.h"

enum { WORKERS = 3, TRIALS = 3, FOLDS = 2 };

static const struct sweep_stage stage = {
    .name = "kfold", .round = 1, .trials = TRIALS, .epochs = 3, .folds = FOLDS
};

static struct daemon d;

static void enter(void)
{
    daemon_enter();
    daemon_start(&d, "--threads 2");
    sweep_data_enter();
}

static void leave(void)
{
    sweep_data_leave();
    ck_assert_int_eq(daemon_stop(&d), 0);
    daemon_leave();
}

START_TEST(same_results)
{
    struct sweep_results shared, alone;
    struct error err = { 0 };
    pid_t child[WORKERS];
    int status;
    sweep_data_daemon = d.address;
    for (int i = 0; i < WORKERS; i++)
        if ((child[i] = fork()) == 0)
            _exit(sweep_data_run(&stage).complete ? 0 : 1);
    for (int i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(waitpid(child[i], &status, 0), child[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    json_t *stats = daemon_stats(&d);
    json_int_t decoded = json_integer_value(json_object_get(stats, "decoded"));
    json_int_t images = json_integer_value(json_object_get(stats, "images"));
    json_decref(stats);
    ck_assert_int_gt(decoded, 0);
    ck_assert_int_le(decoded, images);

    sweep_data_daemon = NULL;
    ck_assert_int_eq(rename("out", "shared"), 0);
    sweep_data_run(&stage);
    ck_assert_int_eq(sweep_read("shared", "kfold", 1, &shared, &err), 0);
    ck_assert_int_eq(sweep_read("out", "kfold", 1, &alone, &err), 0);
    ck_assert_uint_eq(shared.count, TRIALS * FOLDS);
    for (size_t i = 0; i < shared.count; i++) {
        ck_assert_int_eq(shared.item[i].state, SWEEP_DONE);
        ck_assert_double_eq(shared.item[i].loss, alone.item[i].loss);
        ck_assert_double_eq(shared.item[i].train_loss, alone.item[i].train_loss);
    }
    sweep_results_release(&alone);
    sweep_results_release(&shared);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("sweep_daemon");
    tcase_add_checked_fixture(cases, enter, leave);
    tcase_add_test(cases, same_results);
    return suite_run();
}
