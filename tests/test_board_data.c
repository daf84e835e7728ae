/*
 * The board's JSON says what lies in the run folders: curves, values that differ, groups of seeds
 * with their bands, verdicts and links; after a change it says what has changed and no more; and
 * nothing in a folder keeps the other runs from being shown.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/made_runs.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "train/board_data.h"
#include "train/board_name.h"

enum { RUNS = 18, POINTS = 900, EPOCHS = 8 };

static void put(const char *path, const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_folder(const char *path)
{
    struct error err = { 0 };
    ck_assert_int_eq(file_make_folders(path, &err), 0);
}

static struct board *open_board(struct board_options options)
{
    struct board *board;
    struct error err = { 0 };
    ck_assert_msg(board_open(&board, &options, &err) == 0, "%s: %s", err.place, err.message);
    return board;
}

static struct board *open_made(void)
{
    static const char *const roots[] = { "sweep" };
    struct error err = { 0 };
    ck_assert_int_eq(made_runs("sweep", &(struct made_shape){ RUNS, POINTS, EPOCHS }, &err), 0);
    return open_board((struct board_options){ .roots = roots, .count = 1 });
}

static json_t *ask(const struct board *board, uint64_t since)
{
    struct buffer text = { 0 };
    struct error err = { 0 };
    json_error_t where;
    ck_assert_int_eq(board_json(board, since, &text, &err), 0);
    json_t *json = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, &where);
    ck_assert_msg(json != NULL, "%s at byte %d: %.200s", where.text, where.position, text.data);
    buffer_release(&text);
    return json;
}

static bool update(struct board *board)
{
    struct error err = { 0 };
    bool changed;
    ck_assert_msg(board_update(board, &changed, &err) == 0, "%s: %s", err.place, err.message);
    return changed;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const json_t *run_of(const json_t *json, size_t i)
{
    return json_array_get(json_object_get(json, "runs"), i);
}

static void check_text(const json_t *value, const char *want)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, want);
    free(text);
}

static void check_member(const json_t *object, const char *key, const char *want)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(value != NULL, "no %s", key);
    check_text(value, want);
}

/* Five digits. */
static void check_near(double a, double b)
{
    ck_assert_msg(fabs(a - b) <= 1e-4 * fabs(b) + 1e-9, "%.9g, %.9g", a, b);
}

START_TEST(runs)
{
    struct board *board = open_made();
    json_t *json = ask(board, 0);
    check_member(json, "keys", "[\"train.lr\",\"train.weight_decay\"]");
    check_member(json, "sweep", "{\"trials\":18,\"done\":18,\"running\":0}");
    check_member(json, "title", "\"sweep\"");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), RUNS);
    for (size_t i = 0; i < RUNS; i++) {
        const json_t *run = run_of(json, i), *values = json_object_get(run, "values");
        char path[64], name[64];
        struct run_record *record;
        struct error err = { 0 };
        int epoch;
        snprintf(path, sizeof(path), "sweep/trials/%04zu", i);
        snprintf(name, sizeof(name), "\"trials/%04zu\"", i);
        ck_assert_int_eq(run_read(&record, path, &err), 0);
        check_member(run, "name", name);
        check_member(run, "state", i % 17 == 16 ? "\"diverged\"" : "\"done\"");
        check_member(run, "stage", "\"coarse\"");
        ck_assert_double_eq(number(run, "group"), (double)(i / 3));
        ck_assert_double_eq(number(run, "seed"), (double)(i % 3));
        const json_t *train = json_object_get(record->config, "train");
        check_near(json_number_value(json_array_get(values, 0)), number(train, "lr"));
        check_near(number(run, "best_top1"), board_run_best(&record->rows, &epoch));
        ck_assert_double_eq(number(run, "best_epoch"), epoch);
        ck_assert_double_eq(number(run, "steps_per_epoch"), POINTS * 10.0 / EPOCHS);
        const json_t *epochs = json_object_get(run, "epochs"), *top1;
        size_t e;
        json_array_foreach(json_object_get(epochs, "eval_top1"), e, top1)
            check_near(json_number_value(top1), record->rows.eval_top1[e]);
        ck_assert_uint_eq(e, record->rows.count);
        run_close(record);
    }
    json_decref(json);
    board_close(board);
}
END_TEST

