/*
 * Run folders are read whatever state they are in: lines by the fast way and by jansson alike, what
 * is appended as it comes, resumed runs without what they went back over, half lines and foreign
 * ones passed over and counted; and run folders are found however they are linked.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/rng.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "train/run_find.h"
#include "train/run_line.h"
#include "train/run_log.h"
#include "train/run_read.h"
#include "train/run_table.h"

static void put(const char *path, const char *mode, const char *text, size_t size)
{
    FILE *file = fopen(path, mode);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void append(const char *path, const char *text)
{
    put(path, "a", text, strlen(text));
}

static void make_folder(const char *path)
{
    struct error err = { 0 };
    ck_assert_int_eq(file_make_folders(path, &err), 0);
}

/* What the file at `path` holds from now on, under the same inode. */
static void overwrite(const char *path, const char *text)
{
    put(path, "w", text, strlen(text));
}

static struct run_record *read_run(const char *path)
{
    struct run_record *run;
    struct error err = { 0 };
    ck_assert_msg(run_read(&run, path, &err) == 0, "%s: %s", err.place, err.message);
    return run;
}

static bool follow(struct run_record *run)
{
    struct error err = { 0 };
    bool changed;
    ck_assert_int_eq(run_follow(run, &changed, &err), 0);
    return changed;
}

