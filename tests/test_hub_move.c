/*
 * Claim: consumers of one stream may come late, ask for another start, be slow or leave, and each
 * gets every batch from its first on, once, in order, with the bits that it would have alone; what
 * it has given back, or left behind, is free.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/progress.h"
#include "tests/hub_data.h"
#include "tests/suite.h"

enum { LONG = 60 };

static struct batch_sums ours[LONG];

static void sum_alone(const struct mix *mixing)
{
    struct stream_options o = small_options();
    o.steps = LONG;
    memset(ours, 0, sizeof(ours));
    add_sums(&o, mixing, ours);
}

/* The next batch, which must be the right one; given back at once. */
static void take(struct mapped *m)
{
    struct batch batch;
    uint64_t step = m->next;
    ck_assert_msg(mapped_next(m, &batch) == 1, "no batch %d: %s", (int)step, m->why.message);
    ck_assert_uint_lt(step, LONG);
    ck_assert_msg(batch_sums_of(&batch, mapped_sample_bytes(m)).content == ours[step].content,
                  "content of step %d", (int)step);
    mapped_release(m, &batch);
}

static void take_until(struct mapped *m, uint64_t step)
{
    while (m->next < step)
        take(m);
}

/* All of them to `step`, whoever is behind first: they may hold one another up. */
static void take_together(struct mapped *const *m, int n, uint64_t step)
{
    for (;;) {
        struct mapped *behind = m[0];
        for (int i = 1; i < n; i++)
            if (m[i]->next < behind->next)
                behind = m[i];
        if (behind->next >= step)
            return;
        take(behind);
    }
}

/* Who comes while step 0 is still there begins with it; who comes later, where the stream is. */
START_TEST(joins_where_the_stream_is)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped a, b, c;
    mapped_open(&a, hub, &(struct ask){ .steps = 0 });
    mapped_open(&b, hub, &(struct ask){ .steps = 0 });
    ck_assert_uint_eq(b.next, 0);
    take_together((struct mapped *[]){ &a, &b }, 2, 10);
    mapped_open(&c, hub, &(struct ask){ .steps = 0 });
    ck_assert_uint_gt(c.next, 0);
    ck_assert_str_eq(c.now.place.stream, a.now.place.stream);
    take_together((struct mapped *[]){ &a, &b, &c }, 3, 30);
    mapped_close(&a);
    mapped_close(&b);
    mapped_close(&c);
    hub_close(hub);
}
END_TEST

/* Behind the stream: a private one, which merges once it has caught up. */
START_TEST(another_start_merges)
{
    const struct mix *mixing = _i & 1 ? mix_or_cut : NULL;
    sum_alone(mixing);
    struct hub *hub = must_hub(2);
    struct mapped a, b;
    struct ask ask = { .config = mixing ? hub_config_mix : NULL };
    mapped_open(&a, hub, &ask);
    take_until(&a, 12);
    ask.has_start = true;
    ask.start = 2;
    ask.local = false;
    mapped_open(&b, hub, &ask);
    ck_assert(b.now.place.private);
    ck_assert_str_ne(b.now.place.stream, a.now.place.stream);
    ck_assert_uint_eq(b.next, 2);
    while (b.moves == 0 && b.next < 30) {
        take(&b);
        hub_serve(hub, 0);
    }
    ck_assert_int_eq(b.moves, 1);
    ck_assert(!b.now.place.private);
    ck_assert_str_eq(b.now.place.stream, a.now.place.stream);
    take_together((struct mapped *[]){ &a, &b }, 2, LONG);
    mapped_close(&a);
    mapped_close(&b);
    hub_close(hub);
}
END_TEST

/* The same for a consumer in the daemon, which is handed batches without descriptors. */
START_TEST(local_consumer_merges)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped a, b;
    mapped_open(&a, hub, &(struct ask){ .steps = 0 });
    take_until(&a, 12);
    mapped_open(&b, hub, &(struct ask){ .has_start = true, .start = 2, .local = true });
    for (uint64_t step = 2; step < LONG; step++) {
        struct batch batch;
        int rc;
        while ((rc = consumer_take(b.consumer, &batch)) == 0) {
            hub_serve(hub, 10);
            while (mapped_has(&a) && a.next < step + 10 && a.next < LONG)
                take(&a);
        }
        ck_assert_int_eq(rc, 1);
        ck_assert_uint_eq(batch.header->step, step);
        ck_assert_uint_eq(batch_sums_of(&batch, mapped_sample_bytes(&a)).content,
                          ours[step].content);
        consumer_release(b.consumer, &batch);
    }
    ck_assert_int_eq(b.moves, 1);
    mapped_close(&a);
    mapped_close(&b);
    hub_close(hub);
}
END_TEST