/* Both extremes of the loss are drawn; the average ends where that of all points ends. */
START_TEST(curves)
{
    struct board *board = open_made();
    json_t *json = ask(board, 0);
    struct run_record *run;
    struct error err = { 0 };
    ck_assert_int_eq(run_read(&run, "sweep/trials/0003", &err), 0);
    double least = INFINITY, greatest = -INFINITY, drawn_least = INFINITY, drawn_most = -INFINITY;
    for (size_t i = 0; i < run->points.count; i++) {
        least = fmin(least, run->points.loss[i]);
        greatest = fmax(greatest, run->points.loss[i]);
    }
    const json_t *points = json_object_get(run_of(json, 3), "points"), *value;
    size_t i, count = json_array_size(json_object_get(points, "step"));
    json_array_foreach(json_object_get(points, "loss"), i, value)
    {
        drawn_least = fmin(drawn_least, json_number_value(value));
        drawn_most = fmax(drawn_most, json_number_value(value));
    }
    ck_assert_uint_eq(i, count);
    ck_assert_uint_le(count, 400);
    ck_assert_uint_eq(json_array_size(json_object_get(points, "lr")), count);
    check_near(drawn_least, least);
    check_near(drawn_most, greatest);
    double mean = 0, weight = 0;
    for (size_t k = 0; k < run->points.count; k++) {
        double w = exp(-(double)(run->points.count - 1 - k) / (POINTS / (2.0 * EPOCHS)));
        mean += w * run->points.loss[k];
        weight += w;
    }
    const json_t *drawn = json_object_get(json_object_get(run_of(json, 3), "mean"), "loss");
    size_t last = json_array_size(drawn) - 1;
    ck_assert_double_eq_tol(json_number_value(json_array_get(drawn, last)), mean / weight,
                            1e-4 * mean / weight);
    run_close(run);
    json_decref(json);
    board_close(board);
}
END_TEST

START_TEST(bands)
{
    struct board *board = open_made();
    json_t *json = ask(board, 0);
    const json_t *all = json_object_get(json, "bands"), *band = json_array_get(all, 1);
    ck_assert_uint_eq(json_array_size(all), RUNS / 3);
    check_member(band, "group", "1");
    check_member(band, "runs", "[3,4,5]");
    check_member(band, "epoch", "[1,2,3,4,5,6,7,8]");
    double x[3], mean = 0, squares = 0;
    for (size_t i = 0; i < 3; i++) {
        const json_t *epochs = json_object_get(run_of(json, 3 + i), "epochs");
        x[i] = json_number_value(json_array_get(json_object_get(epochs, "eval_top1"), 4));
        mean += x[i] / 3;
    }
    for (size_t i = 0; i < 3; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    const json_t *top1 = json_object_get(band, "eval_top1");
    double se = sqrt(squares / 2 / 3);
    check_near(json_number_value(json_array_get(json_object_get(top1, "mean"), 4)), mean);
    check_near(json_number_value(json_array_get(json_object_get(top1, "low"), 4)), mean - se);
    check_near(json_number_value(json_array_get(json_object_get(top1, "high"), 4)), mean + se);
    /* Epochs that one of three has come to are those of one. */
    band = json_array_get(all, 5);
    check_member(band, "runs", "[15,16,17]");
    ck_assert_uint_eq(json_array_size(json_object_get(band, "epoch")), EPOCHS);
    json_decref(json);
    board_close(board);
}
END_TEST

START_TEST(followed)
{
    struct board *board = open_made();
    uint64_t before = board_generation(board);
    ck_assert(!update(board));
    json_t *json = ask(board, before);
    check_member(json, "runs", "[]");
    ck_assert_ptr_null(json_object_get(json, "bands"));
    json_decref(json);

    put("sweep/trials/0016/log.jsonl", "a", "{\"resumed\":9000}\n{\"step\":9001,\"loss\":77}\n");
    ck_assert(update(board));
    ck_assert_uint_gt(board_generation(board), before);
    json = ask(board, before);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), 1);
    check_member(run_of(json, 0), "id", "16");
    check_member(run_of(json, 0), "state", "\"running\"");
    const json_t *loss = json_object_get(json_object_get(run_of(json, 0), "points"), "loss");
    check_text(json_array_get(loss, json_array_size(loss) - 1), "77");
    check_member(json, "sweep", "{\"trials\":18,\"done\":17,\"running\":1}");
    json_decref(json);

    /* A run that appears gets the next id, wherever its name is in order. */
    uint64_t then = board_generation(board);
    make_folder("sweep/another");
    put("sweep/another/log.jsonl", "w", "{\"step\":1,\"loss\":1}\n");
    ck_assert(update(board));
    ck_assert(!update(board));
    json = ask(board, then);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), 1);
    check_member(run_of(json, 0), "id", "18");
    check_member(run_of(json, 0), "name", "\"another\"");
    check_member(run_of(json, 0), "seed", "null");
    json_decref(json);

    /* A number from a server that is gone: everything. */
    json = ask(board, board_generation(board) + 1);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), RUNS + 1);
    json_decref(json);

    /* A key that differs from now on changes the values of all runs. */
    then = board_generation(board);
    put("sweep/another/config.json", "w", "{\"train\":{\"momentum\":0.5,\"lr\":1}}");
    put("sweep/another/log.jsonl", "a", "{\"step\":2,\"loss\":1}\n");
    ck_assert(update(board));
    json = ask(board, then);
    check_member(json, "keys", "[\"train.lr\",\"train.weight_decay\",\"train.momentum\"]");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), RUNS + 1);
    check_member(run_of(json, RUNS), "values", "[1,null,0.5]");
    json_decref(json);

    /* A report that is put there when all is over. */
    then = board_generation(board);
    put("sweep/trials/0002/report.html", "w", "");
    ck_assert(update(board));
    ck_assert(!update(board));
    json = ask(board, then);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), 1);
    check_member(run_of(json, 0), "links",
                 "[{\"text\":\"report\",\"href\":"
                 "\"runs/2/report.html\"}]");
    loss = json_object_get(json_object_get(run_of(json, 0), "points"), "loss");
    ck_assert_uint_gt(json_array_size(loss), 100);
    json_decref(json);

    /* Another table: another band. */
    then = board_generation(board);
    put("sweep/trials/0004/summary.csv", "w", "epoch,eval_top1\n9,50\n");
    ck_assert(update(board));
    json = ask(board, then);
    check_member(json_object_get(run_of(json, 0), "epochs"), "epoch", "[9]");
    check_member(json_array_get(json_object_get(json, "bands"), 1), "epoch", "[1,2,3,4,5,6,7,8,9]");
    json_decref(json);

    /* Gone is not forgotten. */
    ck_assert_int_eq(system("rm -r sweep/another"), 0);
    ck_assert(!update(board));
    json = ask(board, 0);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), RUNS + 1);
    json_decref(json);
    board_close(board);
}
END_TEST