static const char *const lines[] = {
    "{\"step\":50,\"epoch\":0.12820512820512819,\"loss\":2.0474284325699701,"
    "\"lr\":0.02564102564102564,\"images_per_second\":1222.8755937392566}",
    "{\"step\":4650,\"epoch\":11.923076923076923,\"loss\":0.7103929467145319,"
    "\"lr\":2.5766765293211425e-5,\"images_per_second\":1223.0198873086442}",
    "{\"step\": 1, \"loss\": -0.0, \"lr\": 1.25e-300}",
    "{\"loss\":1e5,\"step\":0}",
    "{\"step\":9007199254740991,\"loss\":9999999999999999999}",
    "{\"step\":9007199254740992,\"loss\":1}",
    "{\"step\":1,\"loss\":1,\"loss\":2,\"grad_norm\":0.5}",
    "{\"step\":01,\"loss\":1}",
    "{\"step\":1.5,\"loss\":1}",
    "{\"step\":-1,\"loss\":1}",
    "{\"step\":1,\"loss\":1.}",
    "{\"step\":1,\"loss\":.5}",
    "{\"step\":1,\"loss\":1e999}",
    "{\"step\":1,\"loss\":1e}",
    "{\"step\":1,\"loss\":null}",
    "{\"step\":1,\"loss\":1,\"note\":\"a \\\"quoted\\\" text\"}",
    "{\"step\":1,\"loss\":1,\"l\\u0072\":3}",
    "{\"step\":1,\"loss\":1}}",
    "{\"step\":1,\"loss\":1,}",
    "{\"step\":1 \"loss\":1}",
    "  {\t\"step\" : 3 , \"loss\" : 4 }\r",
    "{\"resumed\":390}",
    "{\"resumed\":-1}",
    "{\"ended\":\"diverged\",\"step\":7,\"reason\":\"the loss is inf\"}",
    "{\"ended\":\"somehow\"}",
    "{}",
    "[]",
    "",
    "{\"step\":4600,\"epoch\":11.7948717",
    "\xff\xfe",
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

static bool close_to(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 4 * 0x1p-53 * fabs(b);
}

static void check_twins(const char *text, size_t size)
{
    struct run_line fast = { 0 }, plain = { 0 };
    run_line_read(text, size, &fast);
    run_line_read_plain(text, size, &plain);
    ck_assert_msg(fast.kind == plain.kind, "%s: %d, %d", text, fast.kind, plain.kind);
    if (fast.kind == LINE_POINT || fast.kind == LINE_RESUMED)
        ck_assert_msg(fast.step == plain.step, "%s", text);
    if (fast.kind == LINE_POINT)
        ck_assert_msg(close_to(fast.epoch, plain.epoch) && close_to(fast.loss, plain.loss) &&
                          close_to(fast.lr, plain.lr) &&
                          close_to(fast.images_per_second, plain.images_per_second),
                      "%s: %.17g %.17g %.17g %.17g", text, fast.epoch, fast.loss, fast.lr,
                      fast.images_per_second);
}

/* The lines above, and each with bytes changed at random. */
START_TEST(twins)
{
    static const char bytes[] = "0123456789.eE+-\"{}:, \tlos\\\x01\xc3";
    struct rng rng = rng_start(rng_derive(7, "sample", "lines", 0), 0, 0);
    for (int i = 0; i < LINES; i++) {
        char text[300];
        size_t size = strlen(lines[i]);
        snprintf(text, sizeof(text), "%s\n", lines[i]);
        check_twins(text, size);
        for (int turn = 0; size > 0 && turn < 2000; turn++) {
            snprintf(text, sizeof(text), "%s\n", lines[i]);
            for (int change = turn % 3; change >= 0; change--)
                text[rng_below(&rng, size)] = bytes[rng_below(&rng, sizeof(bytes))];
            check_twins(text, size);
        }
    }
}
END_TEST

START_TEST(kinds)
{
    static const enum run_line_kind want[] = {
        LINE_POINT,   LINE_POINT,   LINE_POINT,   LINE_POINT,   LINE_FOREIGN, LINE_FOREIGN,
        LINE_POINT,   LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN,
        LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN, LINE_POINT,   LINE_POINT,   LINE_FOREIGN,
        LINE_FOREIGN, LINE_FOREIGN, LINE_POINT,   LINE_RESUMED, LINE_FOREIGN, LINE_ENDED,
        LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN, LINE_FOREIGN,
    };
    for (int i = 0; i < LINES; i++) {
        char text[300];
        struct run_line line;
        snprintf(text, sizeof(text), "%s\n", lines[i]);
        run_line_read(text, strlen(lines[i]), &line);
        ck_assert_msg(line.kind == want[i], "%s: %d", lines[i], line.kind);
    }
}
END_TEST

/* Byte by byte: a point is there once its line feed is, and never half of one. */
START_TEST(appended)
{
    static const char log[] = "{\"step\":10,\"epoch\":0.5,\"loss\":2.5,\"lr\":0.1}\n"
                              "{\"step\":20,\"epoch\":1,\"loss\":2.25,\"lr\":0.1}\n"
                              "no line of ours\n"
                              "{\"ended\":\"done\",\"step\":20}\n";
    make_folder("run");
    overwrite("run/log.jsonl", "");
    struct run_record *run = read_run("run");
    size_t feeds = 0;
    for (size_t i = 0; log[i]; i++) {
        put("run/log.jsonl", "a", log + i, 1);
        ck_assert(follow(run));
        ck_assert(!follow(run));
        feeds += log[i] == '\n';
        ck_assert_uint_eq(run->points.count, feeds < 2 ? feeds : 2);
        ck_assert_int_eq(run->skipped_lines, feeds > 2);
        ck_assert_int_eq(run->state, feeds > 3 ? RUN_DONE : RUN_RUNNING);
    }
    ck_assert_double_eq(run->points.loss[1], 2.25);
    ck_assert(isnan(run->points.images_per_second[1]));
    ck_assert_uint_eq(run->steps_per_epoch, 20);
    run_close(run);
}
END_TEST

START_TEST(resumed)
{
    make_folder("run");
    overwrite("run/log.jsonl", "{\"step\":1,\"loss\":5}\n{\"step\":2,\"loss\":4}\n"
                               "{\"step\":3,\"loss\":3}\n"
                               "{\"ended\":\"stopped\",\"step\":3,\"reason\":\"SIGTERM\"}\n");
    struct run_record *run = read_run("run");
    ck_assert_int_eq(run->state, RUN_STOPPED);
    ck_assert_str_eq(run->reason, "SIGTERM");
    append("run/log.jsonl", "{\"resumed\":1}\n");
    ck_assert(follow(run));
    ck_assert_int_eq(run->state, RUN_RUNNING);
    ck_assert_str_eq(run->reason, "");
    ck_assert_uint_eq(run->points.count, 1);
    append("run/log.jsonl", "{\"step\":2,\"loss\":4.5}\n");
    ck_assert(follow(run));
    ck_assert_double_eq(run->points.loss[1], 4.5);
    /* A run of before there was such a line: the step says it. */
    append("run/log.jsonl", "{\"step\":3,\"loss\":3}\n{\"step\":2,\"loss\":4.25}\n");
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 2);
    ck_assert_double_eq(run->points.loss[1], 4.25);
    append("run/log.jsonl", "{\"step\":0,\"loss\":9}\n");
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 1);
    run_close(run);
}
END_TEST

