/*
 * Claim: a sweep's trials are those of its seed, whoever runs them; each has one result; what was
 * begun is gone on with, and what does not fit is refused.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "model/weights.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/sweep_data.h"
#include "train/sweep_jobs.h"
#include "train/sweep_versus.h"

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

    json_t *shares;
    ck_assert_int_eq(sweep_importance("out", "coarse", 1, &shares, &err), 0);
    double lr = json_number_value(json_object_get(shares, "train.lr"));
    double decay = json_number_value(json_object_get(shares, "train.weight_decay"));
    ck_assert_uint_eq(json_object_size(shares), 2);
    ck_assert(lr >= 0 && decay >= 0 && lr + decay <= 1 + 1e-9);
    json_decref(shares);
}
END_TEST

START_TEST(cross_validation)
{
    sweep_data_run(
        &(struct sweep_stage){ .name = "kfold", .round = 1, .trials = 2, .epochs = 1, .folds = 3 });
    struct sweep_results results = read_results("kfold");
    struct sweep_setting *settings;
    size_t count;
    struct error err = { 0 };
    ck_assert_uint_eq(results.count, 6);
    for (size_t i = 0; i < results.count; i++) {
        ck_assert_int_eq(results.item[i].setting, (int)i / 3);
        ck_assert_int_eq(results.item[i].fold, (int)i % 3);
        ck_assert(json_equal(results.item[i].params, results.item[i / 3 * 3].params));
    }
    ck_assert_int_eq(sweep_rank(&results, &settings, &count, &err), 0);
    ck_assert_uint_eq(count, 2);
    for (size_t i = 0; i < count; i++) {
        const struct sweep_result *fold = &results.item[settings[i].setting * 3];
        double mean = (fold[0].best_top1 + fold[1].best_top1 + fold[2].best_top1) / 3, squares = 0;
        for (int j = 0; j < 3; j++)
            squares += pow(fold[j].best_top1 - mean, 2);
        ck_assert_int_eq(settings[i].trials, 3);
        ck_assert_double_eq_tol(settings[i].top1, mean, 1e-12);
        ck_assert_double_eq_tol(settings[i].se, sqrt(squares / 2 / 3), 1e-12);
    }
    free(settings);
    sweep_results_release(&results);
    json_t *config = json_read("out/trials/0004/config.json", &err);
    const json_t *data = json_object_get(config, "data");
    ck_assert_int_eq(json_integer_value(json_object_get(data, "folds")), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(data, "fold")), 1);
    json_decref(config);
}
END_TEST

static void hash_of(const char *path, char hex[65])
{
    struct net *net;
    struct preprocess pre;
    struct error err = { 0 };
    ck_assert_msg(model_open(&net, &pre, path, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert_int_eq(model_hash(net, hex, &err), 0);
    preprocess_release(&pre);
    net_close(net);
}

/* A trial that went on through all rungs has the bits of a run in one piece, and its log is one. */
START_TEST(halving)
{
    enum { TRIALS = 9, EPOCHS = 5 };
    static const int until[] = { 1, 3, EPOCHS };
    sweep_data_run(&(struct sweep_stage){
        .name = "asha", .round = 1, .trials = TRIALS, .epochs = EPOCHS, .eta = 3, .least = 1 });
    struct sweep_results results = read_results("asha");
    int of_rung[3] = { 0 };
    const struct sweep_result *last = NULL;
    for (size_t i = 0; i < results.count; i++) {
        const struct sweep_result *r = &results.item[i];
        ck_assert_int_eq(r->id, r->rung * TRIALS + r->setting);
        ck_assert_int_eq(r->epochs, until[r->rung]);
        of_rung[r->rung]++;
        if (r->rung == 2)
            last = r;
    }
    ck_assert_int_eq(of_rung[0], TRIALS);
    ck_assert_int_ge(of_rung[1], TRIALS / 3);
    ck_assert_int_ge(of_rung[2], of_rung[1] / 3);
    ck_assert_ptr_nonnull(last);

    struct sweep_setting *settings;
    size_t count;
    struct error err = { 0 };
    ck_assert_int_eq(sweep_rank(&results, &settings, &count, &err), 0);
    ck_assert_uint_eq(count, TRIALS);
    ck_assert_int_eq(settings[0].rung, 2);
    ck_assert_int_eq(settings[count - 1].rung, 0);
    free(settings);

    /* The same setting alone, in one piece. */
    struct space one = { 0 };
    char path[64], pieces[65], whole[65];
    const char *key;
    json_t *value;
    json_object_foreach(last->params, key, value)
        ck_assert_int_eq(space_set_choices(&one, key, json_pack("[O]", value), &err), 0);
    sweep_data_run(&(struct sweep_stage){
        .name = "whole", .round = 1, .space = &one, .trials = 1, .epochs = EPOCHS });
    space_release(&one);
    snprintf(path, sizeof(path), "out/%s/last.safetensors", last->run);
    hash_of(path, pieces);
    struct sweep_results alone = read_results("whole");
    ck_assert_double_eq(alone.item[0].loss, last->loss);
    ck_assert_double_eq(alone.item[0].best_top1, last->best_top1);
    snprintf(path, sizeof(path), "out/%s/last.safetensors", alone.item[0].run);
    hash_of(path, whole);
    ck_assert_str_eq(pieces, whole);
    sweep_results_release(&alone);
    sweep_results_release(&results);
}
END_TEST