START_TEST(verdicts)
{
    static const char *const roots[] = { "sweep" };
    make_folder("sweep/steps/1-init.json.folder");
    make_folder("sweep/trials/0000");
    put("sweep/trials/0000/log.jsonl", "w", "");
    put("sweep/steps/10-refine.json", "w", "{\"step\":\"refine\"}");
    put("sweep/steps/2-overfit.json", "w", "{\"step\":\"overfit\",\"evidence\":{\"x\":[0.5]}}");
    put("sweep/steps/1-init.json", "w", "{\"step\":\"init\"}");
    put("sweep/steps/3-lr.json", "w", "{\"step\":\"lr");
    put("sweep/steps/notes.json", "w", "{\"step\":\"none\"}");
    struct board *board = open_board((struct board_options){ .roots = roots, .count = 1 });
    json_t *json = ask(board, 0);
    check_member(json, "steps",
                 "[{\"step\":\"init\"},{\"step\":\"overfit\",\"evidence\":{\"x\":"
                 "[0.5]}},{\"step\":\"refine\"}]");
    check_member(json, "sweep", "null");
    json_decref(json);
    uint64_t before = board_generation(board);
    ck_assert(!update(board));
    put("sweep/steps/3-lr.json", "w", "{\"step\":\"lr\"}");
    ck_assert(update(board));
    json = ask(board, before);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "steps")), 4);
    check_member(json, "runs", "[]");
    json_decref(json);
    board_close(board);
}
END_TEST

START_TEST(links)
{
    static const char *const roots[] = { "out" };
    static const char *const pages[] = { NULL, ".", "out", "out/a", "other", "/" };
    static const char *const want[] = { "runs/0/", "out/a/", "a/", "", "../out/a/", NULL };
    make_folder("out/a");
    make_folder("other");
    put("out/a/log.jsonl", "w", "");
    put("out/a/a report.html", "w", "<html>");
    put("out/a/50%\".png", "w", "");
    put("out/a/best.safetensors", "w", "");
    for (int i = 0; i < 6; i++) {
        struct board_options options = { .roots = roots, .count = 1, .page = pages[i] };
        struct board *board = open_board(options);
        json_t *json = ask(board, 0);
        const json_t *list = json_object_get(run_of(json, 0), "links");
        char text[200], cwd[100];
        ck_assert_uint_eq(json_array_size(list), 2);
        ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
        snprintf(text, sizeof(text), "\"%s%s50%%25%%22.png\"", want[i] ? want[i] : cwd + 1,
                 want[i] ? "" : "/out/a/");
        check_member(json_array_get(list, 0), "href", text);
        check_member(json_array_get(list, 1), "text", "\"a report\"");
        ck_assert_ptr_nonnull(
            strstr(json_string_value(json_object_get(json_array_get(list, 1), "href")),
                   "a%20report.html"));
        json_decref(json);
        board_close(board);
    }
}
END_TEST

