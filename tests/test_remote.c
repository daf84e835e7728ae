/*
 * Claim: a trainer on another node gets the same batches through a relay, over TLS with a key that
 * both have; who has none gets nothing but the end of the connection, and the daemon serves on; the
 * death of either daemon is an error within two seconds.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/socket.h"
#include "loader/stats.h"
#include "loader/tls.h"
#include "tests/daemon.h"
#include "tests/suite.h"

enum { STEPS = 12 };

static struct daemon far, near;
static char key[120], other_key[120], address[64];
static uint64_t expected[STEPS];

static void write_key(const char *path, char digit)
{
    char text[65];
    struct error err = { 0 };
    memset(text, digit, 64);
    text[64] = '\n';
    ck_assert_int_eq(file_write(path, text, 65, &err), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
}

static void setup(void)
{
    char options[300];
    daemon_enter();
    snprintf(key, sizeof(key), "%s/key", daemon_home);
    snprintf(other_key, sizeof(other_key), "%s/other", daemon_home);
    write_key(key, 'a');
    write_key(other_key, 'b');
    snprintf(options, sizeof(options), "--listen tcp:127.0.0.1:0 --grace 1 --psk %s", key);
    daemon_start_at(&far, "far.sock", options);
    snprintf(address, sizeof(address), "127.0.0.1:%d", daemon_port(&far, "listening on tcp:"));
    local_sums(0, STEPS, expected);
}

static void start_relay(const char *with)
{
    char options[300];
    snprintf(options, sizeof(options), "--relay %s --grace 1 --psk %s", address, with);
    daemon_start_at(&near, "near.sock", options);
}

static void must_be(struct client *c, uint64_t from, uint64_t to)
{
    struct client_shape shape = client_shape(c);
    struct error err = { 0 };
    for (uint64_t step = from; step < to; step++) {
        struct batch b;
        ck_assert_msg(client_next(c, &b, &err) == 1, "%s: %s", err.place, err.message);
        ck_assert_uint_eq(b.header->step, step);
        ck_assert_msg(batch_sum(&b, &shape) == expected[step], "step %d", (int)step);
        client_release(c, &b);
    }
}

START_TEST(same_batches)
{
    struct error err = { 0 };
    struct batch b;
    start_relay(key);
    struct client_options o = daemon_options(&near);
    o.steps = 9;
    struct client *c[2] = { daemon_client(&near, &o), daemon_client(&near, &o) };
    /* Side by side: they share the far daemon's stream. */
    for (uint64_t step = 0; step < 9; step++)
        for (int i = 0; i < 2; i++)
            must_be(c[i], step, step + 1);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(client_samples(c[i]), DAEMON_IMAGES);
        ck_assert_int_eq(client_next(c[i], &b, &err), 0);
    }
    /* Of the peer there is no process or user to tell; of who asks, there is. */
    json_t *stats = daemon_stats(&far), *client;
    size_t i, remote = 0;
    json_array_foreach(json_object_get(stats, "clients"), i, client)
    {
        bool tcp = strcmp(json_string_value(json_object_get(client, "transport")), "tcp") == 0;
        ck_assert(!json_object_get(client, "pid") == tcp && !json_object_get(client, "uid") == tcp);
        remote += tcp;
    }
    ck_assert_uint_eq(remote, 2);
    json_decref(stats);
    json_t *state = client_state(c[0], &err);
    client_close(c[0]);
    client_close(c[1]);
    /* And on from there, in the next epoch. */
    o = daemon_options(&near);
    o.has_start = false;
    o.state = state;
    c[0] = daemon_client(&near, &o);
    must_be(c[0], 9, STEPS);
    client_close(c[0]);
    json_decref(state);
    stats = daemon_stats(&near);
    ck_assert_int_ge(json_integer_value(json_object_get(stats, "batches")), 21);
    json_decref(stats);
    ck_assert_int_eq(daemon_stop(&near), 0);
    ck_assert_int_eq(daemon_stop(&far), 0);
}
END_TEST