/* Ahead of it, too. */
START_TEST(a_later_start_merges)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped a, b;
    mapped_open(&a, hub, &(struct ask){ .steps = 0 });
    mapped_open(&b, hub, &(struct ask){ .has_start = true, .start = 30 });
    ck_assert_uint_eq(b.next, 30);
    take_until(&b, 32);
    while (b.moves == 0 && a.next < 40) {
        take(&a);
        hub_serve(hub, 0);
    }
    ck_assert_int_eq(b.moves, 1);
    take_together((struct mapped *[]){ &a, &b }, 2, LONG);
    mapped_close(&a);
    mapped_close(&b);
    hub_close(hub);
}
END_TEST

START_TEST(alone_stays_alone)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped a, b;
    mapped_open(&a, hub, &(struct ask){ .steps = 0 });
    mapped_open(&b, hub, &(struct ask){ .alone = true });
    ck_assert(b.now.place.private);
    for (uint64_t step = 1; step < 20; step++) {
        take_until(&a, step);
        take_until(&b, step);
        hub_serve(hub, 0);
    }
    ck_assert_int_eq(b.moves, 0);
    mapped_close(&a);
    mapped_close(&b);
    hub_close(hub);
}
END_TEST

/* With `hold` a slow consumer stops the others until it has given back; with `private` it is taken
 * out of the way, and what it holds stays as it is. */
START_TEST(slow_consumer)
{
    bool private = _i == 1;
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped fast, slow;
    struct batch held[2];
    mapped_open(&fast, hub, &(struct ask){ .steps = 0 });
    mapped_open(&slow, hub, &(struct ask){ .slow_private = private });
    ck_assert_int_eq(mapped_next(&slow, &held[0]), 1);
    ck_assert_int_eq(mapped_next(&slow, &held[1]), 1);
    take_until(&fast, 4);
    double start = clock_seconds();
    while (clock_seconds() - start < 1.5 && !(private && fast.moves))
        hub_serve(hub, 50);
    ck_assert(private || !mapped_has(&fast));
    if (private) {
        ck_assert_int_eq(fast.moves, 1);
        ck_assert_int_eq(slow.moves, 1);
        ck_assert(!fast.now.place.private);
        ck_assert(slow.now.place.private);
        take_until(&fast, 30);
        for (int i = 0; i < 2; i++)
            ck_assert_uint_eq(batch_sums_of(&held[i], mapped_sample_bytes(&slow)).content,
                              ours[i].content);
    }
    mapped_release(&slow, &held[0]);
    mapped_release(&slow, &held[1]);
    take_together((struct mapped *[]){ &fast, &slow }, 2, 40);
    mapped_close(&slow);
    take_until(&fast, LONG);
    mapped_close(&fast);
    hub_close(hub);
}
END_TEST

/* A consumer that was dropped and then hurries comes back. */
START_TEST(slow_consumer_comes_back)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped fast, slow;
    struct batch held;
    mapped_open(&fast, hub, &(struct ask){ .steps = 0 });
    mapped_open(&slow, hub, &(struct ask){ .slow_private = true });
    ck_assert_int_eq(mapped_next(&slow, &held), 1);
    take_until(&fast, 4);
    while (!fast.moves)
        hub_serve(hub, 50);
    take_until(&fast, 20);
    mapped_release(&slow, &held);
    while (slow.moves < 2 && slow.next < 40) {
        take(&slow);
        hub_serve(hub, 1);
    }
    ck_assert_int_eq(slow.moves, 2);
    ck_assert_str_eq(slow.now.place.stream, fast.now.place.stream);
    take_together((struct mapped *[]){ &fast, &slow }, 2, LONG);
    mapped_close(&slow);
    mapped_close(&fast);
    hub_close(hub);
}
END_TEST

/* Who leaves holds nobody up. */
START_TEST(leaving_frees)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped stays, goes;
    struct batch batch;
    mapped_open(&stays, hub, &(struct ask){ .steps = 0 });
    for (int i = 0; i < 8; i++) {
        mapped_open(&goes, hub, &(struct ask){ .steps = 0 });
        for (int k = 0; k < i % 3; k++)
            ck_assert_int_eq(mapped_next(&goes, &batch), 1);
        mapped_close(&goes);
        take_until(&stays, stays.next + 5);
    }
    mapped_close(&stays);
    hub_close(hub);
}
END_TEST

