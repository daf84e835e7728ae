/*
 * The live board answers on this machine alone, tells within two seconds what a run has written and
 * that a run has begun, and gives away no file that it does not name itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/socket.h"
#include "tests/made_runs.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "train/board_live.h"

static const double allowed_seconds = 2;
static const char page[] = "<!doctype html><title>the page</title>";

static pid_t server;
static char address[64];

static void put(const char *path, const char *mode, const char *text)
{
    FILE *file = fopen(path, mode);
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void tell(void *context, const char *text)
{
    const int *to = context;
    if (write(*to, text, strlen(text)) < 0)
        _exit(1);
    close(*to);
}

/* The server in a process of its own, on any port. */
static int serve(int to)
{
    static const char *const roots[] = { "sweep" };
    struct board *board;
    struct error err = { 0 };
    struct board_live_options options = { .address = "0",
                                          .page = page,
                                          .page_size = strlen(page),
                                          .stop = interrupt_catch(),
                                          .ready = tell,
                                          .context = &to };
    int rc = board_open(&board, &(struct board_options){ .roots = roots, .count = 1, .live = true },
                        &err);
    if (rc == 0) {
        rc = board_live(board, &options, &err);
        board_close(board);
    }
    if (rc < 0)
        error_print(&err, "board_live");
    return rc == 0 ? 0 : 1;
}

static void setup(void)
{
    struct error err = { 0 };
    int ends[2];
    scratch_enter();
    ck_assert_int_eq(made_runs("sweep", &(struct made_shape){ 20, 400, 4 }, &err), 0);
    put("sweep/trials/0003/report.html", "w", "<p>a report</p>");
    put("sweep/trials/0003/sheet.png", "w", "no picture");
    ck_assert_int_eq(pipe(ends), 0);
    server = fork();
    ck_assert_int_ge(server, 0);
    if (server == 0) {
        close(ends[0]);
        _exit(serve(ends[1]));
    }
    close(ends[1]);
    ssize_t size = read(ends[0], address, sizeof(address) - 1);
    ck_assert_int_gt(size, 0);
    address[size] = '\0';
    close(ends[0]);
}

static void teardown(void)
{
    int status;
    ck_assert_int_eq(kill(server, SIGTERM), 0);
    ck_assert_int_eq(waitpid(server, &status, 0), server);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the server ended with %d",
                  status);
    scratch_leave();
}

/* The whole answer to `line`, head and body, of a client that takes the server for `host`. */
static char *ask_as(const char *host, const char *line, struct buffer *answer)
{
    struct error err = { 0 };
    char request[300];
    int fd = tcp_connect(address, 5000, &err);
    ck_assert_msg(fd >= 0, "%s: %s", err.place, err.message);
    int size = snprintf(request, sizeof(request),
                        "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", line, host);
    ck_assert_int_eq(write(fd, request, (size_t)size), size);
    answer->size = 0;
    for (;;) {
        ck_assert_int_eq(buffer_reserve(answer, answer->size + 65536, &err), 0);
        ssize_t got = read(fd, answer->data + answer->size, 65536);
        ck_assert_int_ge(got, 0);
        if (got == 0)
            break;
        answer->size += (size_t)got;
        answer->data[answer->size] = '\0';
    }
    close(fd);
    return answer->data;
}

static char *ask(const char *line, struct buffer *answer)
{
    return ask_as("localhost:80", line, answer);
}

static json_t *ask_data(uint64_t since)
{
    struct buffer answer = { 0 };
    char line[100];
    snprintf(line, sizeof(line), "GET /data.json?since=%llu", (unsigned long long)since);
    const char *body = strstr(ask(line, &answer), "\r\n\r\n");
    ck_assert_ptr_nonnull(body);
    json_t *json = json_loads(body, 0, NULL);
    ck_assert_msg(json != NULL, "%.300s", answer.data);
    buffer_release(&answer);
    return json;
}

static uint64_t generation(const json_t *json)
{
    return (uint64_t)json_integer_value(json_object_get(json, "generation"));
}

static size_t runs(const json_t *json)
{
    return json_array_size(json_object_get(json, "runs"));
}

/* Ask until there is something new; the seconds that took. */
static double wait_for_news(uint64_t since, json_t **news)
{
    double start = clock_seconds();
    for (;;) {
        *news = ask_data(since);
        double waited = clock_seconds() - start;
        if (generation(*news) != since)
            return waited;
        ck_assert_uint_eq(runs(*news), 0);
        json_decref(*news);
        ck_assert_msg(waited < 30, "nothing new");
        usleep(20000);
    }
}

