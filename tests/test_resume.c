/*
 * Claim: a training that is killed again and again, at any moment, and resumed each time ends with
 * the very bits of one that was never stopped; what does not fit the checkpoint is refused, and a
 * checkpoint that cannot be written ends nothing.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/scale.h"
#include "tests/small_run.h"
#include "tests/suite.h"

/* Each uses something that a checkpoint has to carry. */
static const char *const runs[][6] = {
    { "train.epochs=4", "train.checkpoint_every=0", "train.ema=0.9", "train.swa_start=2" },
    { "train.epochs=4", "train.checkpoint_every=0", "train.optimizer=adam", "train.lr=0.005",
      "train.accumulate=4" },
    { "train.epochs=5", "train.checkpoint_every=0", "train.schedule=cosine_restarts",
      "train.cycle=2", "train.l1=1e-5" },
    { "train.epochs=5", "train.checkpoint_every=0.05", "train.schedule=plateau", "train.patience=0",
      "train.threshold=0.3" },
    { "train.epochs=2", "train.checkpoint_every=0", "train.prune=0.3", "train.prune_rounds=2",
      "train.rewind=1" },
};
enum { RUNS = sizeof(runs) / sizeof(runs[0]) };

/* What a run leaves, but for the times it took. */
struct remains {
    char last[65], best[65], ema[65], swa[65], snapshot[65];
    char summary[8192];
};

static void cut_times(const char *csv, char *out)
{
    while (*csv) {
        const char *end = strchrnul(csv, '\n');
        int commas = 0;
        for (; csv < end; csv++) {
            commas += *csv == ',';
            if (commas < 7)
                *out++ = *csv;
        }
        *out++ = '\n';
        csv = *end ? end + 1 : end;
    }
    *out = '\0';
}

static void look(struct remains *r)
{
    struct buffer text = { 0 };
    struct error err = { 0 };
    char path[256];
    memset(r, 0, sizeof(*r));
    small_run_hash("last.safetensors", r->last);
    small_run_hash("best.safetensors", r->best);
    if (small_run_has("ema.safetensors"))
        small_run_hash("ema.safetensors", r->ema);
    if (small_run_has("swa.safetensors"))
        small_run_hash("swa.safetensors", r->swa);
    if (small_run_has("snapshot_2.safetensors"))
        small_run_hash("snapshot_2.safetensors", r->snapshot);
    snprintf(path, sizeof(path), "%s/summary.csv", small_run_out);
    ck_assert_int_eq(file_read(path, sizeof(r->summary), &text, &err), 0);
    ck_assert_int_eq(buffer_append(&text, "", 1, &err), 0);
    cut_times(text.data, r->summary);
    buffer_release(&text);
}

/* A number from 0 to below n, another with each call. */
static unsigned some(unsigned n)
{
    static unsigned x = 12345;
    x = x * 1664525u + 1013904223u;
    return (x >> 8) % n;
}

/* Run in a process of its own and kill that after `us` microseconds: did it finish before? */
static bool run_killed(const char *const *sets, unsigned us)
{
    struct train_request request = { .val = small_run_data.root, .resume = true };
    struct train_result result;
    struct error err = { 0 };
    int status;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(small_run(sets, request, &result, &err) == 0 ? 0 : 1);
    usleep(us);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "status %d", status);
    return WIFEXITED(status);
}

START_TEST(killed)
{
    struct train_request request = { .val = small_run_data.root };
    struct train_result result;
    struct remains whole, pieces;
    struct error err = { 0 };
    ck_assert_msg(small_run(runs[_i], request, &result, &err) == 0, "%s: %s", err.place,
                  err.message);
    unsigned us = (unsigned)(result.seconds * 1e6), wait = us / 2;
    look(&whole);
    ck_assert_int_eq(whole.ema[0] != 0, _i == 0);
    ck_assert_int_eq(whole.swa[0] != 0, _i == 0);
    ck_assert_int_eq(whole.snapshot[0] != 0, _i == 2);
    char command[300];
    snprintf(command, sizeof(command), "rm -rf %s", small_run_out);
    ck_assert_int_eq(system(command), 0);

    /* A run that was too quick to be killed is begun again, and given less time. */
    for (int kills = 0, tries = 0; kills < test_scaled(12); tries++) {
        ck_assert_int_lt(tries, 100);
        if (!run_killed(runs[_i], wait / 4 + some(wait)))
            kills++;
        else if (kills > 1)
            break;
        else {
            wait = wait / 2 + 1000;
            ck_assert_int_eq(system(command), 0);
        }
    }
    request.resume = true;
    ck_assert_msg(small_run(runs[_i], request, &result, &err) == 0, "%s: %s", err.place,
                  err.message);
    look(&pieces);
    ck_assert_str_eq(whole.summary, pieces.summary);
    ck_assert_mem_eq(&whole, &pieces, 5 * sizeof(whole.last));

    /* Finished: nothing is done again. */
    ck_assert_int_eq(small_run(runs[_i], request, &result, &err), 0);
    ck_assert_int_gt(result.best, 0);
    look(&pieces);
    ck_assert_mem_eq(&whole, &pieces, 5 * sizeof(whole.last));
}
END_TEST

