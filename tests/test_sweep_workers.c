/*
 * Claim: eight processes on one sweep, two of them killed and one stalled until its trial was taken
 * over and then woken, lose no trial and record none twice, and what they find is what one process
 * alone finds.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "tests/suite.h"
#include "tests/sweep_data.h"
#include "train/claim.h"

enum { WORKERS = 8, KILLED = 2, TRIALS = 14, EPOCHS = 5 };

static const struct sweep_stage coarse = {
    .name = "coarse", .round = 1, .trials = TRIALS, .epochs = EPOCHS
};
static const struct sweep_stage halving = {
    .name = "asha", .round = 1, .trials = 8, .epochs = 4, .eta = 2, .least = 1
};

static pid_t start_worker(const struct sweep_stage *stage)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char name[64];
        struct sweep_end end = sweep_data_run(stage);
        snprintf(name, sizeof(name), "ran.%d", (int)getpid());
        FILE *file = fopen(name, "w");
        bool written = file && fprintf(file, "%d\n", end.ran) > 0 && fclose(file) == 0;
        _exit(end.complete && written ? 0 : 1);
    }
    return child;
}

static bool trial_has(int id, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "out/trials/%04d/%s", id, name);
    return file_exists(path);
}

/* Who holds the last claim of the trial; 0: nobody. */
static pid_t holder(int id, int *attempt)
{
    char folder[64], path[96];
    struct error err = { 0 };
    snprintf(folder, sizeof(folder), "out/trials/%04d", id);
    *attempt = claim_last(folder, 0);
    if (*attempt < 0)
        return 0;
    snprintf(path, sizeof(path), "%s/claim.%d", folder, *attempt);
    json_t *claim = json_read(path, &err);
    ck_assert_msg(claim != NULL, "%s: %s", err.place, err.message);
    pid_t pid = (pid_t)json_integer_value(json_object_get(claim, "pid"));
    json_decref(claim);
    return pid;
}

static void pause_briefly(double start)
{
    ck_assert_msg(clock_seconds() - start < 100, "it takes too long");
    usleep(2000);
}

static void signal_all(const pid_t *worker, int number)
{
    for (int i = 0; i < WORKERS; i++)
        kill(worker[i], number);
    usleep(20000); /* a stop takes effect a moment later */
}

/* Stop all workers when at least `wanted` are in the middle of a trial (with an epoch behind them
 * and no result): who they are, and at which attempt of which trial the first one is. */
static void stop_all(const pid_t *worker, int wanted, pid_t *busy, int *trial, int *attempt)
{
    for (double start = clock_seconds();; pause_briefly(start)) {
        int found = 0, last;
        signal_all(worker, SIGSTOP);
        for (int id = 0; id < TRIALS && found < wanted; id++) {
            pid_t pid = trial_has(id, "summary.csv") && !trial_has(id, "result.json")
                            ? holder(id, &last)
                            : 0;
            if (pid <= 0)
                continue;
            if (found == 0) {
                *trial = id;
                *attempt = last;
            }
            busy[found++] = pid;
        }
        if (found == wanted)
            return;
        signal_all(worker, SIGCONT);
    }
}

static void wait_for(int trial, const char *name)
{
    for (double start = clock_seconds(); !trial_has(trial, name);)
        pause_briefly(start);
}

static double loss_of(const char *folder, int id)
{
    struct sweep_results results;
    struct error err = { 0 };
    ck_assert_msg(sweep_read(folder, "coarse", 1, &results, &err) == 0, "%s: %s", err.place,
                  err.message);
    ck_assert_uint_eq(results.count, TRIALS);
    ck_assert_int_eq(results.item[id].epochs, EPOCHS);
    double loss = results.item[id].loss;
    sweep_results_release(&results);
    return loss;
}

START_TEST(killed_and_stalled)
{
    pid_t worker[WORKERS], gone[1 + KILLED] = { 0 };
    int trial, attempt, status;
    char name[64];
    for (int i = 0; i < WORKERS; i++)
        worker[i] = start_worker(&coarse);
    stop_all(worker, 1 + KILLED, gone, &trial, &attempt);
    for (int i = 1; i <= KILLED; i++)
        ck_assert_int_eq(kill(gone[i], SIGKILL), 0);
    for (int i = 0; i < WORKERS; i++)
        if (worker[i] != gone[0])
            kill(worker[i], SIGCONT);
    /* Another goes on with the stalled one's trial, and it wakes while that one is at it, or when
     * there is a result already. */
    snprintf(name, sizeof(name), "claim.%d", attempt + 1);
    wait_for(trial, _i == 0 ? name : "result.json");
    ck_assert_int_eq(kill(gone[0], SIGCONT), 0);

    int ran = 0, ends = 0;
    for (int i = 0; i < WORKERS; i++) {
        ck_assert_int_eq(waitpid(worker[i], &status, 0), worker[i]);
        if (WIFSIGNALED(status))
            continue;
        ck_assert_int_eq(WEXITSTATUS(status), 0);
        struct buffer text = { 0 };
        struct error err = { 0 };
        snprintf(name, sizeof(name), "ran.%d", (int)worker[i]);
        ck_assert_int_eq(file_read(name, 100, &text, &err), 0);
        ran += atoi(text.data);
        ends++;
        buffer_release(&text);
    }
    ck_assert_int_eq(ends, WORKERS - KILLED);
    /* A killed one has recorded what it did before; nobody counts what another recorded. */
    ck_assert_int_le(ran, TRIALS);
    for (int id = 0; id < TRIALS; id++)
        ck_assert(trial_has(id, "result.json") && trial_has(id, "best.safetensors"));

    /* One process alone, in another folder. */
    ck_assert_int_eq(rename("out", "shared"), 0);
    struct sweep_end end = sweep_data_run(&coarse);
    ck_assert_int_eq(end.ran, TRIALS);
    for (int id = 0; id < TRIALS; id++)
        ck_assert_double_eq(loss_of("shared", id), loss_of("out", id));
}
END_TEST

/* Whoever is quick: the same trials go on. */
START_TEST(same_promotions)
{
    struct sweep_results shared, alone;
    struct error err = { 0 };
    pid_t worker[4];
    int status;
    for (int i = 0; i < 4; i++)
        worker[i] = start_worker(&halving);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(waitpid(worker[i], &status, 0), worker[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    ck_assert_int_eq(rename("out", "shared"), 0);
    sweep_data_run(&halving);
    ck_assert_int_eq(sweep_read("shared", "asha", 1, &shared, &err), 0);
    ck_assert_int_eq(sweep_read("out", "asha", 1, &alone, &err), 0);
    ck_assert_uint_eq(shared.count, alone.count);
    ck_assert_uint_gt(alone.count, 8 + 4);
    for (size_t i = 0; i < alone.count; i++) {
        ck_assert_int_eq(shared.item[i].id, alone.item[i].id);
        ck_assert_int_eq(shared.item[i].rung, alone.item[i].rung);
        ck_assert_double_eq(shared.item[i].loss, alone.item[i].loss);
    }
    sweep_results_release(&alone);
    sweep_results_release(&shared);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("sweep_workers");
    tcase_add_checked_fixture(cases, sweep_data_enter, sweep_data_leave);
    tcase_add_loop_test(cases, killed_and_stalled, 0, 2);
    tcase_add_test(cases, same_promotions);
    return suite_run();
}