/* Begun again under the same name: shorter, longer, and as long as it was. */
START_TEST(overwritten)
{
    static const char *const logs[] = {
        "{\"step\":1,\"loss\":1}\n{\"step\":2,\"loss\":1}\n",
        "{\"step\":1,\"loss\":2}\n",
        "{\"step\":1,\"loss\":3}\n{\"step\":2,\"loss\":3}\n{\"step\":3,\"loss\":3}\n",
        "{\"step\":1,\"loss\":4}\n{\"step\":2,\"loss\":4}\n{\"step\":3,\"loss\":4}\n",
    };
    make_folder("run");
    overwrite("run/log.jsonl", "{\"step\":1,\"loss\":0}\n");
    struct run_record *run = read_run("run");
    for (int i = 0; i < 4; i++) {
        usleep(20000); /* what has changed in size, inode and tick of the clock alike is the same */
        overwrite("run/log.jsonl", logs[i]);
        ck_assert(follow(run));
        ck_assert_uint_eq(run->points.count, (size_t)(i == 0 ? 2 : i == 1 ? 1 : 3));
        ck_assert_double_eq(run->points.loss[0], i + 1);
    }
    /* By another file of the same name; and gone for a moment. */
    struct error err = { 0 };
    ck_assert_int_eq(file_write("run/log.jsonl", logs[1], strlen(logs[1]), &err), 0);
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 1);
    ck_assert_int_eq(unlink("run/log.jsonl"), 0);
    ck_assert(!follow(run));
    ck_assert_uint_eq(run->points.count, 1);
    /* Clocks that jump: the times are those of 1970 now, the bytes are new. */
    overwrite("run/log.jsonl", logs[0]);
    const struct timespec epoch[2] = { { 0 } };
    ck_assert_int_eq(utimensat(AT_FDCWD, "run/log.jsonl", epoch, 0), 0);
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 2);
    run_close(run);
}
END_TEST

/* A record without its points takes them up again when there is something new. */
START_TEST(dropped)
{
    make_folder("run");
    overwrite("run/log.jsonl", "{\"step\":1,\"loss\":5}\n{\"step\":2,\"loss\":4}\n");
    struct run_record *run = read_run("run");
    run_drop_points(run);
    ck_assert(!follow(run));
    ck_assert_uint_eq(run->points.count, 0);
    append("run/log.jsonl", "{\"step\":3,\"loss\":3}\n");
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 3);
    append("run/log.jsonl", "{\"ended\":\"done\",\"step\":3}\n");
    ck_assert(follow(run));
    run_drop_points(run);
    overwrite("run/summary.csv", "epoch,lr\n1,0.5\n");
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 3);
    ck_assert_int_eq(run->state, RUN_DONE);
    run_close(run);
}
END_TEST

static void check_notes(const struct run_record *run, const char *want)
{
    json_t *notes = run_notes(run);
    char *text = json_dumps(notes, JSON_COMPACT);
    ck_assert_str_eq(text, want);
    free(text);
    json_decref(notes);
}

