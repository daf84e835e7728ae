/*
 * Claim: the counters add up to what happened, whoever looks while it happens, and the verdict
 * names whoever the others wait for.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/stream_data.h"
#include "tests/suite.h"

/* One second of two threads, in ms: of all samples, and of the consumer. */
static const struct {
    double read, decode, render, wait, consumer_wait, consumer_busy;
    enum stats_verdict verdict;
    double threads_needed;
} seconds[] = {
    { 100, 1500, 390, 10, 900, 100, VERDICT_DECODE, 19.9 },
    { 100, 390, 1500, 10, 999, 1, VERDICT_RENDER, 0 }, /* a consumer that takes all */
    { 1500, 100, 390, 10, 500, 500, VERDICT_STORAGE, 3.98 },
    { 100, 300, 100, 1500, 10, 990, VERDICT_CONSUMER, 0.505 },
    { 0, 0, 900, 1100, 500, 500, VERDICT_CONSUMER, 1.8 },
};

START_TEST(verdicts)
{
    const uint64_t ms = 1000000;
    struct stats_sum before = { .at = 5000 * ms, .threads = 2, .samples = 70, .images = 64 };
    struct stats_sum now = before;
    now.at += 1000 * ms;
    now.samples += 1000;
    now.images += 1000;
    now.bytes += 3000000;
    now.cached += 250;
    now.cpu_ns += 1900 * ms;
    now.ns[STAGE_READ] += (uint64_t)seconds[_i].read * ms;
    now.ns[STAGE_DECODE] += (uint64_t)seconds[_i].decode * ms;
    now.ns[STAGE_RENDER] += (uint64_t)seconds[_i].render * ms;
    now.ns[STAGE_WAIT] += (uint64_t)seconds[_i].wait * ms;
    now.wait_ns += (uint64_t)seconds[_i].consumer_wait * ms;
    now.busy_ns += (uint64_t)seconds[_i].consumer_busy * ms;
    struct stats_report r = stats_report(&before, &now);
    ck_assert_double_eq_tol(r.images_per_second, 1000, 1e-9);
    ck_assert_double_eq_tol(r.ms[STAGE_DECODE], seconds[_i].decode / 1000, 1e-9);
    ck_assert_double_eq_tol(r.cpu_ms, 1.9, 1e-9);
    ck_assert_double_eq_tol(r.megabytes_per_second, 3, 1e-9);
    ck_assert_double_eq_tol(r.cached, 0.25, 1e-9);
    ck_assert_double_eq_tol(r.consumer_wait, seconds[_i].consumer_wait / 1000, 1e-9);
    double work = (seconds[_i].decode + seconds[_i].render) / 1000;
    ck_assert_double_eq_tol(r.cpu_got, work > 1.9 ? 1.9 / work : 1, 1e-9);
    ck_assert_msg(r.verdict == seconds[_i].verdict, "%s", stats_verdicts[r.verdict]);
    ck_assert_double_eq_tol(r.threads_needed, seconds[_i].threads_needed, 0.01);
    char text[400];
    stats_print(&r, text, sizeof(text));
    ck_assert(strstr(text, stats_verdicts[r.verdict]) && strlen(text) < sizeof(text) - 1);
    json_t *json = stats_json(&r);
    ck_assert_str_eq(json_string_value(json_object_get(json, "verdict")),
                     stats_verdicts[r.verdict]);
    json_decref(json);
    ck_assert_ptr_null(strstr(text, "of the CPU they want"));
    now.cpu_ns = before.cpu_ns + 30 * ms;
    r = stats_report(&before, &now);
    stats_print(&r, text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "of the CPU they want"));
    stats_print(&r, text, 20); /* is cut, not overrun */
    ck_assert_uint_lt(strlen(text), 20);
    now = before;
    now.at += ms;
    ck_assert_int_eq(stats_report(&before, &now).verdict, VERDICT_IDLE);
}
END_TEST

static _Atomic bool stop;

/* Somebody who looks all the time: sums never fall. */
static void *look(void *argument)
{
    const struct stream *stream = argument;
    struct stats_sum last = stream_stats(stream);
    while (!stop) {
        struct stats_sum now = stream_stats(stream);
        if (now.samples < last.samples || now.images < last.images ||
            now.ns[STAGE_DECODE] < last.ns[STAGE_DECODE] || now.wait_ns < last.wait_ns)
            return argument;
        last = now;
    }
    return NULL;
}

START_TEST(adds_up)
{
    struct stream_options o = small_options();
    struct error err = { 0 };
    struct batch batch;
    pthread_t thread;
    void *fell;
    o.threads = 3;
    uint64_t start = stats_clock();
    struct stream *stream = must_open(&o, mix);
    ck_assert_int_eq(pthread_create(&thread, NULL, look, stream), 0);
    for (int step = 0; step < STEPS; step++) {
        ck_assert_int_eq(stream_next(stream, &batch, &err), 1);
        stream_release(stream, &batch);
    }
    stop = true;
    pthread_join(thread, &fell);
    ck_assert_ptr_null(fell);
    struct stats_sum sum = stream_stats(stream);
    uint64_t wall = stats_clock() - start, threads = 0;
    stream_close(stream);
    ck_assert_uint_eq(sum.samples, STEPS * BATCH);
    ck_assert_uint_eq(sum.images, STEPS * BATCH);
    ck_assert_uint_eq(sum.batches, STEPS);
    ck_assert_uint_gt(sum.bytes, STEPS * BATCH * 1000);
    for (int stage = 0; stage < STAGES; stage++)
        threads += sum.ns[stage];
    ck_assert_uint_le(threads, 3 * wall);
    ck_assert_uint_gt(sum.ns[STAGE_DECODE], sum.ns[STAGE_READ] / 100);
    ck_assert_uint_le(sum.wait_ns + sum.busy_ns, wall);
}
END_TEST

/* A slow consumer is found out. */
START_TEST(slow_consumer)
{
    struct stream_options o = small_options();
    struct error err = { 0 };
    struct batch batch;
    struct stream *stream = must_open(&o, NULL);
    struct stats_sum before = stream_stats(stream);
    for (int step = 0; step < STEPS; step++) {
        ck_assert_int_eq(stream_next(stream, &batch, &err), 1);
        usleep(100000);
        stream_release(stream, &batch);
    }
    struct stats_sum now = stream_stats(stream);
    struct stats_report r = stats_report(&before, &now);
    stream_close(stream);
    ck_assert_msg(r.verdict == VERDICT_CONSUMER, "%s", stats_verdicts[r.verdict]);
    ck_assert_double_gt(r.threads_needed, 0);
    ck_assert_double_lt(r.threads_needed, 2);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("stats");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_loop_test(cases, verdicts, 0, sizeof(seconds) / sizeof(seconds[0]));
    tcase_add_test(cases, adds_up);
    tcase_add_test(cases, slow_consumer);
    return suite_run();
}
