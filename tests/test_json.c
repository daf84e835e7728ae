/*
 * Claim: JSON from outside is refused with file and line when it is wrong, doubled or too large;
 * what is written reads back the same, to the last bit of a number; canonical text is the same for
 * every order of keys; a log holds whole lines whatever happened to it before.
 */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "tests/scratch.h"
#include "tests/suite.h"

static void put(const char *path, const char *text)
{
    struct error err = { 0 };
    ck_assert_int_eq(file_write(path, text, strlen(text), &err), 0);
}

static void check_file(const char *path, const char *text)
{
    struct error err = { 0 };
    struct buffer b = { 0 };
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &b, &err), 0);
    ck_assert_str_eq(b.data, text);
    buffer_release(&b);
}

START_TEST(refused)
{
    static const struct {
        const char *text, *place, *message;
    } cases[] = {
        { "", "x.json:1", "not valid JSON: '[' or '{' expected near end of file" },
        { "3", "x.json:1", "not valid JSON: '[' or '{' expected near '3'" },
        { "{\"a\": 1,\n \"a\": 2}", "x.json:2", "not valid JSON: duplicate object key" },
        { "[1, 2", "x.json:1", "not valid JSON: ']' expected near end of file" },
        { "[1] 2", "x.json:1", "not valid JSON: end of file expected near '2'" },
        { "[1,\n\n nan]", "x.json:3", "not valid JSON: invalid token near 'nan'" },
        { "[\"\xff\"]", "x.json:1", "not valid JSON: unable to decode byte 0xff" },
        { "[\"\\u0000\"]", "x.json:1", "not valid JSON: \\u0000 is not allowed" },
        { "[1e999]", "x.json:1", "not valid JSON: real number overflow" },
        { "[99999999999999999999]", "x.json:1", "not valid JSON: too big integer" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        ck_assert_ptr_null(json_parse(cases[i].text, strlen(cases[i].text), "x.json", &err));
        ck_assert_str_eq(err.place, cases[i].place);
        ck_assert_msg(strncmp(err.message, cases[i].message, strlen(cases[i].message)) == 0,
                      "%s gave '%s'", cases[i].text, err.message);
        ck_assert_int_eq(err.kind, ERROR_DATA);
    }
    struct error err = { 0 };
    ck_assert_ptr_null(json_read("none.json", &err));
    ck_assert_str_eq(err.place, "none.json");
}
END_TEST

/* jansson would take 300 MB for these 10. */
START_TEST(bounded)
{
    struct error err = { 0 };
    size_t size = 10 << 20;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < size; i += 2)
        memcpy(text + i, i ? "1," : "[1", 2);
    ck_assert_ptr_null(json_parse(text, size, "x.json", &err));
    ck_assert_str_eq(err.message, "more than 4194304 JSON values");
    memset(text, '[', size);
    ck_assert_ptr_null(json_parse(text, 1 << 20, "x.json", &err)); /* deep */
    ck_assert_ptr_nonnull(strstr(err.message, "maximum parsing depth"));
    /* Inside a text nothing counts. */
    memset(text, ',', size);
    memcpy(text, "[\"\\\"", 4);
    memcpy(text + size - 2, "\"]", 2);
    json_t *value = json_parse(text, size, "x.json", &err);
    ck_assert_uint_eq(json_string_length(json_array_get(value, 0)), size - 5);
    json_decref(value);
    free(text);
}
END_TEST

START_TEST(round_trip)
{
    static const double numbers[] = { 0.1, 1.0 / 3, 1e-300, 5e-324, 1.7976931348623157e308, -2 };
    struct error err = { 0 };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        json_array_append_new(list, json_real(numbers[i]));
    json_t *value =
        json_pack("{s:I, s:o, s:s}", "z", (json_int_t)INT64_MAX, "a", list, "m", "\xc3\xa9\"");
    ck_assert_int_eq(json_write("x.json", value, &err), 0);
    json_t *back = json_read("x.json", &err);
    ck_assert_int_eq(json_equal(value, back), 1);
    ck_assert_str_eq(json_object_iter_key(json_object_iter(back)), "z"); /* order stays */
    json_decref(value);
    json_decref(back);
    ck_assert_int_eq(json_write("none/x.json", json_null(), &err), -1);
}
END_TEST

START_TEST(canonical)
{
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        { "{\"b\": 1, \"a\": [1, 2.5, {\"d\": null, \"c\": true}]}",
          "{\"a\":[1,2.5,{\"c\":true,\"d\":null}],\"b\":1}" },
        { "{\"a\":[1,2.50,{\"c\":true,\"d\":null}],\n\"b\":1}",
          "{\"a\":[1,2.5,{\"c\":true,\"d\":null}],\"b\":1}" },
        { "[0.1]", "[0.10000000000000001]" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        json_t *value = json_parse(cases[i].text, strlen(cases[i].text), "x", &err);
        char *text = json_canonical(value, &err);
        ck_assert_str_eq(text, cases[i].canonical);
        free(text);
        json_decref(value);
    }
}
END_TEST

