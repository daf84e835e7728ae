/*
 * Claim: clients that are killed, many, or gone again at once cost the others nothing and leave
 * nothing behind in the daemon; data that disappears is told to who reads it.
 */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/stats.h"
#include "tests/daemon.h"
#include "tests/scale.h"
#include "tests/suite.h"

static struct daemon d;

static void setup(void)
{
    daemon_enter();
    daemon_start(&d, "--threads 2 --grace 1");
}

static void teardown(void)
{
    ck_assert_int_eq(daemon_stop(&d), 0);
    daemon_leave();
}

static uint64_t milliseconds(void)
{
    return stats_clock() / 1000000;
}

static void wait_for_consumers(int expected, int within_ms)
{
    uint64_t begun = milliseconds();
    for (;;) {
        json_t *stats = daemon_stats(&d);
        json_int_t now = json_integer_value(json_object_get(stats, "consumers"));
        json_decref(stats);
        if (now == expected)
            return;
        ck_assert_msg(milliseconds() - begun < (uint64_t)within_ms, "%d consumers", (int)now);
        usleep(10000);
    }
}

/* Killed with slots in its hands, it holds nobody up for longer than a second. */
START_TEST(killed_client)
{
    struct client *c = daemon_client(&d, NULL);
    struct error err = { 0 };
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct client *other;
        struct client_options o = daemon_options(&d);
        struct batch b;
        if (client_open(&other, &o, &err) < 0)
            _exit(1);
        while (client_next(other, &b, &err) == 1 && b.slot != 3) {
        }
        (void)!write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    char byte;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    for (int i = 0; i < 40; i++) {
        struct batch b;
        if (i == 2) {
            ck_assert_int_eq(kill(pid, SIGKILL), 0);
            ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
            wait_for_consumers(1, 1000);
        }
        ck_assert_msg(client_next(c, &b, &err) == 1, "%s", err.message);
        ck_assert_uint_eq(b.header->step, (uint64_t)i);
        client_release(c, &b);
    }
    client_close(c);
    close(ready[0]);
    close(ready[1]);
}
END_TEST

START_TEST(two_hundred_clients)
{
    enum { CLIENTS = 200, STEPS = 3 };
    static struct client *all[CLIENTS];
    int n = test_scaled(CLIENTS);
    uint64_t expected[STEPS];
    struct error err = { 0 };
    local_sums(0, STEPS, expected);
    for (int i = 0; i < n; i++)
        all[i] = daemon_client(&d, NULL);
    struct client_shape shape = client_shape(all[0]);
    for (int step = 0; step < STEPS; step++)
        for (int i = 0; i < n; i++) {
            struct batch b;
            ck_assert_msg(client_next(all[i], &b, &err) == 1, "%s", err.message);
            ck_assert_uint_eq(batch_sum(&b, &shape), expected[step]);
            client_release(all[i], &b);
        }
    json_t *stats = daemon_stats(&d);
    ck_assert_int_eq(json_integer_value(json_object_get(stats, "consumers")), n);
    json_decref(stats);
    for (int i = 0; i < n; i++)
        client_close(all[i]);
    wait_for_consumers(0, 5000);
}
END_TEST

/* Streams come and go by the thousand; memory and descriptors stay. */
START_TEST(open_and_close)
{
    int cycles = test_scaled(400), warm = cycles / 4 + 1;
    int fds = 0;
    long kib = 0;
    for (int i = 0; i < cycles + warm; i++) {
        struct client *c = daemon_client(&d, NULL);
        struct batch b;
        struct error err = { 0 };
        ck_assert_int_eq(client_next(c, &b, &err), 1);
        client_close(c);
        if (i == warm) {
            wait_for_consumers(0, 5000);
            usleep(100000);
            fds = descriptors_of(d.pid);
            kib = resident_kib(d.pid);
        }
    }
    wait_for_consumers(0, 5000);
    for (int tries = 0; tries < 100 && descriptors_of(d.pid) > fds; tries++)
        usleep(20000);
    ck_assert_int_le(descriptors_of(d.pid), fds);
    /* The sanitizers keep freed memory for a while. */
    if (!getenv("TENFOLD_TEST_SCALE"))
        ck_assert_msg(resident_kib(d.pid) < kib + 4096, "%ld KiB became %ld", kib,
                      resident_kib(d.pid));
}
END_TEST

START_TEST(data_deleted)
{
    char command[200];
    struct client_options o = daemon_options(&d);
    struct error err = { 0 };
    const char *settings[10];
    for (int i = 0; i < daemon_setting_count; i++)
        settings[i] = daemon_settings[i];
    settings[daemon_setting_count] = "data.on_error=fail";
    o.settings = settings;
    o.count = daemon_setting_count + 1;
    struct client *c = daemon_client(&d, &o);
    snprintf(command, sizeof(command), "rm -rf %s/*", daemon_data.root);
    ck_assert_int_eq(system(command), 0);
    int rc = 1;
    uint64_t begun = milliseconds();
    for (int i = 0; i < 1000 && rc == 1; i++) {
        struct batch b;
        rc = client_next(c, &b, &err);
        if (rc == 1)
            client_release(c, &b);
    }
    ck_assert_int_eq(rc, -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_uint_lt(milliseconds() - begun, 20000);
    client_close(c);
    /* Nor is there anything to open any more, and the daemon lives to say so. */
    ck_assert_int_eq(client_open(&c, &o, &err), -1);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("server_clients");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, killed_client);
    tcase_add_test(cases, two_hundred_clients);
    tcase_add_test(cases, open_and_close);
    tcase_add_test(cases, data_deleted);
    return suite_run();
}