/* Mixing and soft labels, in another type and layout. */
START_TEST(all_tensors)
{
    static const char *more[] = { "mix=[{mixup: {alpha: 1}}]", "data.soft_labels=yes",
                                  "data.dtype=uint8", "data.layout=nhwc",
                                  "augment=[{random_crop: 20}, hflip]" };
    const char *settings[12];
    struct daemon *both[2] = { &far, &near };
    struct client *c[2];
    struct error err = { 0 };
    int count = 0;
    start_relay(key);
    for (; count < daemon_setting_count; count++)
        settings[count] = daemon_settings[count];
    for (int i = 0; i < 5; i++)
        settings[count++] = more[i];
    for (int i = 0; i < 2; i++) {
        struct client_options o = daemon_options(both[i]);
        o.settings = settings;
        o.count = count;
        c[i] = daemon_client(both[i], &o);
    }
    for (int step = 0; step < 7; step++) {
        struct batch a, b;
        ck_assert_int_eq(client_next(c[0], &a, &err), 1);
        ck_assert_msg(client_next(c[1], &b, &err) == 1, "%s", err.message);
        size_t n = a.header->count;
        ck_assert_mem_eq(a.header, b.header, sizeof(*a.header));
        ck_assert_mem_eq(a.images, b.images, n * 3 * 20 * 20);
        ck_assert_mem_eq(a.label, b.label, n * 8);
        ck_assert_mem_eq(a.label_b, b.label_b, n * 8);
        ck_assert_mem_eq(a.lambda, b.lambda, n * 4);
        ck_assert_int_eq(a.classes, b.classes);
        ck_assert_mem_eq(a.soft, b.soft, n * 4 * (size_t)a.classes);
        ck_assert_mem_eq(a.id, b.id, n * 8);
        ck_assert_mem_eq(a.weight, b.weight, n * 4);
        client_release(c[0], &a);
        client_release(c[1], &b);
    }
    client_close(c[0]);
    client_close(c[1]);
    ck_assert_int_eq(daemon_stop(&near), 0);
    ck_assert_int_eq(daemon_stop(&far), 0);
}
END_TEST

static uint64_t milliseconds(void)
{
    return stats_clock() / 1000000;
}

START_TEST(wrong_key)
{
    struct error err = { 0 };
    struct client *c;
    start_relay(other_key);
    struct client_options o = daemon_options(&near);
    uint64_t begun = milliseconds();
    ck_assert_int_eq(client_open(&c, &o, &err), -1);
    ck_assert_msg(strstr(err.message, "key"), "%s", err.message);
    ck_assert_uint_lt(milliseconds() - begun, 5000);
    ck_assert_int_eq(daemon_stop(&near), 0);
    start_relay(key);
    c = daemon_client(&near, NULL);
    must_be(c, 0, 3);
    client_close(c);
    ck_assert_int_eq(daemon_stop(&near), 0);
    ck_assert_int_eq(daemon_stop(&far), 0);
}
END_TEST

/* The right messages without TLS, and bytes that are nothing. */
START_TEST(no_key)
{
    static const char hello[] =
        "\066\0\0\0{\"type\":\"hello\",\"id\":1,\"version\":1,\"software\":\"te\"}";
    struct error err = { 0 };
    for (int i = 0; i < 3; i++) {
        char answer[4000];
        int fd = tcp_connect(address, 5000, &err);
        ck_assert_msg(fd >= 0, "%s", err.message);
        struct timeval limit = { .tv_sec = 15 };
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
        if (i < 2)
            ck_assert_int_gt(send(fd, i ? "GET / HTTP/1.1\r\n\r\n" : hello,
                                  i ? 18 : sizeof(hello) - 1, MSG_NOSIGNAL),
                             0);
        ssize_t n, got = 0;
        while ((n = recv(fd, answer, sizeof(answer), 0)) > 0) /* silence is waited out, too */
            got += n;
        ck_assert_int_lt(got, 16); /* an alert, at most */
        close(fd);
    }
    daemon_said(&far, "client (over TCP)", 3);
    struct client *c = daemon_client(&far, NULL);
    must_be(c, 0, 2);
    client_close(c);
    ck_assert_int_eq(daemon_stop(&far), 0);
}
END_TEST