/* What is promoted on the results so far is not taken back by later ones. */
START_TEST(promotion)
{
    static const double score[] = { 0.3, 0.5, 0.2, 0.9, NAN, 0.8, 0.1, 0.85, 0.7 };
    static const size_t expected[] = { 1, 3, 5, 7 };
    enum { N = sizeof(score) / sizeof(score[0]) };
    size_t promoted[N], before[N], count, fewer = 0;
    struct error err = { 0 };
    for (size_t n = 0; n <= N; n++) {
        ck_assert_int_eq(sweep_promote(score, n, 3, promoted, &count, &err), 0);
        ck_assert_uint_ge(count, n / 3);
        for (size_t i = 0; i < fewer; i++)
            ck_assert_uint_eq(promoted[i], before[i]);
        memcpy(before, promoted, sizeof(before));
        fewer = count;
    }
    ck_assert_uint_eq(count, 4);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(promoted[i], expected[i]);
}
END_TEST

START_TEST(grid_search)
{
    sweep_data_run(&(struct sweep_stage){
        .name = "grid", .round = 1, .search = SWEEP_GRID, .trials = 7, .epochs = 1 });
    struct sweep_results results = read_results("grid");
    ck_assert_uint_eq(results.count, 6); /* two rates for each of three decays */
    ck_assert_uint_eq(sweep_values(&results, "train.lr"), 2);
    ck_assert_uint_eq(sweep_values(&results, "train.weight_decay"), 3);
    sweep_results_release(&results);
}
END_TEST

/* On six trials chance tries six rates, the grid two. */
START_TEST(random_against_grid)
{
    static const char *const keys[] = { "train.lr", "train.weight_decay" };
    struct config *config = sweep_data_config(NULL);
    struct sweep_options options = sweep_data_options(config);
    const struct sweep_stage stage = {
        .name = "", .round = 1, .space = &sweep_data_space, .trials = 6, .epochs = 1
    };
    struct sweep *sweep;
    struct error err = { 0 };
    json_t *evidence;
    ck_assert_int_eq(sweep_open(&sweep, &options, &err), 0);
    ck_assert_msg(sweep_versus(sweep, &stage, 0, &evidence, &err) == 0, "%s: %s", err.place,
                  err.message);
    for (int i = 0; i < 2; i++) {
        const json_t *random = json_object_get(evidence, "random");
        const json_t *grid = json_object_get(evidence, "grid");
        ck_assert_int_eq(json_integer_value(json_object_get(random, "trials")), 6);
        ck_assert_int_eq(json_integer_value(json_object_get(grid, "trials")), 6);
        random = json_object_get(json_object_get(random, "values_tried"), keys[i]);
        grid = json_object_get(json_object_get(grid, "values_tried"), keys[i]);
        if (i == 0)
            ck_assert_int_eq(json_integer_value(random), 6);
        ck_assert_int_eq(json_integer_value(grid), i == 0 ? 2 : 3);
        ck_assert(json_is_real(json_object_get(json_object_get(evidence, "importance"), keys[i])));
    }
    json_decref(evidence);
    sweep_close(sweep);
    config_close(config);
}
END_TEST