/* Stopped politely between two steps, resumed with more threads. */
START_TEST(stopped)
{
    static volatile sig_atomic_t stop;
    static const char *const more[] = { "train.epochs=4",
                                        "train.checkpoint_every=0",
                                        "train.ema=0.9",
                                        "train.swa_start=2",
                                        "train.threads=5",
                                        "data.threads=3",
                                        NULL };
    struct train_request request = { .val = small_run_data.root };
    struct train_result result;
    struct remains whole, pieces;
    struct error err = { 0 };
    ck_assert_int_eq(small_run(runs[0], request, &result, &err), 0);
    look(&whole);
    stop = SIGUSR1;
    request.overwrite = true;
    request.stop = &stop;
    ck_assert_int_eq(small_run(runs[0], request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_REQUEUE);
    request = (struct train_request){ .val = small_run_data.root, .resume = true };
    ck_assert_msg(small_run(more, request, &result, &err) == 0, "%s: %s", err.place, err.message);
    look(&pieces);
    ck_assert_mem_eq(&whole, &pieces, sizeof(whole));
}
END_TEST

START_TEST(other_config)
{
    static const char *const begun[] = { "train.epochs=1", NULL };
    static const char *const other[] = { "train.epochs=2", "train.lr=0.05", "train.log_every=7",
                                         "augment.2={hflip: 0.25}", NULL };
    static const char *const longer[] = { "train.epochs=2", NULL };
    static const char *const wider[] = { "train.epochs=2",
                                         "model.layers.0={conv: {name: conv1, out: 9, kernel: 3}}",
                                         NULL };
    struct train_request request = { .resume = true };
    struct train_result result;
    struct error err = { 0 };
    ck_assert_int_eq(small_run(begun, request, &result, &err), 0);
    ck_assert_int_eq(small_run(other, request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.message, "train.lr was 0.1, is 0.05"), "%s", err.message);
    ck_assert_msg(strstr(err.message, "train.epochs was 1, is 2"), "%s", err.message);
    ck_assert_msg(strstr(err.message, "hflip.p"), "%s", err.message);
    ck_assert_msg(!strstr(err.message, "log_every"), "%s", err.message);
    request.allow_changes = true;
    ck_assert_int_eq(small_run(wider, request, &result, &err), -1);
    ck_assert_msg(strstr(err.message, "another network"), "%s", err.message);
    ck_assert_msg(small_run(longer, request, &result, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_int_eq(result.epochs, 2);
    ck_assert_int_eq(small_run(begun, request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_msg(strstr(err.message, "raise train.epochs"), "%s", err.message);
}
END_TEST

/* A file that is no checkpoint, and one cut short: refused, and left alone. */
START_TEST(damaged)
{
    static const char *const sets[] = { "train.epochs=1", NULL };
    struct train_request request = { .resume = true };
    struct train_result result;
    struct error err = { 0 };
    char path[256], weights[256], command[600];
    ck_assert_int_eq(small_run(sets, request, &result, &err), 0);
    snprintf(path, sizeof(path), "%s/checkpoint.safetensors", small_run_out);
    snprintf(weights, sizeof(weights), "%s/last.safetensors", small_run_out);
    snprintf(command, sizeof(command), "cp %s %s", weights, path);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(small_run(sets, request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.message, "no checkpoint"), "%s", err.message);
    ck_assert_int_eq(truncate(path, 100), 0);
    ck_assert_int_eq(small_run(sets, request, &result, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
}
END_TEST

static int warnings;
static char warned_of[512];
static void warn(void *context, const char *place, const char *text)
{
    (void)context;
    snprintf(warned_of, sizeof(warned_of), "%s: %s", place, text);
    warnings++;
}

static long size_of(const char *name)
{
    char path[256];
    struct stat info;
    snprintf(path, sizeof(path), "%s/%s", small_run_out, name);
    ck_assert_int_eq(stat(path, &info), 0);
    return (long)info.st_size;
}

/* A disk with room for the weights and not for the checkpoint: the training goes on, and the old
 * checkpoint is still there. */
START_TEST(no_room)
{
    static const char *const begun[] = { "train.epochs=1", NULL };
    static const char *const longer[] = { "train.epochs=3", NULL };
    struct train_request request = { 0 };
    struct train_result result;
    struct error err = { 0 };
    ck_assert_int_eq(small_run(begun, request, &result, &err), 0);
    long weights = size_of("last.safetensors"), checkpoint = size_of("checkpoint.safetensors");
    ck_assert_int_gt(checkpoint, weights + 1000);
    struct rlimit limit = { (rlim_t)weights + 500, RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    request = (struct train_request){ .resume = true, .allow_changes = true, .warn = warn };
    ck_assert_msg(small_run(longer, request, &result, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_int_eq(warnings, 2);
    ck_assert_msg(strstr(warned_of, "checkpoint.safetensors"), "%s", warned_of);
    ck_assert_int_eq(result.epochs, 3);
    ck_assert_int_eq(size_of("checkpoint.safetensors"), checkpoint);
}
END_TEST

/* A run that ends after so many of its epochs is the beginning of the whole one: the schedule is
 * that of all epochs. */
START_TEST(until)
{
    struct train_request request = { .val = small_run_data.root };
    struct train_result result;
    struct remains whole, pieces;
    struct error err = { 0 };
    char command[300];
    ck_assert_int_eq(small_run(runs[0], request, &result, &err), 0);
    look(&whole);
    snprintf(command, sizeof(command), "rm -rf %s", small_run_out);
    ck_assert_int_eq(system(command), 0);
    request.resume = true;
    for (int epochs = 1; epochs <= 3; epochs += 2) {
        request.until = epochs;
        ck_assert_msg(small_run(runs[0], request, &result, &err) == 0, "%s", err.message);
        ck_assert_int_eq(result.epochs, epochs);
        ck_assert(!result.early && !small_run_has("swa.safetensors"));
    }
    request.until = 0;
    ck_assert_int_eq(small_run(runs[0], request, &result, &err), 0);
    ck_assert_int_eq(result.epochs, 4);
    look(&pieces);
    ck_assert_mem_eq(&whole, &pieces, 5 * sizeof(whole.last));
    ck_assert_str_eq(whole.summary, pieces.summary);
}
END_TEST

struct turnstile {
    int calls, allowed;
};

static int may_write(void *context, struct error *err)
{
    struct turnstile *turnstile = context;
    if (turnstile->calls++ < turnstile->allowed)
        return 0;
    return error_set(err, ERROR_FAILED, "turnstile", "no more than %d", turnstile->allowed);
}

/* Whoever may not write any more writes nothing more, and the run ends with that error. */
START_TEST(barred)
{
    static const char *const sets[] = { "train.epochs=2", "train.log_every=1000000", NULL };
    struct turnstile turnstile = { 0, 1000 };
    struct train_request request = {
        .val = small_run_data.root, .resume = true, .may_write = may_write, .context = &turnstile
    };
    struct train_result result;
    struct error err = { 0 };
    char command[300];
    ck_assert_int_eq(small_run(sets, request, &result, &err), 0);
    int writes = turnstile.calls;
    ck_assert_int_ge(writes, 8); /* config, checkpoints, and twice best, last and summary */
    for (int allowed = 0; allowed < writes; allowed++) {
        snprintf(command, sizeof(command), "rm -rf %s", small_run_out);
        ck_assert_int_eq(system(command), 0);
        turnstile = (struct turnstile){ 0, allowed };
        err = (struct error){ 0 };
        ck_assert_int_eq(small_run(sets, request, &result, &err), -1);
        ck_assert_str_eq(err.place, "turnstile");
        ck_assert_int_eq(turnstile.calls, allowed + 1);
        ck_assert_int_eq(small_run_has("config.json"), allowed >= 2);
    }
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("resume");
    tcase_add_checked_fixture(cases, small_run_setup, small_run_teardown);
    tcase_add_loop_test(cases, killed, 0, RUNS);
    tcase_add_test(cases, stopped);
    tcase_add_test(cases, other_config);
    tcase_add_test(cases, damaged);
    tcase_add_test(cases, no_room);
    tcase_add_test(cases, until);
    tcase_add_test(cases, barred);
    return suite_run();
}
