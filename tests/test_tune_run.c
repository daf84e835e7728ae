/*
 * Claim: from a config with a bad rate the recipe comes to one that learns; it goes the same way
 * when it is begun again and when processes share it; it stops at what no search can mend, at its
 * limits of time and trials, at keys that do not exist and at a full disk, and says so.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/suite.h"
#include "tests/tune_case.h"
#include "train/run_find.h"
#include "train/trainer.h"
#include "train/tune.h"

/* What the callbacks were told. */
static struct told {
    char verdicts[256]; /* "init PASS, overfit FAIL, ..." */
    char lines[4096];
} told;

static void hear_verdict(void *context, const struct verdict *v)
{
    struct told *t = context;
    size_t used = strlen(t->verdicts);
    snprintf(t->verdicts + used, sizeof(t->verdicts) - used, "%s%s %s", used ? ", " : "", v->step,
             v->pass ? "PASS" : "FAIL");
}

static void hear_line(void *context, const char *line)
{
    struct told *t = context;
    size_t used = strlen(t->lines);
    snprintf(t->lines + used, sizeof(t->lines) - used, "%s\n", line);
}

static const char small[] = "tune={lr_steps: 40, overfit_passes: 60, coarse_trials: 3, "
                            "coarse_epochs: 1, refine_trials: 2, refine_epochs: 2, rounds: 2, "
                            "keep: 2}";

static int run_step(const struct config *config, enum tune_step step, const char *folder,
                    bool keep_going, bool *pass, struct error *err)
{
    struct tune_config tune;
    struct tune_options o = {
        .config = config,
        .tune = &tune,
        .folder = folder,
        .keep_going = keep_going,
        .verdict = hear_verdict,
        .tell = hear_line,
        .context = &told,
    };
    told = (struct told){ 0 };
    if (tune_config_read(&tune, config, err) < 0)
        return -1;
    return tune_run(&o, step, pass, err);
}

static int run(const struct config *config, const char *folder, bool keep_going, bool *pass,
               struct error *err)
{
    return run_step(config, TUNE_ALL, folder, keep_going, pass, err);
}

static size_t trials_in(const char *folder)
{
    char path[128];
    struct run_list list = { 0 };
    struct error err = { 0 };
    snprintf(path, sizeof(path), "%s/trials", folder);
    ck_assert_msg(run_find(&list, path, &err) == 0, "%s", err.message);
    size_t count = list.count;
    run_list_release(&list);
    return count;
}