/* Trials that come to nothing are results, with the reason. */
START_TEST(failures)
{
    struct space space = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(space_set_choices(&space, "train.lr", json_pack("[f, f]", 1000., 0.1), &err),
                     0);
    ck_assert_int_eq(space_set_choices(&space, "train.min_lr", json_pack("[f, f]", 0., 0.5), &err),
                     0);
    const char *set[] = { "train.l2=10", NULL };
    sweep_data_run(&(struct sweep_stage){ .name = "grid",
                                          .round = 1,
                                          .search = SWEEP_GRID,
                                          .space = &space,
                                          .trials = 4,
                                          .epochs = 3,
                                          .set = set });
    space_release(&space);
    struct sweep_results results = read_results("grid");
    ck_assert_uint_eq(results.count, 4);
    for (size_t i = 0; i < results.count; i++) {
        const struct sweep_result *r = &results.item[i];
        double lr = json_number_value(json_object_get(r->params, "train.lr"));
        double low = json_number_value(json_object_get(r->params, "train.min_lr"));
        enum sweep_state state = low > lr ? SWEEP_REFUSED : lr > 1 ? SWEEP_DIVERGED : SWEEP_DONE;
        ck_assert_str_eq(sweep_state_names[r->state], sweep_state_names[state]);
        if (state == SWEEP_REFUSED)
            ck_assert_ptr_nonnull(strstr(r->reason, "above train.lr"));
        else if (state == SWEEP_DIVERGED)
            ck_assert_ptr_nonnull(strstr(r->reason, "diverged"));
        else
            ck_assert_str_eq(r->reason, "");
    }
    sweep_results_release(&results);
}
END_TEST

/* The first to begin a stage decides what it is. */
START_TEST(first_decides)
{
    sweep_data_run(&(struct sweep_stage){ .name = "coarse", .round = 1, .trials = 2, .epochs = 1 });
    struct sweep_end end = sweep_data_run(
        &(struct sweep_stage){ .name = "coarse", .round = 1, .trials = 5, .epochs = 2 });
    ck_assert(end.complete && end.trials == 2 && end.done == 2 && end.ran == 0);
    end = sweep_data_run(
        &(struct sweep_stage){ .name = "coarse", .round = 2, .trials = 1, .epochs = 1 });
    ck_assert(end.complete && end.trials == 1 && end.ran == 1);
    ck_assert(file_exists("out/trials/0002/result.json"));
    struct sweep_results results;
    struct error err = { 0 };
    ck_assert_int_eq(sweep_read("out", "refine", 1, &results, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "never begun"));
}
END_TEST

/* A trial whose worker could save weights and no checkpoint, and died, is begun again. */
START_TEST(begun_again)
{
    const struct sweep_stage stage = { .name = "coarse", .round = 1, .trials = 1, .epochs = 1 };
    sweep_data_run(&stage);
    struct sweep_results before = read_results("coarse");
    ck_assert_int_eq(system("cd out/trials/0000 && rm checkpoint.safetensors result.json"), 0);
    struct sweep_end end = sweep_data_run(&stage);
    ck_assert(end.complete && end.ran == 1);
    struct sweep_results after = read_results("coarse");
    ck_assert_int_eq(after.item[0].attempt, 1);
    ck_assert_int_eq(after.item[0].state, SWEEP_DONE);
    ck_assert_double_eq(after.item[0].loss, before.item[0].loss);
    sweep_results_release(&after);
    sweep_results_release(&before);
}
END_TEST