/* Columns by name; a version with fewer of them and in another order; rows that are none. */
START_TEST(tables)
{
    make_folder("run");
    overwrite("run/config.json", "{\"train\":{\"epochs\":3}}");
    overwrite("run/summary.csv",
              "epoch,train_loss,train_top1,eval_loss,eval_top1,eval_top5,lr,seconds,"
              "images_per_second\n1,1.641646,39.157,1.581660,45.790,92.400,0.2,39.63,1259.7\n"
              "2,1.185720,57.210,,,,0.1,40.84,1222.4\n");
    struct run_record *run = read_run("run");
    ck_assert_uint_eq(run->rows.count, 2);
    ck_assert_double_eq_tol(run->rows.eval_top1[0], 0.4579, 1e-12);
    ck_assert_double_eq_tol(run->rows.train_top1[1], 0.5721, 1e-12);
    ck_assert(isnan(run->rows.eval_top1[1]) && isnan(run->rows.eval_loss[1]));
    ck_assert_int_eq(run->state, RUN_RUNNING);
    check_notes(run, "[]");
    overwrite("run/summary.csv", "lr,epoch,color,train_loss\r\n0.5,1,red,2\r\n\r\n0.5,two,red,2\n"
                                 "0.25,2\n0.125,3,4");
    ck_assert(follow(run));
    ck_assert_uint_eq(run->rows.count, 2);
    ck_assert_double_eq(run->rows.lr[1], 0.125);
    ck_assert(isnan(run->rows.train_loss[1]) && isnan(run->rows.seconds[0]));
    /* No line says that it ended, but all its epochs are there. */
    ck_assert_int_eq(run->state, RUN_DONE);
    check_notes(run, "[\"2 rows of summary.csv were not readable\"]");
    run_close(run);
}
END_TEST

/* Nothing of it is read, everything is survived. */
START_TEST(hostile)
{
    make_folder("run/summary.csv");
    make_folder("run/config.json");
    char *longest = malloc(3 * RUN_LOG_LINE);
    ck_assert_ptr_nonnull(longest);
    memset(longest, '[', 3 * RUN_LOG_LINE);
    put("run/log.jsonl", "w", longest, 3 * RUN_LOG_LINE);
    struct run_record *run = read_run("run");
    ck_assert_int_eq(run->skipped_lines, 1);
    put("run/log.jsonl", "a", longest, 1000);
    append("run/log.jsonl", "\n{\"step\":1,\"loss\":1}\n");
    memset(longest, 0, 1000);
    put("run/log.jsonl", "a", longest, 1000); /* what a crash leaves on some file systems */
    append("run/log.jsonl", "\n{\"step\":2,\"loss\":1}\n");
    memset(longest, '{', 5000); /* a line of the allowed length, of depth */
    put("run/log.jsonl", "a", longest, 5000);
    append("run/log.jsonl", "\n\n{\"step\":3,\"loss\":1}\n");
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 3);
    ck_assert_int_eq(run->skipped_lines, 3);
    ck_assert_uint_eq(run->rows.count, 0);
    ck_assert_ptr_null(run->config);
    check_notes(run, "[\"config.json is missing or not readable\","
                     "\"3 lines of log.jsonl were not readable\","
                     "\"1 row of summary.csv was not readable\"]");
    run_close(run);
    free(longest);

    make_folder("pipe");
    ck_assert_int_eq(mkfifo("pipe/log.jsonl", 0600), 0);
    ck_assert_int_eq(mkfifo("pipe/config.json", 0600), 0);
    run_close(read_run("pipe"));
}
END_TEST

/* A log without end, most of it a hole in the file. */
START_TEST(long_log)
{
    make_folder("run");
    overwrite("run/config.json", "{}");
    overwrite("run/log.jsonl", "{\"step\":1,\"loss\":1}\n");
    ck_assert_int_eq(truncate("run/log.jsonl", (off_t)8 << 30), 0);
    append("run/log.jsonl", "\n{\"step\":2,\"loss\":1}\n");
    struct run_record *run = read_run("run");
    ck_assert_uint_eq(run->points.count, 1);
    check_notes(run, "[\"1 line of log.jsonl was not readable\","
                     "\"log.jsonl is too long to be read to its end\"]");
    append("run/log.jsonl", "{\"step\":3,\"loss\":1}\n");
    ck_assert(follow(run));
    ck_assert_uint_eq(run->points.count, 1);
    run_close(run);
}
END_TEST