START_TEST(from_bad_to_good)
{
    static const char *const sets[] = { small, "train.lr=0.5", NULL };
    static const char way[] = "init PASS, overfit FAIL, lr FAIL, coarse PASS, refine PASS, curves "
                              "PASS, refine PASS, curves PASS";
    struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE), *best;
    struct error err = { 0 };
    bool pass;
    ck_assert_msg(run(config, "sweep", false, &pass, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_str_eq(told.verdicts, way);
    ck_assert(pass && strstr(told.lines, "best: "));
    ck_assert_uint_eq(trials_in("sweep"), 3 + 2 * 2);
    /* What comes out can be trained. */
    ck_assert_msg(config_open(&best, "sweep/best.json", &err) == 0, "%s", err.message);
    struct train_request request = { .config = best, .out = "again", .quiet = true };
    struct train_result result;
    ck_assert_msg(train_run(&request, &result, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_double_gt(result.best_top1, 0.9);
    config_close(best);
    /* Begun again it finds everything done. */
    struct buffer before = { 0 }, after = { 0 };
    ck_assert_int_eq(file_read("sweep/steps/4-coarse.json", FILE_LIMIT, &before, &err), 0);
    ck_assert_int_eq(run(config, "sweep", false, &pass, &err), 0);
    ck_assert_int_eq(file_read("sweep/steps/4-coarse.json", FILE_LIMIT, &after, &err), 0);
    ck_assert_str_eq(told.verdicts, way);
    ck_assert_str_eq(before.data, after.data);
    ck_assert_uint_eq(trials_in("sweep"), 3 + 2 * 2);
    buffer_release(&before);
    buffer_release(&after);
    config_close(config);
}
END_TEST

/* A search needs step 3 only where its space names no rates; a rate that is wrong is then a FAIL of
 * its own. */
START_TEST(one_step)
{
    static const char own_space[] = "tune.space={train.lr: {log_uniform: [1e-3, 1e-2]}}";
    static const struct {
        const char *set;
        enum tune_step step;
        const char *verdicts;
        bool pass;
    } cases[] = {
        { "train.lr=0.005", TUNE_STEP_COARSE, "lr PASS, coarse PASS", true },
        { "train.lr=0.5", TUNE_STEP_COARSE, "lr FAIL, coarse PASS", false },
        { own_space, TUNE_STEP_COARSE, "coarse PASS", true },
        { own_space, TUNE_STEP_REFINE, "coarse PASS, refine PASS", true },
        { own_space, TUNE_STEP_VERSUS, "versus PASS", true },
        { "train.lr=0.5", TUNE_STEP_OVERFIT, "overfit FAIL", false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const sets[] = { small, cases[i].set, NULL };
        struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE);
        struct error err = { 0 };
        char folder[32];
        bool pass;
        snprintf(folder, sizeof(folder), "step%zu", i);
        ck_assert_msg(run_step(config, cases[i].step, folder, false, &pass, &err) == 0, "%s: %s",
                      err.place, err.message);
        ck_assert_str_eq(told.verdicts, cases[i].verdicts);
        ck_assert(pass == cases[i].pass);
        config_close(config);
    }
}
END_TEST

/* Without validation data every setting is validated on parts of the training data. */
START_TEST(folds)
{
    static const char *const sets[] = { small,
                                        "data.val=~",
                                        "tune.folds=3",
                                        "tune.rounds=1",
                                        "tune.space={train.lr: {log_uniform: [1e-3, 1e-2]}}",
                                        NULL };
    struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE);
    struct error err = { 0 };
    bool pass;
    ck_assert_msg(run(config, "folds", false, &pass, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert(pass);
    ck_assert_uint_eq(trials_in("folds"), 3 * 3 + 2 * 3);
    struct verdict v;
    ck_assert_int_eq(verdict_read(&v, "folds/steps/5-refine.json", &err), 0);
    ck_assert_msg(strstr(v.reason.data, "+-") && strstr(v.reason.data, "(3 folds)"), "%s",
                  v.reason.data);
    verdict_release(&v);
    config_close(config);
}
END_TEST

START_TEST(shared)
{
    static const char *const sets[] = { small, NULL };
    struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE);
    pid_t worker[2];
    for (int i = 0; i < 2; i++) {
        worker[i] = fork();
        ck_assert_int_ge(worker[i], 0);
        if (worker[i] == 0) {
            struct error err = { 0 };
            bool pass;
            _exit(run(config, "shared", false, &pass, &err) == 0 && pass ? 0 : 1);
        }
    }
    for (int i = 0; i < 2; i++) {
        int status;
        ck_assert_int_eq(waitpid(worker[i], &status, 0), worker[i]);
        ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    ck_assert_uint_eq(trials_in("shared"), 3 + 2 * 2);
    config_close(config);
}
END_TEST

START_TEST(not_mended)
{
    static const char *const sets[] = { small, "tune.rounds=1", NULL };
    struct config *config = tune_case_config(TUNE_CONV, sets, TUNE_SHUFFLED);
    struct error err = { 0 };
    bool pass;
    ck_assert_msg(run(config, "stops", false, &pass, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert(!pass);
    ck_assert_str_eq(told.verdicts, "init PASS, overfit FAIL"); /* too few weights for chance */
    ck_assert_uint_eq(trials_in("stops"), 0);
    ck_assert_int_eq(run(config, "goes-on", true, &pass, &err), 0);
    ck_assert(!pass && strstr(told.verdicts, "coarse"));
    config_close(config);
}
END_TEST

START_TEST(limits)
{
    static const struct {
        const char *set, *line;
        size_t trials;
    } cases[] = {
        { "tune.trials=2", "as many trials as", 2 },
        { "tune.budget=0.001s", "the time is up", 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const sets[] = { small, cases[i].set, NULL };
        struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE);
        struct error err = { 0 };
        char folder[32];
        bool pass;
        snprintf(folder, sizeof(folder), "limit%zu", i);
        ck_assert_msg(run(config, folder, false, &pass, &err) == 0, "%s: %s", err.place,
                      err.message);
        ck_assert_msg(strstr(told.lines, cases[i].line), "%s", told.lines);
        ck_assert_uint_eq(trials_in(folder), cases[i].trials);
        /* With more of it, the same sweep goes on. */
        ck_assert_int_eq(config_set(config, "tune.trials=4", &err), 0);
        ck_assert_int_eq(config_set(config, "tune.budget=~", &err), 0);
        ck_assert_msg(run(config, folder, false, &pass, &err) == 0, "%s: %s", err.place,
                      err.message);
        ck_assert_uint_gt(trials_in(folder), cases[i].trials);
        config_close(config);
    }
}
END_TEST

/* Before anything is trained or written. */
START_TEST(refused)
{
    static const struct {
        const char *set;
        const char *place, *message; /* parts of them */
    } cases[] = {
        { "tune.space={train.lrr: {uniform: [0, 1]}}", "", "lrr" },
        { "tune.space={train.lr: {log_uniform: [0, 1]}}", "", "log_uniform" },
        { "tune.space={train.lr: {choice: [fast]}}", "", "" },
        { "tune.coarse=3", "", "coarse" },
        { "tune.budget=soon", "budget", "2h" },
        { "data.val=~", "data.val", "tune.folds" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const sets[] = { cases[i].set, NULL };
        struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE);
        struct error err = { 0 };
        bool pass;
        ck_assert_int_eq(run(config, "refused", false, &pass, &err), -1);
        ck_assert_msg(err.kind == ERROR_USAGE, "%s: %s", cases[i].set, err.message);
        ck_assert_msg(strstr(err.place, cases[i].place), "%s: %s", cases[i].set, err.place);
        ck_assert_msg(strstr(err.message, cases[i].message), "%s: %s", cases[i].set, err.message);
        ck_assert(!file_exists("refused"));
        config_close(config);
    }
}
END_TEST

/* A disk that takes no more than so much of a file: nothing is left half, and there is room later.
 */
START_TEST(full_disk)
{
    static const char *const sets[] = { small, NULL };
    struct config *config = tune_case_config(TUNE_TWO_LAYER, sets, TUNE_TRUE);
    struct rlimit limit;
    struct error err = { 0 };
    bool pass;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 200; room <= 1400; room += 400) {
        struct rlimit little = { room, limit.rlim_max };
        err = (struct error){ 0 };
        setrlimit(RLIMIT_FSIZE, &little); /* Check itself writes files: no assertion in between */
        int rc = run(config, "full", false, &pass, &err);
        setrlimit(RLIMIT_FSIZE, &limit);
        ck_assert_int_eq(rc, -1);
        ck_assert_msg(err.kind == ERROR_FAILED && strstr(err.message, "cannot be written"),
                      "%s: %s", err.place, err.message);
        ck_assert_int_eq(system("test -z \"$(find full -name '*.json' -size 0)\""), 0);
    }
    ck_assert_msg(run(config, "full", false, &pass, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert(pass && file_exists("full/steps/1-init.json"));
    config_close(config);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("tune_run");
    tcase_add_unchecked_fixture(cases, tune_case_setup, tune_case_teardown);
    tcase_add_test(cases, from_bad_to_good);
    tcase_add_test(cases, one_step);
    tcase_add_test(cases, folds);
    tcase_add_test(cases, shared);
    tcase_add_test(cases, not_mended);
    tcase_add_test(cases, limits);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, full_disk);
    return suite_run();
}
