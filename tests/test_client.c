/*
 * Claim: through a daemon a trainer gets the batches of the loader in its own process, to the bit,
 * and goes on with the very next one after either side was killed; a daemon that dies, stops or
 * lies is an error within two seconds, never a hang or a wrong byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "loader/client_ring.h"
#include "loader/stats.h"
#include "loader/tenfold.h"
#include "tests/daemon.h"
#include "tests/suite.h"

enum { STEPS = 13 }; /* 5 an epoch */

static struct daemon d;
static uint64_t expected[STEPS];

static void setup(void)
{
    daemon_enter();
    daemon_start(&d, "--threads 2");
    local_sums(0, STEPS, expected);
}

static void teardown(void)
{
    daemon_leave();
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
    struct client_options o = daemon_options(&d);
    struct error err = { 0 };
    struct batch b;
    o.steps = STEPS;
    struct client *c = daemon_client(&d, &o);
    ck_assert_uint_eq(client_samples(c), DAEMON_IMAGES);
    ck_assert_uint_eq(client_steps_per_epoch(c), 5);
    must_be(c, 0, STEPS);
    ck_assert_int_eq(client_next(c, &b, &err), 0);
    ck_assert_int_eq(client_next(c, &b, &err), 0);
    client_close(c);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

/* Several slots held, given back in another order. */
START_TEST(held_in_any_order)
{
    struct client *c = daemon_client(&d, NULL);
    struct client_shape shape = client_shape(c);
    struct error err = { 0 };
    for (uint64_t step = 0; step + 3 <= STEPS; step += 3) {
        struct batch b[3];
        for (uint64_t i = 0; i < 3; i++)
            ck_assert_int_eq(client_next(c, &b[i], &err), 1);
        for (uint64_t i = 0; i < 3; i++) {
            uint64_t j = (i + step) % 3;
            ck_assert_uint_eq(batch_sum(&b[j], &shape), expected[step + j]);
            client_release(c, &b[j]);
        }
    }
    client_close(c);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

/* The ranks' parts of a batch are the batch. */
START_TEST(ranks)
{
    struct client *whole = daemon_client(&d, NULL), *part[2];
    struct error err = { 0 };
    for (uint32_t r = 0; r < 2; r++) {
        struct client_options o = daemon_options(&d);
        o.rank = r;
        o.world = 2;
        part[r] = daemon_client(&d, &o);
    }
    for (int step = 0; step < 7; step++) {
        struct batch all, b[2];
        ck_assert_int_eq(client_next(whole, &all, &err), 1);
        for (int r = 0; r < 2; r++) {
            ck_assert_int_eq(client_next(part[r], &b[r], &err), 1);
            ck_assert_uint_eq(b[r].header->count, DAEMON_BATCH / 2);
            ck_assert_mem_eq(b[r].id, all.id + r * DAEMON_BATCH / 2, DAEMON_BATCH / 2 * 8);
            ck_assert_mem_eq(b[r].images,
                             (const char *)all.images + r * (DAEMON_BATCH / 2) * 3 * 20 * 20 * 4,
                             DAEMON_BATCH / 2 * 3 * 20 * 20 * 4);
            client_release(part[r], &b[r]);
        }
        client_release(whole, &all);
    }
    client_close(whole);
    client_close(part[0]);
    client_close(part[1]);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

static uint64_t milliseconds(void)
{
    return stats_clock() / 1000000;
}

static void *kill_soon(void *context)
{
    usleep(200000);
    kill(*(pid_t *)context, SIGKILL);
    return NULL;
}

/* Killed while the client waits: it holds all slots itself, so nothing would ever come. */
START_TEST(killed_daemon)
{
    struct client *c = daemon_client(&d, NULL);
    struct error err = { 0 };
    struct batch b;
    pthread_t killer;
    int rc = 1, taken = 0;
    ck_assert_int_eq(pthread_create(&killer, NULL, kill_soon, &d.pid), 0);
    uint64_t begun = milliseconds();
    while ((rc = client_next(c, &b, &err)) == 1)
        taken++;
    ck_assert_int_eq(rc, -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_int_gt(taken, 0);
    ck_assert_uint_lt(milliseconds() - begun, 2000);
    ck_assert_int_eq(pthread_join(killer, NULL), 0);
    ck_assert_int_eq(waitpid(d.pid, NULL, 0), d.pid);
    ck_assert_int_eq(client_next(c, &b, &err), -1);
    /* Another daemon at the same place goes on with the very next batch. */
    json_t *state = client_state(c, &err);
    ck_assert_ptr_nonnull(state);
    client_close(c);
    daemon_start(&d, "--threads 1");
    struct client_options o = daemon_options(&d);
    o.has_start = false;
    o.state = state;
    c = daemon_client(&d, &o);
    must_be(c, (uint64_t)taken, STEPS);
    json_decref(state);
    client_close(c);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

/* Stopped in order: what is finished can be taken, then the client is told to come again. */
START_TEST(drained_daemon)
{
    struct client *c = daemon_client(&d, NULL);
    struct error err = { 0 };
    struct batch b;
    ck_assert_int_eq(client_next(c, &b, &err), 1);
    client_release(c, &b);
    ck_assert_int_eq(kill(d.pid, SIGTERM), 0);
    uint64_t begun = milliseconds();
    int rc;
    while ((rc = client_next(c, &b, &err)) == 1)
        client_release(c, &b);
    ck_assert_int_eq(rc, -1);
    ck_assert_msg(err.kind == ERROR_REQUEUE, "%s", err.message);
    ck_assert_uint_lt(milliseconds() - begun, 2000);
    json_t *state = client_state(c, &err);
    ck_assert_ptr_nonnull(state);
    json_decref(state);
    client_close(c);
    int status;
    ck_assert_int_eq(waitpid(d.pid, &status, 0), d.pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_uint_lt(milliseconds() - begun, 2000);
}
END_TEST

/* Resumed anywhere, also in the next epoch, by another world size. */
START_TEST(resumed)
{
    struct error err = { 0 };
    for (uint64_t stop = 0; stop < 7; stop++) {
        struct client *c = daemon_client(&d, NULL);
        must_be(c, 0, stop);
        json_t *state = client_state(c, &err);
        client_close(c);
        struct client_options o = daemon_options(&d);
        o.has_start = false;
        o.state = state;
        c = daemon_client(&d, &o);
        must_be(c, stop, stop + 3);
        client_close(c);
        o.world = 2;
        o.rank = 1;
        c = daemon_client(&d, &o);
        struct batch b;
        ck_assert_int_eq(client_next(c, &b, &err), 1);
        ck_assert_uint_eq(b.header->step, stop);
        client_close(c);
        json_decref(state);
    }
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

/* A state of other data or another recipe is refused. */
START_TEST(foreign_state)
{
    struct error err = { 0 };
    struct client *c = daemon_client(&d, NULL);
    json_t *state = client_state(c, &err);
    client_close(c);
    struct client_options o = daemon_options(&d);
    const char *settings[8];
    for (int i = 0; i < daemon_setting_count; i++)
        settings[i] = daemon_settings[i];
    settings[daemon_setting_count] = "data.seed=8";
    o.settings = settings;
    o.count = daemon_setting_count + 1;
    o.has_start = false;
    o.state = state;
    ck_assert_int_eq(client_open(&c, &o, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.message, "seed"), "%s", err.message);
    json_decref(state);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

/* The public header: the same batches and states as from the loader in this process. */
START_TEST(public_header)
{
    char settings[2][300], error[TENFOLD_ERROR] = "";
    struct tenfold *t[2];
    static const char text[] = "augment: [{random_crop: 20}, hflip]\n"
                               "mix: [{mixup: {alpha: 1}}]\ndata: {soft_labels: yes}\n";
    char config[120];
    struct error err = { 0 };
    snprintf(config, sizeof(config), "%s/a.yaml", daemon_home);
    ck_assert_int_eq(file_write(config, text, strlen(text), &err), 0);
    for (int i = 0; i < 2; i++) {
        snprintf(settings[i], sizeof(settings[i]), "data=%s batch=8 seed=7 threads=2 steps=7 %s%s",
                 daemon_data.root, i ? "daemon=" : "", i ? d.address : "");
        ck_assert_msg(tenfold_open(&t[i], config, settings[i], error) == 0, "%s", error);
        ck_assert_uint_eq(tenfold_samples(t[i]), DAEMON_IMAGES);
        ck_assert_uint_eq(tenfold_steps_per_epoch(t[i]), 5);
    }
    for (int step = 0; step < 7; step++) {
        struct tenfold_batch a, b;
        ck_assert_int_eq(tenfold_next(t[0], &a, error), 1);
        ck_assert_msg(tenfold_next(t[1], &b, error) == 1, "%s", error);
        ck_assert(a.step == b.step && a.epoch == b.epoch && a.count == b.count &&
                  a.valid == b.valid && a.dtype == b.dtype && a.layout == b.layout &&
                  a.height == b.height && a.width == b.width && a.classes == b.classes);
        ck_assert_mem_eq(a.images, b.images, sizeof(float) * 3 * 20 * 20 * a.count);
        ck_assert_mem_eq(a.label, b.label, sizeof(*a.label) * a.count);
        ck_assert_mem_eq(a.label_b, b.label_b, sizeof(*a.label) * a.count);
        ck_assert_mem_eq(a.lambda, b.lambda, sizeof(*a.lambda) * a.count);
        ck_assert_mem_eq(a.soft, b.soft, sizeof(*a.soft) * a.count * (size_t)a.classes);
        ck_assert_mem_eq(a.id, b.id, sizeof(*a.id) * a.count);
        tenfold_release(t[0], &a);
        tenfold_release(t[1], &b);
        char *x = tenfold_state(t[0]), *y = tenfold_state(t[1]);
        ck_assert_str_eq(x, y);
        free(x);
        free(y);
    }
    struct tenfold_batch b;
    ck_assert_int_eq(tenfold_next(t[1], &b, error), 0);
    tenfold_close(t[0]);
    tenfold_close(t[1]);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

/* Without a daemon a client starts one, which others find, and which ends by itself. */
START_TEST(starts_its_own)
{
    char program[300], socket[120];
    const char *bin = getenv("TENFOLD_BIN");
    ck_assert_int_eq(daemon_stop(&d), 0);
    snprintf(program, sizeof(program), "%s/nnprepd", bin ? bin : "bin");
    char *whole = realpath(program, NULL);
    ck_assert_int_eq(setenv("TENFOLD_NNPREPD", whole, 1), 0);
    free(whole);
    struct client_options o = daemon_options(&d);
    o.address = "auto";
    struct client *a = daemon_client(&d, &o);
    must_be(a, 0, 3);
    struct client *b = daemon_client(&d, &o);
    must_be(b, 0, 3);
    client_close(a);
    /* The one that was started: it serves both. */
    snprintf(socket, sizeof(socket), "unix:%s/tenfold/nnprepd.sock", daemon_home);
    snprintf(d.address, sizeof(d.address), "%s", socket);
    json_t *stats = daemon_stats(&d);
    pid_t pid = (pid_t)json_integer_value(json_object_get(stats, "pid"));
    ck_assert_int_eq(json_integer_value(json_object_get(stats, "consumers")), 1);
    json_decref(stats);
    client_close(b);
    for (int tries = 0; tries < 150 && kill(pid, 0) == 0; tries++)
        usleep(100000);
    ck_assert_int_ne(kill(pid, 0), 0);
    ck_assert_int_ne(access(socket + 5, F_OK), 0);
    /* One that cannot start is an error, not a wait. */
    ck_assert_int_eq(setenv("TENFOLD_NNPREPD", "/bin/false", 1), 0);
    struct error err = { 0 };
    uint64_t begun = milliseconds();
    ck_assert_int_eq(client_open(&a, &o, &err), -1);
    ck_assert_uint_lt(milliseconds() - begun, 2000);
}
END_TEST

/* Takes a client, who dials first, the next daemon, who looks whether the place is free, and the
 * client again, as a daemon's last moments do. */
static void take_and_end(int listener)
{
    for (int i = 0; i < 3; i++)
        close(accept(listener, NULL, NULL));
    _exit(0);
}

START_TEST(one_that_ends_is_none)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char folder[100], program[300];
    const char *bin = getenv("TENFOLD_BIN");
    ck_assert_int_eq(daemon_stop(&d), 0);
    snprintf(program, sizeof(program), "%s/nnprepd", bin ? bin : "bin");
    char *whole = realpath(program, NULL);
    ck_assert_int_eq(setenv("TENFOLD_NNPREPD", whole, 1), 0);
    free(whole);
    snprintf(folder, sizeof(folder), "%s/tenfold", daemon_home);
    ck_assert(mkdir(folder, 0700) == 0 || errno == EEXIST);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/nnprepd.sock", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 4), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        take_and_end(listener);
    close(listener);
    struct client_options o = daemon_options(&d);
    o.address = "auto";
    struct client *c = daemon_client(&d, &o);
    must_be(c, 0, 3);
    client_close(c);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* A daemon that lies about its ring. */
struct lie {
    const char *what;
    const char *ring; /* in place of the truth */
    size_t size;      /* of the memfd */
    int seals;
    const char *magic;
};

#define TENSORS                                                                                    \
    "\"tensors\":[{\"name\":\"images\",\"offset\":4096,\"dtype\":\"uint8\",\"shape\":[2,3,4,4]},"  \
    "{\"name\":\"label\",\"offset\":8192,\"dtype\":\"int64\",\"shape\":[2]},"                      \
    "{\"name\":\"id\",\"offset\":12288,\"dtype\":\"int64\",\"shape\":[2]},"                        \
    "{\"name\":\"weight\",\"offset\":16384,\"dtype\":\"float32\",\"shape\":[2]}]}"
#define SIZES "{\"slots\":2,\"slot_bytes\":20480,\"header_bytes\":4096,"

static const struct lie lies[] = {
    { "none", SIZES TENSORS, 4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "memory too small", SIZES TENSORS, 4096 + 20480, F_SEAL_SHRINK, "TENFRING" },
    { "memory may shrink", SIZES TENSORS, 4096 + 2 * 20480, F_SEAL_GROW, "TENFRING" },
    { "no ring", SIZES TENSORS, 4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRONG" },
    { "no slots", "{\"slots\":0,\"slot_bytes\":20480,\"header_bytes\":4096," TENSORS,
      4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "too many slots", "{\"slots\":4294967298,\"slot_bytes\":20480,\"header_bytes\":4096," TENSORS,
      4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "sizes that overflow",
      "{\"slots\":2,\"slot_bytes\":9223372036854771712,\"header_bytes\":4096," TENSORS,
      4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "a tensor beyond its slot",
      SIZES "\"tensors\":[{\"name\":\"images\",\"offset\":4096,\"dtype\":\"uint8\",\"shape\":[2000,"
            "3,4,4]}]}",
      4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "a tensor of huge shape",
      SIZES "\"tensors\":[{\"name\":\"images\",\"offset\":4096,\"dtype\":\"uint8\",\"shape\":["
            "4611686018427387904,3,4,4]}]}",
      4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "a tensor over the header",
      SIZES
      "\"tensors\":[{\"name\":\"images\",\"offset\":0,\"dtype\":\"uint8\",\"shape\":[2,3,4,4]}"
      "]}",
      4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "an unknown type",
      SIZES
      "\"tensors\":[{\"name\":\"images\",\"offset\":4096,\"dtype\":\"int4\",\"shape\":[2,3,4,4]"
      "}]}",
      4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
    { "tensors missing", SIZES "\"tensors\":[]}", 4096 + 2 * 20480, F_SEAL_SHRINK, "TENFRING" },
};

static int lying_memory(const char *magic, size_t size, int seals, const uint32_t *words)
{
    int fd = memfd_create("lie", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
    ck_assert_int_eq(pwrite(fd, magic, 8, 0), 8);
    ck_assert_int_eq(pwrite(fd, words, 16, 8), 16);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

START_TEST(lying_daemon)
{
    const struct lie *lie = &lies[_i];
    int pair[2];
    struct error err = { 0 };
    struct talk_message m = { .count = MESSAGE_FDS };
    /* version, slots, and slot_bytes in two words */
    const uint32_t ring_words[4] = { 1, 2, 20480, 0 };
    m.fds[0] = lying_memory(lie->magic, lie->size, lie->seals, ring_words);
    m.fds[1] = lying_memory("TENFCTRL", 4096, F_SEAL_SHRINK, ring_words);
    ck_assert_int_eq(pipe(pair), 0);
    m.fds[2] = pair[0];
    m.fds[3] = pair[1];
    json_t *ring = json_loads(lie->ring, 0, NULL);
    ck_assert_msg(ring != NULL, "%s", lie->what);
    m.object = json_pack("{s:o}", "ring", ring);
    json_t *opened = json_pack("{s:i, s:i, s:i}", "height", 4, "width", 4, "soft_classes", 0);
    struct client_ring *r = NULL;
    int rc = client_ring_open(&r, &m, opened, &err);
    ck_assert_msg(rc == (_i == 0 ? 0 : -1), "%s: %s", lie->what, err.message);
    if (rc == 0) {
        struct batch b; /* whose slots hold nothing */
        ck_assert_int_eq(client_ring_batch(r, 0, &b, &err), -1);
    }
    ck_assert_int_eq(err.kind, ERROR_DATA);
    client_ring_close(r);
    talk_message_release(&m);
    json_decref(opened);
    ck_assert_int_eq(daemon_stop(&d), 0);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("client");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, same_batches);
    tcase_add_test(cases, held_in_any_order);
    tcase_add_test(cases, ranks);
    tcase_add_test(cases, killed_daemon);
    tcase_add_test(cases, drained_daemon);
    tcase_add_test(cases, resumed);
    tcase_add_test(cases, foreign_state);
    tcase_add_test(cases, public_header);
    tcase_add_test(cases, starts_its_own);
    tcase_add_test(cases, one_that_ends_is_none);
    tcase_add_loop_test(cases, lying_daemon, 0, sizeof(lies) / sizeof(lies[0]));
    return suite_run();
}