/* More epochs than anybody trains, and more columns. */
START_TEST(long_table)
{
    struct buffer text = { 0 };
    struct run_rows rows = { 0 };
    struct error err = { 0 };
    int skipped;
    ck_assert_int_eq(buffer_print(&text, &err, "epoch"), 0);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(buffer_append(&text, ",lr", 3, &err), 0);
    for (int i = 1; i <= RUN_TABLE_ROWS + 7; i++)
        ck_assert_int_eq(buffer_print(&text, &err, "\n%d,0.5", i), 0);
    ck_assert_int_eq(run_table_parse(&rows, text.data, &skipped, &err), 0);
    ck_assert_uint_eq(rows.count, RUN_TABLE_ROWS);
    ck_assert_int_eq(skipped, 7);
    run_rows_release(&rows);
    buffer_release(&text);
}
END_TEST

START_TEST(refused)
{
    struct run_record *run;
    struct error err = { 0 };
    make_folder("empty");
    ck_assert_int_eq(run_read(&run, "empty", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.message, "log.jsonl"), "%s", err.message);
    ck_assert_int_eq(run_read(&run, "nowhere", &err), -1);
    ck_assert_msg(strstr(err.message, "is no folder"), "%s", err.message);
}
END_TEST

/* The config of a run that is begun again, or resumed with changes, is that of now. */
START_TEST(other_config)
{
    make_folder("run");
    overwrite("run/config.json", "{\"train\":{\"lr\":1}}");
    overwrite("run/log.jsonl", "");
    struct run_record *run = read_run("run");
    overwrite("run/config.json", "{\"train\":{\"lr\":0.5}}");
    append("run/log.jsonl", "{\"step\":1,\"loss\":1}\n");
    ck_assert(follow(run));
    ck_assert_double_eq(
        json_number_value(json_object_get(json_object_get(run->config, "train"), "lr")), 0.5);
    run_close(run);
}
END_TEST

static void check_list(const struct run_list *list, const char *const *want)
{
    size_t count = 0;
    for (; want[count]; count++)
        ck_assert_str_eq(count < list->count ? list->path[count] : "(none)", want[count]);
    ck_assert_uint_eq(list->count, count);
}

START_TEST(found)
{
    static const char *const at_first[] = { "out/a", "out/b/c", "out/b/d", NULL };
    static const char *const later[] = { "out/a", "out/b/c", "out/b/d", "out/b/e", NULL };
    static const char *const of_a[] = { "out/a", "out/a/inner", NULL };
    static const char *const runs[] = { "out/b/d/log.jsonl", "out/b/c/summary.csv",
                                        "out/a/log.jsonl", "out/a/inner/log.jsonl",
                                        "out/.hidden/log.jsonl" };
    struct run_list list = { 0 };
    struct error err = { 0 };
    make_folder("out/b/c");
    make_folder("out/b/d");
    make_folder("out/a/inner");
    make_folder("out/.hidden");
    make_folder("out/empty/emptier");
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
        overwrite(runs[i], "");
    ck_assert_int_eq(symlink("..", "out/b/up"), 0);
    ck_assert_int_eq(symlink("b", "out/link"), 0);
    ck_assert_int_eq(symlink("nowhere", "out/broken"), 0);
    ck_assert_int_eq(run_find(&list, "out", &err), 0);
    check_list(&list, at_first);
    make_folder("out/b/e");
    ck_assert_int_eq(run_find(&list, "out", &err), 0);
    check_list(&list, at_first);
    overwrite("out/b/e/log.jsonl", "");
    ck_assert_int_eq(run_find(&list, "out", &err), 0);
    check_list(&list, later);
    run_list_release(&list);
    ck_assert_int_eq(run_find(&list, "out/a", &err), 0);
    check_list(&list, of_a);
    run_list_release(&list);
    ck_assert_int_eq(run_find(&list, "out/nowhere", &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("run_read");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, twins);
    tcase_add_test(cases, kinds);
    tcase_add_test(cases, appended);
    tcase_add_test(cases, resumed);
    tcase_add_test(cases, overwritten);
    tcase_add_test(cases, dropped);
    tcase_add_test(cases, tables);
    tcase_add_test(cases, hostile);
    tcase_add_test(cases, long_log);
    tcase_add_test(cases, long_table);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, other_config);
    tcase_add_test(cases, found);
    return suite_run();
}
