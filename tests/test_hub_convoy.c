/*
 * Claim: streams that read the same images at the same steps become a convoy: each image is read
 * and decoded once for all, and every member's batches are those that it has alone, to the bit,
 * whatever the others' recipes, forms and rules for bad images; nobody is held up for long.
 */
#include <string.h>

#include "base/config.h"
#include "base/progress.h"
#include "tests/hub_data.h"
#include "tests/suite.h"

enum { MEMBERS = 4, LONG = 40 };

/* Same files, same order; other pixels. */
static const char plain[] = "augment: [{resize_short: 24}, {center_crop: 18}]\n"
                            "data: {batch: 16, order_seed: 3, augment_seed: 9, max_bad: 1, "
                            "dtype: uint8, layout: nhwc}\n";
static const char crop[] = "augment:\n"
                           "  - random_resized_crop: {size: 16}\n"
                           "  - hflip\n"
                           "mix:\n"
                           "  - mixup: {alpha: 1, lambda: pair}\n"
                           "data: {batch: 16, order_seed: 3, augment_seed: 1, max_bad: 1, "
                           "dtype: bfloat16, soft_labels: yes}\n";

static struct ask member(int i)
{
    static const char *const configs[] = { hub_config, plain, crop, hub_config_mix };
    static const char *const rules[] = { "data.on_error=substitute", "data.on_error=skip" };
    return (struct ask){ .config = configs[i], .settings = { rules[i % 2] }, .steps = LONG };
}

static struct batch_sums alone[MEMBERS][LONG];

static void take(struct mapped *m, const struct batch_sums *sums)
{
    struct batch batch;
    uint64_t step = m->next;
    ck_assert_msg(mapped_next(m, &batch) == 1, "no batch %d: %s", (int)step, m->why.message);
    struct batch_sums s = batch_sums_of(&batch, mapped_sample_bytes(m));
    ck_assert_msg(s.ids == sums[step].ids, "ids of step %d", (int)step);
    ck_assert_msg(s.content == sums[step].content, "content of step %d", (int)step);
    mapped_release(m, &batch);
}

static int64_t counted(struct hub *hub, const char *what)
{
    json_t *stats = hub_stats(hub);
    int64_t n = json_integer_value(json_object_get(stats, what));
    json_decref(stats);
    return n;
}

/* Every member by itself: the sums, and how many images were decoded for one. */
static int64_t run_alone(int threads)
{
    int64_t decoded = 0;
    for (int i = 0; i < MEMBERS; i++) {
        struct hub *hub = must_hub(threads);
        struct mapped m;
        struct batch batch;
        struct ask ask = member(i);
        mapped_open(&m, hub, &ask);
        for (int step = 0; mapped_next(&m, &batch) == 1; step++) {
            ck_assert_int_lt(step, LONG);
            alone[i][step] = batch_sums_of(&batch, mapped_sample_bytes(&m));
            mapped_release(&m, &batch);
        }
        ck_assert(m.ended);
        mapped_close(&m);
        decoded += counted(hub, "decoded");
        hub_close(hub);
    }
    return decoded / MEMBERS;
}

START_TEST(same_bits_and_decoded_once)
{
    static const int threads[] = { 1, 2, 7 };
    break_some();
    int64_t one = run_alone(2);
    struct hub *hub = must_hub(threads[_i]);
    struct mapped m[MEMBERS];
    for (int i = 0; i < MEMBERS; i++) {
        struct ask ask = member(i);
        mapped_open(&m[i], hub, &ask);
    }
    for (int step = 0; step < LONG; step++)
        for (int i = 0; i < MEMBERS; i++)
            take(&m[i], alone[i]);
    /* They begin one after the other, so the first few steps are not made together; and bad images
     * are tried for each alone. */
    int64_t all = counted(hub, "decoded");
    ck_assert_msg(all <= one * 3 / 2, "%d images decoded; %d for one alone", (int)all, (int)one);
    for (int i = 0; i < MEMBERS; i++)
        mapped_close(&m[i]);
    hub_close(hub);
}
END_TEST