/* Ours is the key that the file holds, closed to others, or none. */
START_TEST(key_files)
{
    static const struct {
        const char *text;
        int mode;
        const char *says;
    } cases[] = {
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 0640, "chmod 600" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 0600, "hexadecimal" },
        { "gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 0600,
          "hexadecimal" },
        { "", 0600, "hexadecimal" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[120];
        struct error err = { 0 };
        struct tls *tls = NULL;
        snprintf(path, sizeof(path), "%s/k", daemon_home);
        ck_assert_int_eq(file_write(path, cases[i].text, strlen(cases[i].text), &err), 0);
        ck_assert_int_eq(chmod(path, (mode_t)cases[i].mode), 0);
        ck_assert_int_eq(tls_open(&tls, &(struct tls_options){ .psk = path }, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strstr(err.message, cases[i].says), "%s", err.message);
        ck_assert_ptr_null(tls);
    }
    ck_assert_int_eq(daemon_stop(&far), 0);
}
END_TEST

START_TEST(either_daemon_dies)
{
    for (int i = 0; i < 2; i++) {
        struct error err = { 0 };
        struct batch b;
        if (i == 1) {
            char options[300];
            snprintf(options, sizeof(options), "--listen tcp:%s --psk %s", address, key);
            daemon_start_at(&far, "far.sock", options);
        }
        start_relay(key);
        struct client *c = daemon_client(&near, NULL);
        must_be(c, 0, 2);
        daemon_kill(i ? &near : &far);
        uint64_t begun = milliseconds();
        int rc;
        while ((rc = client_next(c, &b, &err)) == 1)
            client_release(c, &b);
        ck_assert_int_eq(rc, -1);
        ck_assert_uint_lt(milliseconds() - begun, 2000);
        client_close(c);
        if (i == 0) {
            /* A relay without its daemon says so, and lives. */
            struct client_options o = daemon_options(&near);
            ck_assert_int_eq(client_open(&c, &o, &err), -1);
            ck_assert_msg(strstr(err.message, "cannot connect"), "%s", err.message);
            ck_assert_int_eq(daemon_stop(&near), 0);
        }
    }
    ck_assert_int_eq(daemon_stop(&far), 0);
}
END_TEST

/* The far daemon is stopped in order. */
START_TEST(drained)
{
    struct error err = { 0 };
    struct batch b;
    start_relay(key);
    struct client *c = daemon_client(&near, NULL);
    must_be(c, 0, 2);
    ck_assert_int_eq(kill(far.pid, SIGTERM), 0);
    int rc;
    while ((rc = client_next(c, &b, &err)) == 1)
        client_release(c, &b);
    ck_assert_int_eq(rc, -1);
    ck_assert_msg(err.kind == ERROR_REQUEUE, "%d: %s", err.kind, err.message);
    client_close(c);
    ck_assert_int_eq(daemon_stop(&near), 0);
}
END_TEST

/* What the far daemon refuses is told as it told it. */
START_TEST(refusals)
{
    struct error err = { 0 };
    struct client *c;
    start_relay(key);
    struct client_options o = daemon_options(&near);
    const char *settings[] = { "data.train=/nowhere/at/all" };
    o.settings = settings;
    o.count = 1;
    ck_assert_int_eq(client_open(&c, &o, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.place, "/nowhere/at/all"), "%s: %s", err.place, err.message);
    ck_assert_int_eq(daemon_stop(&near), 0);
    ck_assert_int_eq(daemon_stop(&far), 0);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("remote");
    tcase_add_checked_fixture(cases, setup, daemon_leave);
    tcase_add_test(cases, same_batches);
    tcase_add_test(cases, all_tensors);
    tcase_add_test(cases, wrong_key);
    tcase_add_test(cases, no_key);
    tcase_add_test(cases, key_files);
    tcase_add_test(cases, either_daemon_dies);
    tcase_add_test(cases, drained);
    tcase_add_test(cases, refusals);
    return suite_run();
}