/* Files of a sweep are read as if a stranger had written them. */
START_TEST(damaged)
{
    static const char *const plans[] = {
        "",
        "[]",
        "{\"stage\": 3}",
        "{\"version\": 1, \"stage\": \"coarse\", \"round\": 1}",
        "{\"stage\": \"coarse\", \"round\": 1, \"first\": 0, \"ids\": 30000000, \"trials\": "
        "30000000, \"asked\": 1, \"epochs\": 1, \"folds\": 0, \"eta\": 0, \"least\": 0, "
        "\"space\": {}}",
        "{\"stage\": \"coarse\", \"round\": 1, \"first\": 0, \"ids\": 1, \"trials\": 1, "
        "\"asked\": 1, \"epochs\": 1, \"folds\": 0, \"eta\": 0, \"least\": 0, \"space\": "
        "{\"train.lr\": {\"log_uniform\": [-1, 1]}}}",
    };
    struct sweep_results results;
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        struct error err = { 0 };
        ck_assert_int_eq(file_make_folders("out/stages", &err), 0);
        ck_assert_int_eq(file_write("out/stages/0001.json", plans[i], strlen(plans[i]), &err), 0);
        ck_assert_int_eq(sweep_read("out", "coarse", 1, &results, &err), -1);
        ck_assert_uint_eq(results.count, 0);
    }
    ck_assert_int_eq(system("rm -r out"), 0);
    sweep_data_run(&(struct sweep_stage){ .name = "coarse", .round = 1, .trials = 1, .epochs = 1 });
    static const char *const wrong[] = { "{", "{}", "{\"state\": \"fine\"}", "[1]" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error err = { 0 };
        const char *path = "out/trials/0000/result.json";
        ck_assert_int_eq(file_write(path, wrong[i], strlen(wrong[i]), &err), 0);
        ck_assert_int_eq(sweep_read("out", "coarse", 1, &results, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_ptr_nonnull(strstr(err.place, path));
    }
}
END_TEST

START_TEST(other_config)
{
    sweep_data_run(&(struct sweep_stage){ .name = "coarse", .round = 1, .trials = 1, .epochs = 1 });
    struct config *config = sweep_data_config("train.momentum=0.5");
    struct sweep_options options = sweep_data_options(config);
    struct sweep *sweep;
    struct error err = { 0 };
    ck_assert_int_eq(sweep_open(&sweep, &options, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.message, "train.momentum was missing, is 0.5"));
    config_close(config);
    config = sweep_data_config("train.threads=2");
    options.config = config;
    ck_assert_msg(sweep_open(&sweep, &options, &err) == 0, "%s", err.message);
    sweep_close(sweep);
    config_close(config);
}
END_TEST

/* Time is up at once, and in the middle; what was begun is gone on with. */
START_TEST(deadline)
{
    const struct sweep_stage stage = {
        .name = "coarse", .round = 1, .space = &sweep_data_space, .trials = 2, .epochs = 80
    };
    struct config *config = sweep_data_config(NULL);
    struct sweep_options options = sweep_data_options(config);
    struct sweep *sweep;
    struct sweep_end end;
    struct error err = { 0 };
    int runs = 0, done = 0;
    ck_assert_int_eq(sweep_open(&sweep, &options, &err), 0);
    ck_assert_int_eq(sweep_run(sweep, &stage, clock_seconds(), &end, &err), 0);
    ck_assert(!end.complete && end.ran == 0 && end.trials == 2);
    do {
        double slice = 0.02 * (runs + 1); /* so that it gets somewhere, however slow it is */
        ck_assert_msg(sweep_run(sweep, &stage, clock_seconds() + slice, &end, &err) == 0, "%s: %s",
                      err.place, err.message);
        ck_assert_int_ge(end.done, done);
        done = end.done;
    } while (!end.complete && ++runs < 300);
    ck_assert_int_gt(runs, 0);
    ck_assert_int_eq(end.done, 2);
    sweep_close(sweep);
    config_close(config);
    struct sweep_results results = read_results("coarse");
    int attempts = 0;
    for (size_t i = 0; i < results.count; i++) {
        attempts += results.item[i].attempt;
        ck_assert_int_eq(results.item[i].epochs, 80);
    }
    ck_assert_int_gt(attempts, 0);
    sweep_results_release(&results);
}
END_TEST

/* Wrong data is nobody's result. */
START_TEST(no_data)
{
    const struct sweep_stage stage = {
        .name = "coarse", .round = 1, .space = &sweep_data_space, .trials = 2, .epochs = 1
    };
    struct config *config = sweep_data_config(NULL);
    struct sweep_options options = sweep_data_options(config);
    struct sweep *sweep;
    struct sweep_end end;
    struct error err = { 0 };
    options.data = "nowhere";
    ck_assert_int_eq(sweep_open(&sweep, &options, &err), 0);
    ck_assert_int_eq(sweep_run(sweep, &stage, 0, &end, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.place, "nowhere"));
    ck_assert(!file_exists("out/trials/0000"));
    sweep_close(sweep);
    config_close(config);
}
END_TEST

/* A disk without room for more than small files: told, nothing half-written, and the sweep goes on
 * when there is room. */
START_TEST(no_room)
{
    const struct sweep_stage stage = {
        .name = "coarse", .round = 1, .space = &sweep_data_space, .trials = 2, .epochs = 1
    };
    struct rlimit limit;
    struct config *config = sweep_data_config(NULL);
    struct sweep_options options = sweep_data_options(config);
    struct sweep *sweep;
    struct sweep_end end;
    struct error err = { 0 };
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(sweep_open(&sweep, &options, &err), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (rlim_t room = 50; room < 1400; room += 150) {
        struct rlimit small = { room, limit.rlim_max };
        err = (struct error){ 0 };
        setrlimit(RLIMIT_FSIZE, &small); /* Check itself writes files: no assertion in between */
        int rc = sweep_run(sweep, &stage, 0, &end, &err);
        setrlimit(RLIMIT_FSIZE, &limit);
        ck_assert_int_eq(rc, -1);
        ck_assert_msg(strstr(err.message, "cannot be written"), "%s: %s", err.place, err.message);
        ck_assert_int_eq(system("test -z \"$(find out -name '*.json' -size 0)\""), 0);
        ck_assert_int_eq(system("test -z \"$(find out -name '.*' -type f)\""), 0);
    }
    ck_assert_msg(sweep_run(sweep, &stage, 0, &end, &err) == 0, "%s: %s", err.place, err.message);
    ck_assert(end.complete && end.done == 2);
    sweep_close(sweep);
    config_close(config);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("sweep");
    tcase_add_checked_fixture(cases, sweep_data_enter, sweep_data_leave);
    tcase_add_test(cases, random_search);
    tcase_add_test(cases, grid_search);
    tcase_add_test(cases, random_against_grid);
    tcase_add_test(cases, cross_validation);
    tcase_add_test(cases, halving);
    tcase_add_test(cases, promotion);
    tcase_add_test(cases, failures);
    tcase_add_test(cases, first_decides);
    tcase_add_test(cases, begun_again);
    tcase_add_test(cases, damaged);
    tcase_add_test(cases, other_config);
    tcase_add_test(cases, deadline);
    tcase_add_test(cases, no_data);
    tcase_add_test(cases, no_room);
    return suite_run();
}
