/*
 * Claim: nothing that a client writes, asks for or does harms the hub or the others: what its page
 * says is believed only where it can be, what is too much is refused with the limit and what helps,
 * and whatever it held is free when it goes; memory and descriptors stay what they were.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/config.h"
#include "base/progress.h"
#include "tests/hub_data.h"
#include "tests/scale.h"
#include "tests/suite.h"

static void take(struct mapped *m)
{
    struct batch batch;
    ck_assert_msg(mapped_next(m, &batch) == 1, "%s", m->why.message);
    mapped_release(m, &batch);
}

static void write_word(struct mapped *m, size_t at, uint64_t value)
{
    atomic_store_explicit((_Atomic uint64_t *)(m->now.control + at), value, memory_order_release);
    consumer_collect(m->consumer);
}

/* Two on one stream: whatever the one writes, the other gets every batch with its bits. */
START_TEST(hostile_page)
{
    enum { TAKEN = 24 };
    struct stream_options o = small_options();
    struct batch_sums ours[TAKEN] = { 0 };
    o.steps = TAKEN;
    add_sums(&o, NULL, ours);
    struct hub *hub = must_hub(2);
    struct mapped good, bad;
    struct rng rng = rng_start(rng_derive(1, "sample", "hostile", 0), (uint64_t)_i, 0);
    mapped_open(&good, hub, &(struct ask){ .steps = 0 });
    mapped_open(&bad, hub, &(struct ask){ .slow_private = true });
    for (int step = 0; step < TAKEN; step++) {
        struct batch batch;
        for (int k = 0; k < 50; k++) {
            size_t at = 8 * rng_below(&rng, bad.now.control_bytes / 8);
            uint64_t near = (uint64_t)step + rng_below(&rng, 8) - 4;
            uint64_t values[] = { 0, 1, near, near, near, UINT64_MAX, rng_below(&rng, UINT64_MAX) };
            write_word(&bad, at, values[rng_below(&rng, 7)]);
        }
        for (int i = 0; i < bad.now.place.slots; i++) /* and, in the end, what is right */
            write_word(&bad, 64 + 8 * (size_t)i, (uint64_t)step + 1);
        ck_assert_int_eq(mapped_next(&good, &batch), 1);
        ck_assert_uint_eq(batch_sums_of(&batch, mapped_sample_bytes(&good)).content,
                          ours[step].content);
        mapped_release(&good, &batch);
    }
    mapped_close(&bad);
    mapped_close(&good);
    hub_close(hub);
}
END_TEST