/* Members that take in turns of their own length; the one that is far behind is let go. */
START_TEST(a_slow_member_is_let_go)
{
    run_alone(2);
    struct hub *hub = must_hub(2);
    struct mapped m[2];
    for (int i = 0; i < 2; i++) {
        struct ask ask = member(i);
        mapped_open(&m[i], hub, &ask);
    }
    for (int step = 0; step < 8; step++)
        for (int i = 0; i < 2; i++)
            take(&m[i], alone[i]);
    ck_assert_int_eq(counted(hub, "convoys"), 1);
    double start = clock_seconds();
    while (m[0].next < LONG)
        take(&m[0], alone[0]);
    ck_assert_msg(clock_seconds() - start < 5, "held up for %.1f s", clock_seconds() - start);
    while (m[1].next < LONG)
        take(&m[1], alone[1]);
    mapped_close(&m[0]);
    mapped_close(&m[1]);
    hub_close(hub);
}
END_TEST

/* One that fails, and one that leaves, are no business of the others. */
START_TEST(a_member_goes)
{
    break_some();
    run_alone(2);
    struct hub *hub = must_hub(2);
    struct mapped m[2], fails, leaves;
    struct batch batch;
    struct ask ask = member(0);
    ask.settings[0] = "data.on_error=fail";
    mapped_open(&fails, hub, &ask);
    ask = member(2);
    mapped_open(&leaves, hub, &ask);
    for (int i = 0; i < 2; i++) {
        ask = member(i);
        mapped_open(&m[i], hub, &ask);
    }
    for (int step = 0; step < LONG; step++) {
        for (int i = 0; i < 2; i++)
            take(&m[i], alone[i]);
        if (step < 10)
            take(&leaves, alone[2]);
        if (step == 10)
            mapped_close(&leaves);
        if (mapped_next(&fails, &batch) == 1)
            mapped_release(&fails, &batch);
    }
    ck_assert(fails.failed);
    ck_assert_int_eq(fails.why.kind, ERROR_DATA);
    mapped_close(&fails);
    mapped_close(&m[0]);
    mapped_close(&m[1]);
    hub_close(hub);
}
END_TEST

/* Many more than a convoy holds, coming and going at random. */
START_TEST(many_at_random)
{
    enum { MANY = 24, TURNS = 3000 };
    break_some();
    run_alone(2);
    struct hub *hub = must_hub(3);
    struct mapped m[MANY] = { 0 };
    int kind[MANY];
    struct rng rng = rng_start(rng_derive(7, "sample", "convoy", 0), 1, 0);
    for (int turn = 0; turn < TURNS; turn++) {
        int i = (int)rng_below(&rng, MANY);
        if (!m[i].consumer) {
            kind[i] = (int)rng_below(&rng, MEMBERS);
            struct ask ask = member(kind[i]);
            ask.has_start = true;
            ask.start = rng_below(&rng, 4);
            ask.steps = LONG - ask.start;
            ask.slow_private = rng_below(&rng, 2);
            mapped_open(&m[i], hub, &ask);
        } else if (m[i].next == LONG || rng_below(&rng, 50) == 0) {
            mapped_close(&m[i]);
            m[i].consumer = NULL;
        } else if (mapped_has(&m[i]))
            take(&m[i], alone[kind[i]]);
        hub_serve(hub, 0);
    }
    for (int i = 0; i < MANY; i++)
        if (m[i].consumer)
            mapped_close(&m[i]);
    hub_close(hub);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("hub_convoy");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_loop_test(cases, same_bits_and_decoded_once, 0, 3);
    tcase_add_test(cases, a_slow_member_is_let_go);
    tcase_add_test(cases, a_member_goes);
    tcase_add_test(cases, many_at_random);
    return suite_run();
}