START_TEST(follows)
{
    double longest = 0;
    json_t *all = ask_data(0);
    uint64_t since = generation(all);
    ck_assert_uint_eq(runs(all), 20);
    ck_assert(json_is_true(json_object_get(all, "live")));
    json_decref(all);
    for (int i = 0; i < 6; i++) {
        char text[100];
        json_t *news;
        snprintf(text, sizeof(text), "{\"step\":%d,\"loss\":0.5}\n", 5000 + i);
        put("sweep/trials/0007/log.jsonl", "a", text);
        double waited = wait_for_news(since, &news);
        longest = waited > longest ? waited : longest;
        ck_assert_uint_eq(runs(news), 1);
        const json_t *run = json_array_get(json_object_get(news, "runs"), 0);
        ck_assert_int_eq(json_integer_value(json_object_get(run, "id")), 7);
        since = generation(news);
        json_decref(news);
        usleep(130000); /* another time of the server's round each time */
    }
    struct error err = { 0 };
    json_t *news;
    ck_assert_int_eq(file_make_folders("sweep/trials/0099", &err), 0);
    put("sweep/trials/0099/log.jsonl", "w", "{\"step\":1,\"loss\":2}\n");
    double waited = wait_for_news(since, &news);
    const json_t *run = json_array_get(json_object_get(news, "runs"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(run, "name")), "trials/0099");
    json_decref(news);
    printf("a line is seen after %.2f s at most, a new run after %.2f s\n", longest, waited);
    ck_assert_double_lt(longest, allowed_seconds);
    ck_assert_double_lt(waited, allowed_seconds);
}
END_TEST

START_TEST(answers)
{
    static const struct {
        const char *line, *status, *says;
    } cases[] = {
        { "GET /", "200", "the page" },
        { "GET /?x=1", "200", "the page" },
        { "GET /data.json", "200", "\"version\":1" },
        { "GET /data.json?since=", "200", "\"id\":19" },
        { "GET /data.json?since=99999999999999999", "200", "\"id\":19" },
        { "GET /data.json?since=-1", "400", "no generation" },
        { "GET /data.json?since=1x", "400", "no generation" },
        { "GET /data.json?since=99999999999999999999999", "400", "no generation" },
        { "GET /runs/3/report.html", "200", "<p>a report</p>" },
        { "GET /runs/3/sheet.png", "200", "image/png" },
        { "GET /runs/3/config.json", "404", "There is" },
        { "GET /runs/3/../3/report.html", "404", "There is" },
        { "GET /runs/3/..%2f..%2f..%2f..%2fetc/passwd", "404", "There is" },
        { "GET /runs/3/", "404", "There is" },
        { "GET /runs/3", "404", "There is" },
        { "GET /runs/-1/report.html", "404", "There is" },
        { "GET /runs/20/report.html", "404", "There is" },
        { "GET /runs/99999999999999999999999/report.html", "404", "There is" },
        { "GET /runs//report.html", "404", "There is" },
        { "GET /etc/passwd", "404", "There is" },
        { "POST /data.json", "405", "GET and HEAD only" },
        { "DELETE /runs/3/report.html", "405", "GET and HEAD only" },
    };
    struct buffer answer = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask(cases[i].line, &answer);
        ck_assert_msg(strncmp(answer.data + strlen("HTTP/1.1 "), cases[i].status, 3) == 0 &&
                          strstr(answer.data, cases[i].says),
                      "%s: %.300s", cases[i].line, answer.data);
    }
    ask("HEAD /", &answer);
    ck_assert(strstr(answer.data, "200") && !strstr(answer.data, "the page"));
    ck_assert_int_eq(access("sweep/trials/0003/report.html", F_OK), 0);
    buffer_release(&answer);
}
END_TEST

START_TEST(loopback)
{
    static const struct {
        const char *host, *status;
    } cases[] = {
        { "localhost", "200" },
        { "127.0.0.1:8780", "200" },
        { "[::1]:1", "200" },
        { "elsewhere.example", "403" },
        { "localhost.example", "403" },
        { "127.0.0.1.example", "403" },
        { "", "403" },
    };
    struct buffer answer = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ask_as(cases[i].host, "GET /", &answer);
        ck_assert_msg(strncmp(answer.data + strlen("HTTP/1.1 "), cases[i].status, 3) == 0,
                      "%s: %.100s", cases[i].host, answer.data);
    }
    buffer_release(&answer);
    ck_assert_msg(strncmp(address, "127.0.0.1:", 10) == 0 && strtol(address + 10, NULL, 10) > 0,
                  "%s", address);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("board_live");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, follows);
    tcase_add_test(cases, answers);
    tcase_add_test(cases, loopback);
    return suite_run();
}