/* What is handed out cannot be written, shrunk or grown by a client; its own page not resized. */
START_TEST(sealed)
{
    struct hub *hub = must_hub(1);
    struct mapped m;
    mapped_open(&m, hub, &(struct ask){ .steps = 0 });
    const struct consumer_place *p = &m.now.place;
    uint64_t one = 1;
    ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, p->ring, 0), MAP_FAILED);
    ck_assert_int_eq(pwrite(p->ring, &one, sizeof(one), 4096), -1);
    ck_assert_int_eq(ftruncate(p->ring, 0), -1);
    ck_assert_int_eq(ftruncate(p->ring, 1 << 30), -1);
    ck_assert_int_eq(fallocate(p->ring, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
    ck_assert_int_eq(mprotect((void *)m.now.ring, 4096, PROT_READ | PROT_WRITE), -1);
    ck_assert_int_eq(ftruncate(p->control, 0), -1);
    uint8_t *own = mmap(NULL, m.now.ring_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, p->ring, 0);
    ck_assert_ptr_ne(own, MAP_FAILED);
    take(&m);
    own[p->header_bytes] ^= 0xff; /* its own copy */
    munmap(own, m.now.ring_bytes);
    take(&m);
    mapped_close(&m);
    hub_close(hub);
}
END_TEST

/* A client may fill both eventfds and let them block: others, and the hub, go on. */
START_TEST(hostile_eventfds)
{
    struct hub *hub = must_hub(2);
    struct mapped good, bad;
    mapped_open(&good, hub, &(struct ask){ .steps = 0 });
    mapped_open(&bad, hub, &(struct ask){ .steps = 0, .settings = { "data.order_seed=4" } });
    uint64_t full = UINT64_MAX - 1;
    int fds[] = { bad.ready, bad.freed };
    for (int i = 0; i < 2; i++) {
        uint64_t count;
        (void)!read(fds[i], &count, sizeof(count));
        ck_assert_int_eq(write(fds[i], &full, sizeof(full)), sizeof(full));
        ck_assert_int_eq(fcntl(fds[i], F_SETFL, 0), 0);
    }
    for (int i = 0; i < 8; i++) {
        struct batch batch;
        take(&good);
        ck_assert_int_eq(mapped_next(&bad, &batch), 1);
        mapped_release(&bad, &batch);
        consumer_collect(bad.consumer);
    }
    mapped_close(&bad);
    take(&good);
    mapped_close(&good);
    hub_close(hub);
}
END_TEST

/* What is too much, or wrong, is refused at once or by an event, with a word that helps. */
START_TEST(refused)
{
    static const struct {
        const char *set, *set2;
        enum error_kind kind;
        const char *says;
    } cases[] = {
        { "data.slots=4000", "data.last=drop", ERROR_FAILED, "a client may have" },
        { "data.batch=32", "data.slots=7", ERROR_FAILED, "--memory" },
        { "data.cache=bytes", "data.cache_memory=4096", ERROR_FAILED, "cache_memory" },
        { "data.batch=100", "data.last=drop", ERROR_USAGE, "smaller batch" },
        { "data.train=/nowhere/at/all", "data.last=drop", ERROR_DATA, "nowhere" },
        { "data.batsh=4", "data.last=drop", ERROR_USAGE, "batch" },
        { "augment=[nonsense]", "data.last=drop", ERROR_USAGE, "nonsense" },
        { "data.ledger=/nowhere/at/all", "data.last=drop", ERROR_DATA, "nowhere" },
    };
    struct hub *hub;
    struct error err = { 0 };
    size_t slot = 4096 + 16 * 20 * 20 * 3 * 4 + 4096 * 4, ring = 4096 + 4 * slot;
    struct hub_options o = { .threads = 2, .memory = 3 * ring, .client_memory = 4 * ring };
    ck_assert_int_eq(hub_open(&hub, &o, &err), 0);
    struct mapped m, other;
    mapped_open(&m, hub, &(struct ask){ .steps = 0 });
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char said[1700];
        struct ask ask = { .settings = { cases[i].set, cases[i].set2 } };
        ck_assert_int_eq(mapped_try(&other, hub, &ask, &err), -1);
        snprintf(said, sizeof(said), "%s: %s", err.place, err.message);
        ck_assert_msg(strstr(said, cases[i].says) != NULL, "case %d: %s", (int)i, said);
        ck_assert_msg(err.kind == cases[i].kind, "case %d: %d, %s", (int)i, err.kind, said);
        take(&m);
    }
    mapped_close(&m);
    hub_close(hub);
}
END_TEST