/* The last of a shared stream goes: a private one that follows it becomes the shared one. */
START_TEST(follower_takes_over)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped a, b, c;
    mapped_open(&a, hub, &(struct ask){ .steps = 0 });
    take_until(&a, 20);
    mapped_open(&b, hub, &(struct ask){ .has_start = true, .start = 1 });
    ck_assert(b.now.place.private);
    mapped_close(&a);
    take_until(&b, 3);
    mapped_open(&c, hub, &(struct ask){ .steps = 0 });
    ck_assert_str_eq(c.now.place.stream, b.now.place.stream);
    take_together((struct mapped *[]){ &b, &c }, 2, 20);
    mapped_close(&b);
    mapped_close(&c);
    hub_close(hub);
}
END_TEST

/* Take whatever is there of all. */
static void take_there(struct mapped *const *m, int n)
{
    struct batch batch;
    for (int i = 0; i < n; i++)
        while (mapped_has(m[i])) {
            ck_assert_int_eq(mapped_next(m[i], &batch), 1);
            mapped_release(m[i], &batch);
        }
    hub_serve(m[0]->hub, 0);
}

/* Who begins far behind gets more of the threads' time until it has caught up, although both take
 * all that is made. */
START_TEST(catches_up)
{
    struct hub *hub = must_hub(1);
    struct mapped a, b;
    mapped_open(&a, hub, &(struct ask){ .steps = 0 });
    while (a.next < 40)
        take_there((struct mapped *[]){ &a }, 1);
    mapped_open(&b, hub, &(struct ask){ .has_start = true });
    ck_assert(b.now.place.private);
    while (b.moves == 0 && b.next < 200)
        take_there((struct mapped *[]){ &a, &b }, 2);
    ck_assert_msg(b.moves == 1, "the first is at %d, the second at %d", (int)a.next, (int)b.next);
    mapped_close(&a);
    mapped_close(&b);
    hub_close(hub);
}
END_TEST

/* A stream that is done is nobody's to join. */
START_TEST(done_is_done)
{
    sum_alone(NULL);
    struct hub *hub = must_hub(2);
    struct mapped a, b, c;
    struct batch batch;
    mapped_open(&a, hub, &(struct ask){ .steps = 6 });
    take_until(&a, 6);
    ck_assert_int_eq(mapped_next(&a, &batch), 0);
    mapped_open(&b, hub, &(struct ask){ .steps = 6 });
    ck_assert_uint_eq(b.next, 0);
    ck_assert(!b.now.place.private);
    take_until(&b, 2);
    mapped_close(&a);
    mapped_open(&c, hub, &(struct ask){ .steps = 6 });
    ck_assert_str_eq(c.now.place.stream, b.now.place.stream);
    take_together((struct mapped *[]){ &b, &c }, 2, 6);
    mapped_close(&b);
    mapped_close(&c);
    hub_close(hub);
}
END_TEST