START_TEST(names)
{
    static const struct {
        const char *roots[3];
        const char *path, *name, *title;
    } cases[] = {
        { { "out" }, "out/a", "a", "out" },
        { { "out//" }, "out//a/b", "a/b", "out" },
        { { "out/a" }, "out/a", "a", "a" },
        { { "out/a/" }, "out/a/", "a", "a" },
        { { "out/a", "out/b" }, "out/b", "b", "a, b" },
        { { "out/a", "out/b" }, "out/b/c", "b/c", "a, b" },
        { { "out/ab", "out/abc" }, "out/abc", "abc", "ab, abc" },
        { { "out", "out/b" }, "out/b", "b", "out, b" },
        { { "/x/a", "/x/b" }, "/x/a/1", "a/1", "a, b" },
        { { "/x", "y" }, "y/1", "y/1", "x, y" },
        { { "/x", "/y" }, "/y/1", "/y/1", "x, y" },
        { { "/" }, "/y/1", "y/1", "/" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        int count = 1 + (cases[i].roots[1] != NULL);
        char *folder = board_name_folder(cases[i].roots, count, &err);
        char *name = board_name(folder, cases[i].path, &err);
        char *title = board_name_title(NULL, cases[i].roots, count, &err);
        ck_assert_str_eq(name, cases[i].name);
        ck_assert_str_eq(title, cases[i].title);
        free(folder);
        free(name);
        free(title);
    }
}
END_TEST

/* Configs that are none, of great depth, of many keys; and folders that hold no run at all. */
START_TEST(hostile)
{
    static const char *const roots[] = { "out" };
    struct buffer text = { 0 };
    struct error err = { 0 };
    make_folder("out");
    struct board *board = open_board((struct board_options){ .roots = roots, .count = 1 });
    json_t *json = ask(board, 0);
    check_member(json, "runs", "[]");
    check_member(json, "bands", "[]");
    json_decref(json);
    static const char *const names[] = { "out/none", "out/deep", "out/many", "out/long",
                                         "out/\xe9\n</script>" };
    for (int i = 0; i < 5; i++) {
        char path[100];
        text.size = 0;
        ck_assert_int_eq(buffer_append(&text, "{\"k\":", 5, &err), 0);
        for (int k = 0; i == 1 && k < 1000; k++)
            ck_assert_int_eq(buffer_print(&text, &err, "[[1],"), 0);
        for (int k = 0; i == 2 && k < 3000; k++)
            ck_assert_int_eq(buffer_print(&text, &err, "{},\"k%d\":", k), 0);
        for (int k = 0; i == 3 && k < 3000; k++)
            ck_assert_int_eq(buffer_print(&text, &err, "%s", k == 0 ? "\"" : "0123456789"), 0);
        ck_assert_int_eq(buffer_print(&text, &err, i == 3 ? "\"" : "1"), 0);
        for (int k = 0; i == 1 && k < 1000; k++)
            ck_assert_int_eq(buffer_append(&text, "]", 1, &err), 0);
        ck_assert_int_eq(buffer_append(&text, "}", 1, &err), 0);
        make_folder(names[i]);
        snprintf(path, sizeof(path), "%s/log.jsonl", names[i]);
        put(path, "w", "{\"step\":1,\"loss\":1e308}\n{\"step\":2,\"loss\":-1e308}\n");
        snprintf(path, sizeof(path), "%s/config.json", names[i]);
        put(path, "w", i == 0 ? "[1]" : text.data);
        snprintf(path, sizeof(path), "%s/trial.json", names[i]);
        put(path, "w", "{\"params\":7,\"stage\":{}}");
    }
    ck_assert(update(board));
    json = ask(board, 0);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "runs")), 5);
    ck_assert_uint_le(json_array_size(json_object_get(json, "keys")), 100);
    char *all = json_dumps(json, 0);
    ck_assert_uint_le(strlen(all), 100000);
    free(all);
    json_decref(json);
    board_close(board);
    buffer_release(&text);
    static const char *const nowhere[] = { "nowhere" };
    ck_assert_int_eq(
        board_open(&board, &(struct board_options){ .roots = nowhere, .count = 1 }, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("board_data");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, runs);
    tcase_add_test(cases, curves);
    tcase_add_test(cases, bands);
    tcase_add_test(cases, followed);
    tcase_add_test(cases, verdicts);
    tcase_add_test(cases, links);
    tcase_add_test(cases, names);
    tcase_add_test(cases, hostile);
    return suite_run();
}