START_TEST(as_many_streams_as_allowed)
{
    struct hub *hub;
    struct error err = { 0 };
    struct hub_options o = { .threads = 1, .memory = 1 << 28, .streams = 3 };
    struct mapped m[3], more;
    ck_assert_int_eq(hub_open(&hub, &o, &err), 0);
    for (int i = 0; i < 3; i++)
        mapped_open(&m[i], hub, &(struct ask){ .alone = true });
    ck_assert_int_eq(mapped_try(&more, hub, &(struct ask){ .alone = true }, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_FAILED);
    ck_assert_ptr_nonnull(strstr(err.message, "3 streams"));
    mapped_close(&m[1]);
    mapped_open(&more, hub, &(struct ask){ .alone = true });
    take(&more);
    mapped_close(&m[0]);
    mapped_close(&m[2]);
    mapped_close(&more);
    hub_close(hub);
}
END_TEST

/* Gone before it had an answer, with events that nobody took, and with the hub itself. */
START_TEST(leaves_at_any_time)
{
    struct hub *hub = must_hub(2);
    struct error err = { 0 };
    struct config *config;
    struct mapped context = { .hub = hub };
    char text[300];
    snprintf(text, sizeof(text),
             "data: {train: %s, batch: 16}\naugment: [{random_resized_crop: {size: 8}}]\n",
             tiny.root);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    struct hub_request request = { .config = config, .share = true, .context = &context };
    for (int i = 0; i < 200; i++) {
        struct consumer *c;
        ck_assert_int_eq(hub_attach(hub, &request, &c, &err), 0);
        if (i % 3 == 1)
            usleep(500 * (unsigned)(i % 7));
        if (i % 50 != 49)
            hub_detach(c);
    }
    config_close(config);
    hub_close(hub);
}
END_TEST

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static double resident(void)
{
    char line[256];
    double kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtod(line + 6, NULL);
    fclose(file);
    return kb;
}

static int64_t counted(struct hub *hub, const char *what)
{
    json_t *stats = hub_stats(hub);
    int64_t n = json_integer_value(json_object_get(stats, what));
    json_decref(stats);
    return n;
}

/* One client that opens, takes a few, and goes; beside one that stays, and by turns not. */
static void cycle(struct hub *hub, int i)
{
    struct mapped m;
    struct ask ask = { .alone = i % 3 == 0,
                       .has_start = i % 5 == 0,
                       .start = 1000 + (uint64_t)(i % 7) };
    if (i % 2)
        ask.settings[0] = "data.augment_seed=77";
    mapped_open(&m, hub, &ask);
    for (int k = 0; k < i % 4; k++)
        take(&m);
    mapped_close(&m);
}

START_TEST(cycles_leave_nothing)
{
    const char *set = getenv("TENFOLD_SOAK");
    int cycles = set ? (int)strtol(set, NULL, 10) : test_scaled(600);
    struct hub *hub = must_hub(2);
    struct mapped stays;
    mapped_open(&stays, hub, &(struct ask){ .steps = 0 });
    int64_t memory = counted(hub, "memory");
    for (int i = 0; i < 120; i++)
        cycle(hub, i);
    usleep(100000);
    int fds = count_fds();
    double kb = resident();
    for (int i = 0; i < cycles; i++) {
        if (i % 100 == 0)
            take(&stays);
        cycle(hub, i);
    }
    double until = clock_seconds() + 10;
    while (clock_seconds() < until && (count_fds() != fds || counted(hub, "memory") != memory))
        usleep(10000);
    ck_assert_int_eq(counted(hub, "memory"), memory);
    ck_assert_int_eq(count_fds(), fds);
    ck_assert_int_eq(counted(hub, "consumers"), 1);
    double later = resident();
    if (set)
        fprintf(stderr, "%d cycles: %.0f KB before, %.0f KB after; %d descriptors\n", cycles, kb,
                later, fds);
#ifndef __SANITIZE_ADDRESS__
#ifndef __SANITIZE_THREAD__
    ck_assert_msg(later <= 1.02 * kb + 1024, "%.0f KB before, %.0f KB after", kb, later);
#endif
#endif
    mapped_close(&stays);
    hub_close(hub);
}
END_TEST

/* No new batch is begun; what was begun comes, and the ring says where it ends. */
START_TEST(drains)
{
    struct hub *hub = must_hub(2);
    struct mapped m;
    struct batch batch;
    mapped_open(&m, hub, &(struct ask){ .steps = 0 });
    take(&m);
    take(&m);
    hub_drain(hub);
    uint64_t end = *(const volatile uint64_t *)(m.now.ring + 40);
    ck_assert_uint_ge(end, 2);
    ck_assert_uint_le(end, 2 + 4);
    while (m.next < end) {
        ck_assert_int_eq(mapped_next(&m, &batch), 1);
        mapped_release(&m, &batch);
    }
    usleep(50000);
    ck_assert(!mapped_has(&m));
    mapped_close(&m);
    hub_close(hub);
}
END_TEST

/* The data set is deleted under a stream: with `fail` its clients are told, at the step where. */
START_TEST(data_deleted)
{
    struct hub *hub = must_hub(2);
    struct mapped m, other;
    struct batch batch;
    mapped_open(&m, hub, &(struct ask){ .settings = { "data.on_error=fail" } });
    mapped_open(&other, hub, &(struct ask){ .settings = { "data.max_bad=0.01" } });
    take(&m);
    take(&other);
    for (int i = 0; i < IMAGES; i++) {
        char path[128];
        tiny_path(&tiny, i, path);
        ck_assert_int_eq(unlink(path), 0);
    }
    int rc;
    while ((rc = mapped_next(&m, &batch)) == 1)
        mapped_release(&m, &batch);
    ck_assert_int_eq(rc, -1);
    ck_assert(m.failed);
    ck_assert_int_eq(m.why.kind, ERROR_DATA);
    while ((rc = mapped_next(&other, &batch)) == 1)
        mapped_release(&other, &batch);
    ck_assert_int_eq(rc, -1);
    ck_assert_ptr_nonnull(strstr(other.why.message, "max_bad"));
    mapped_close(&m);
    mapped_close(&other);
    hub_close(hub);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("hub_limits");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_test(cases, cycles_leave_nothing);
    if (getenv("TENFOLD_SOAK")) { /* nothing but that */
        tcase_set_timeout(cases, 3600);
        return suite_run();
    }
    tcase_add_loop_test(cases, hostile_page, 0, 4);
    tcase_add_test(cases, sealed);
    tcase_add_test(cases, hostile_eventfds);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, as_many_streams_as_allowed);
    tcase_add_test(cases, leaves_at_any_time);
    tcase_add_test(cases, drains);
    tcase_add_test(cases, data_deleted);
    return suite_run();
}