static int lines_of(const char *path, char lines[400][600])
{
    FILE *file = fopen(path, "r");
    int count = 0;
    ck_assert_ptr_nonnull(file);
    while (count < 400 && fgets(lines[count], sizeof(lines[0]), file))
        count++;
    fclose(file);
    return count;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* However many streams make the same batches, a line is in the ledger once. */
START_TEST(ledger_has_every_line_once)
{
    static char alone[400][600], shared[400][600];
    char one[100], two[100], set[150];
    struct stream_options o = small_options();
    struct batch_sums ignored[LONG] = { 0 };
    snprintf(one, sizeof(one), "%s-one.jsonl", tiny.root);
    snprintf(two, sizeof(two), "%s-two.jsonl", tiny.root);
    snprintf(set, sizeof(set), "data.ledger=%s", two);
    break_some();
    sum_alone(NULL);
    o.steps = LONG;
    o.ledger = one;
    add_sums(&o, NULL, ignored);
    struct hub *hub = must_hub(2);
    struct mapped a, b, c;
    mapped_open(&a, hub, &(struct ask){ .settings = { set }, .steps = LONG });
    take_until(&a, 12);
    mapped_open(&b, hub,
                &(struct ask){ .settings = { set },
                               .has_start = true,
                               .start = 2,
                               .steps = LONG - 2,
                               .slow_private = true });
    ck_assert(b.now.place.private);
    while (b.moves == 0)
        take(&b);
    mapped_open(&c, hub, &(struct ask){ .settings = { set }, .steps = LONG, .slow_private = true });
    take_together((struct mapped *[]){ &a, &b }, 2, a.next + 4);
    while (c.moves == 0)
        hub_serve(hub, 50);
    take_together((struct mapped *[]){ &a, &b, &c }, 3, LONG);
    mapped_close(&a);
    mapped_close(&b);
    mapped_close(&c);
    hub_close(hub);
    int count = lines_of(one, alone);
    ck_assert_int_gt(count, 5);
    ck_assert_int_eq(lines_of(two, shared), count);
    qsort(alone, (size_t)count, sizeof(alone[0]), by_text);
    qsort(shared, (size_t)count, sizeof(shared[0]), by_text);
    for (int i = 0; i < count; i++)
        ck_assert_str_eq(alone[i], shared[i]);
    unlink(one);
    unlink(two);
}
END_TEST

/* CPU seconds of each stream so far, by the names that its clients were given. */
static void cpu_seconds(struct hub *hub, struct mapped *const *m, int n, double *seconds)
{
    json_t *stats = hub_stats(hub), *stream;
    size_t i;
    json_array_foreach(json_object_get(stats, "streams"), i, stream)
    {
        const char *name = json_string_value(json_object_get(stream, "name"));
        for (int k = 0; k < n; k++)
            if (strcmp(name, m[k]->now.place.stream) == 0)
                seconds[k] = json_real_value(json_object_get(stream, "cpu_seconds"));
    }
    json_decref(stats);
}

/* Take whatever is there until the streams have used that much CPU together. */
static void run_for(struct hub *hub, struct mapped *const *m, int n, double cpu)
{
    double before[4] = { 0 }, now[4] = { 0 }, used = 0;
    cpu_seconds(hub, m, n, before);
    while (used < cpu) {
        take_there(m, n);
        cpu_seconds(hub, m, n, now);
        used = 0;
        for (int i = 0; i < n; i++)
            used += now[i] - before[i];
    }
}

/* Streams get the same CPU time, whatever a batch of theirs costs; who comes later, from then on.
 */
START_TEST(fair)
{
    static const char heavy[] = "augment: [{random_resized_crop: {size: 160}}, normalize]\n"
                                "data: {batch: 16, slots: 16}\n";
    static const char light[] = "augment: [{random_resized_crop: {size: 8}}]\n"
                                "data: {batch: 16, dtype: uint8, slots: 64}\n";
    struct hub *hub = must_hub(1);
    struct mapped a, b, c;
    struct mapped *const all[] = { &a, &b, &c };
    double first[3] = { 0 }, then[3] = { 0 };
    mapped_open(&a, hub, &(struct ask){ .config = heavy, .alone = true });
    mapped_open(&b, hub, &(struct ask){ .config = light, .alone = true });
    run_for(hub, all, 2, 0.4);
    cpu_seconds(hub, all, 2, first);
    ck_assert_msg(first[0] < 1.5 * first[1] && first[1] < 1.5 * first[0],
                  "heavy %.3f s, light %.3f s", first[0], first[1]);
    mapped_open(&c, hub, &(struct ask){ .config = heavy, .alone = true });
    cpu_seconds(hub, all, 3, first);
    run_for(hub, all, 3, 0.6);
    cpu_seconds(hub, all, 3, then);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(then[i] - first[i] > 0.12 && then[i] - first[i] < 0.3,
                      "%.3f, %.3f and %.3f s of 0.6", then[0] - first[0], then[1] - first[1],
                      then[2] - first[2]);
    mapped_close(&a);
    mapped_close(&b);
    mapped_close(&c);
    hub_close(hub);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("hub_move");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_test(cases, joins_where_the_stream_is);
    tcase_add_loop_test(cases, another_start_merges, 0, 2);
    tcase_add_test(cases, local_consumer_merges);
    tcase_add_test(cases, a_later_start_merges);
    tcase_add_test(cases, alone_stays_alone);
    tcase_add_loop_test(cases, slow_consumer, 0, 2);
    tcase_add_test(cases, slow_consumer_comes_back);
    tcase_add_test(cases, leaving_frees);
    tcase_add_test(cases, follower_takes_over);
    tcase_add_test(cases, ledger_has_every_line_once);
    tcase_add_test(cases, catches_up);
    tcase_add_test(cases, done_is_done);
    tcase_add_test(cases, fair);
    return suite_run();
}