/* Names of files are bytes, of whatever coding. */
START_TEST(any_bytes)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        { "plain", "plain" },
        { "", "" },
        { "\xc3\xa4 UTF-8", "\xc3\xa4 UTF-8" },
        { "\xe4 Latin-1", "\xc3\xa4 Latin-1" },
        { "\xff\x80", "\xc3\xbf\xc2\x80" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *value = json_bytes(cases[i].bytes);
        ck_assert_str_eq(json_string_value(value), cases[i].text);
        json_decref(value);
    }
}
END_TEST

START_TEST(log_lines)
{
    static const struct {
        const char *before;
        bool append;
        const char *after;
    } cases[] = {
        { NULL, true, "{\"a\":1}\n{\"b\":[2]}\n" },
        { "{\"x\":0}\n", true, "{\"x\":0}\n{\"a\":1}\n{\"b\":[2]}\n" },
        { "{\"x\":0}\n", false, "{\"a\":1}\n{\"b\":[2]}\n" },
        { "{\"x\":0}\n{\"half", true, "{\"x\":0}\n{\"a\":1}\n{\"b\":[2]}\n" }, /* a crash */
        { "{\"half", true, "{\"a\":1}\n{\"b\":[2]}\n" },
        { "{\"x\":0}", true, "{\"x\":0}\n{\"a\":1}\n{\"b\":[2]}\n" }, /* an editor */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct log *log;
        unlink("x.jsonl");
        if (cases[i].before)
            put("x.jsonl", cases[i].before);
        ck_assert_int_eq(log_open(&log, "x.jsonl", cases[i].append, &err), 0);
        ck_assert_int_eq(log_write(log, json_pack("{s:i}", "a", 1), &err), 0);
        ck_assert_int_eq(log_write(log, json_pack("{s:[i]}", "b", 2), &err), 0);
        check_file("x.jsonl", cases[i].after); /* at once, not at the close */
        ck_assert_int_eq(log_close(log, &err), 0);
        check_file("x.jsonl", cases[i].after);
    }
    struct error err = { 0 };
    struct log *log;
    ck_assert_int_eq(log_close(NULL, &err), 0);
    ck_assert_int_eq(log_open(&log, "none/x.jsonl", true, &err), -1);
    ck_assert_str_eq(err.place, "none/x.jsonl");
    ck_assert_int_eq(log_open(&log, "/dev/full", true, &err), -1);
    ck_assert_str_eq(err.message, "is no ordinary file");
    put("photo", "\xff\xd8\n\xff\xd9");
    ck_assert_int_eq(log_open(&log, "photo", true, &err), -1); /* a wrong name costs nothing */
    ck_assert_str_eq(err.message, "is no log of JSON lines: byte 3 begins none");
    check_file("photo", "\xff\xd8\n\xff\xd9");
    ck_assert_int_eq(log_open(&log, "x.jsonl", false, &err), 0);
    ck_assert_int_eq(log_write(log, NULL, &err), -1); /* a record for which there was no memory */
    ck_assert_int_eq(log_close(log, &err), 0);
}
END_TEST

/* A disk that is full in the middle of a line spoils that line alone. */
START_TEST(log_full)
{
    struct error err = { 0 };
    struct log *log;
    const struct rlimit small = { 12, RLIM_INFINITY }, large = { RLIM_INFINITY, RLIM_INFINITY };
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(log_open(&log, "x.jsonl", false, &err), 0);
    ck_assert_int_eq(log_write(log, json_pack("{s:i}", "a", 1), &err), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    ck_assert_int_eq(log_write(log, json_pack("{s:i}", "b", 2), &err), -1);
    ck_assert_msg(strstr(err.message, "cannot be written"), "%s", err.message);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
    ck_assert_int_eq(log_write(log, json_pack("{s:i}", "c", 3), &err), 0);
    ck_assert_int_eq(log_close(log, &err), 0);
    check_file("x.jsonl", "{\"a\":1}\n{\"b\"\n{\"c\":3}\n");
}
END_TEST

enum { WRITERS = 4, LINES = 200 };

static void *write_lines(void *context)
{
    struct error err = { 0 };
    for (int i = 0; i < LINES; i++)
        if (log_write(context, json_pack("{s:s,s:i}", "text", "some words of a line", "i", i),
                      &err) < 0)
            return context;
    return NULL;
}

START_TEST(log_threads)
{
    struct error err = { 0 };
    struct log *log;
    pthread_t threads[WRITERS];
    ck_assert_int_eq(log_open(&log, "x.jsonl", false, &err), 0);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, log), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_eq(log_close(log, &err), 0);
    FILE *file = fopen("x.jsonl", "r");
    char line[256];
    int count = 0;
    while (fgets(line, sizeof(line), file)) {
        json_t *value = json_parse(line, strlen(line), "x.jsonl", &err);
        ck_assert_msg(value != NULL, "%s: %s", line, err.message);
        json_decref(value);
        count++;
    }
    fclose(file);
    ck_assert_int_eq(count, WRITERS * LINES);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("json");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, bounded);
    tcase_add_test(cases, round_trip);
    tcase_add_test(cases, canonical);
    tcase_add_test(cases, any_bytes);
    tcase_add_test(cases, log_lines);
    tcase_add_test(cases, log_full);
    tcase_add_test(cases, log_threads);
    return suite_run();
}
