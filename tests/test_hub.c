/*
 * Claim: what a stream of the hub delivers is, to the bit, what the stream in process delivers: for
 * 1, 2 and 7 threads, for 1, 2 and 8 ranks put together, after going on from a state, and however
 * many share it.
 */
#include <string.h>

#include "base/config.h"
#include "tests/hub_data.h"
#include "tests/suite.h"

/* By mixing, last batch, on_error and form, as tests/test_stream.c. */
static struct ask variant(int i, struct stream_options *o, const struct mix **mixing)
{
    *o = small_options();
    *mixing = i & 1 ? mix_or_cut : NULL;
    o->last = i & 2 ? LAST_KEEP : LAST_DROP;
    o->on_error = i & 4 ? ON_ERROR_SKIP : ON_ERROR_SUBSTITUTE;
    o->form = i & 8 ? (struct output_form){ DTYPE_F16, LAYOUT_NHWC } : o->form;
    return (struct ask){ .config = i & 1 ? hub_config_mix : hub_config,
                         .settings = { i & 2 ? "data.last=keep" : "data.last=drop",
                                       i & 4 ? "data.on_error=skip" : "data.on_error=substitute",
                                       i & 8 ? "data.dtype=float16" : "data.dtype=float32",
                                       i & 8 ? "data.layout=nhwc" : "data.layout=nchw" },
                         .steps = STEPS };
}

static void add_hub_sums(struct hub *hub, const struct ask *ask, struct batch_sums *sums)
{
    struct mapped m;
    struct batch batch;
    mapped_open(&m, hub, ask);
    while (mapped_next(&m, &batch) == 1) {
        uint64_t step = batch.header->step;
        ck_assert_uint_lt(step, STEPS);
        struct batch_sums s = batch_sums_of(&batch, mapped_sample_bytes(&m));
        sums[step].ids += s.ids;
        sums[step].content += s.content;
        mapped_release(&m, &batch);
    }
    ck_assert(m.ended);
    ck_assert_uint_eq(m.next, STEPS);
    mapped_close(&m);
}

static void same_sums(const struct batch_sums *a, const struct batch_sums *b, uint64_t from)
{
    for (uint64_t step = from; step < STEPS; step++) {
        ck_assert_msg(a[step].ids == b[step].ids, "ids of step %d", (int)step);
        ck_assert_msg(a[step].content == b[step].content, "content of step %d", (int)step);
    }
}

START_TEST(same_bits_as_in_process)
{
    static const int threads[] = { 1, 2, 7 };
    struct batch_sums ours[STEPS] = { 0 };
    struct stream_options o;
    const struct mix *mixing;
    struct ask ask = variant(_i, &o, &mixing);
    break_some();
    add_sums(&o, mixing, ours);
    for (int t = 0; t < 3; t++) {
        struct batch_sums sums[STEPS] = { 0 };
        struct hub *hub = must_hub(threads[t]);
        add_hub_sums(hub, &ask, sums);
        same_sums(ours, sums, 0);
        hub_close(hub);
    }
}
END_TEST

START_TEST(ranks_add_up)
{
    struct batch_sums ours[STEPS] = { 0 };
    struct stream_options o;
    const struct mix *mixing;
    struct ask ask = variant(_i, &o, &mixing);
    break_some();
    add_sums(&o, mixing, ours);
    struct hub *hub = must_hub(2);
    for (ask.world = 2; ask.world <= 8; ask.world *= 4) {
        struct batch_sums sums[STEPS] = { 0 };
        for (ask.rank = 0; ask.rank < ask.world; ask.rank++)
            add_hub_sums(hub, &ask, sums);
        same_sums(ours, sums, 0);
    }
    hub_close(hub);
}
END_TEST

START_TEST(goes_on_from_a_state)
{
    struct batch_sums ours[STEPS] = { 0 };
    struct stream_options o;
    const struct mix *mixing;
    struct error err = { 0 };
    struct ask ask = variant(_i, &o, &mixing);
    add_sums(&o, mixing, ours);
    for (uint64_t stop = 0; stop < STEPS; stop++) {
        struct stream *stream = must_open(&o, mixing);
        struct batch batch;
        for (uint64_t step = 0; step < stop; step++) {
            ck_assert_int_eq(stream_next(stream, &batch, &err), 1);
            stream_release(stream, &batch);
        }
        json_t *state = stream_state(stream, &err);
        stream_close(stream);
        struct hub *hub = must_hub(1 + (int)stop % 3);
        struct batch_sums sums[STEPS] = { 0 };
        struct ask again = ask;
        again.state = state;
        again.world = 2;
        again.steps = STEPS - stop;
        for (again.rank = 0; again.rank < 2; again.rank++)
            add_hub_sums(hub, &again, sums);
        same_sums(ours, sums, stop);
        json_decref(state);
        hub_close(hub);
    }
}
END_TEST

/* Several at once take turns; all get the same batches. */
START_TEST(shared_by_many)
{
    enum { MANY = 5 };
    struct batch_sums ours[STEPS] = { 0 };
    struct stream_options o;
    const struct mix *mixing;
    struct ask ask = variant(_i, &o, &mixing);
    add_sums(&o, mixing, ours);
    struct hub *hub = must_hub(2);
    struct mapped m[MANY];
    for (int i = 0; i < MANY; i++)
        mapped_open(&m[i], hub, &ask);
    for (uint64_t step = 0; step < STEPS; step++)
        for (int i = 0; i < MANY; i++) {
            struct batch batch;
            ck_assert_str_eq(m[i].now.place.stream, m[0].now.place.stream);
            ck_assert_int_eq(mapped_next(&m[i], &batch), 1);
            struct batch_sums s = batch_sums_of(&batch, mapped_sample_bytes(&m[i]));
            ck_assert_uint_eq(s.content, ours[step].content);
            mapped_release(&m[i], &batch);
        }
    for (int i = 0; i < MANY; i++) {
        struct batch batch;
        ck_assert_int_eq(mapped_next(&m[i], &batch), 0);
        mapped_close(&m[i]);
    }
    hub_close(hub);
}
END_TEST

/* A consumer in the daemon itself: the same without descriptors. */
START_TEST(local_consumer)
{
    struct batch_sums ours[STEPS] = { 0 };
    struct stream_options o;
    const struct mix *mixing;
    struct ask ask = variant(_i, &o, &mixing);
    add_sums(&o, mixing, ours);
    ask.local = true;
    struct hub *hub = must_hub(2);
    struct mapped m;
    mapped_open(&m, hub, &ask);
    struct batch batch;
    for (uint64_t step = 0; step < STEPS; step++) {
        int rc;
        while ((rc = consumer_take(m.consumer, &batch)) == 0)
            hub_serve(hub, 1000);
        ck_assert_int_eq(rc, 1);
        ck_assert_uint_eq(batch_sums_of(&batch, mapped_sample_bytes(&m)).content,
                          ours[step].content);
        consumer_release(m.consumer, &batch);
    }
    while (!m.ended)
        hub_serve(hub, 1000);
    ck_assert_int_eq(consumer_take(m.consumer, &batch), -1);
    mapped_close(&m);
    hub_close(hub);
}
END_TEST

/* The state before a client's next batch, as docs/protocol.md has it: the one it was given with
 * three numbers replaced. */
static json_t *client_state(const json_t *first, const struct batch *last, uint64_t steps_per_epoch)
{
    json_t *state = json_deep_copy(first);
    uint64_t next = last->header->step + 1, at = next % steps_per_epoch;
    json_object_set_new(state, "epoch", json_integer((json_int_t)(next / steps_per_epoch)));
    json_object_set_new(state, "position", json_integer((json_int_t)at * BATCH));
    json_object_set_new(state, "bad", json_integer(at ? (json_int_t)last->header->bad : 0));
    return state;
}

/* Three epochs of four ranks at once, one of which is killed in each batch and another hub goes on
 * with two ranks, and so on: of every epoch, every sample comes once, and bad ones are counted. */
START_TEST(every_sample_once)
{
    enum { EPOCHS = 3, PER_EPOCH = (IMAGES + BATCH - 1) / BATCH };
    static int seen[EPOCHS][IMAGES];
    json_t *state = NULL;
    struct error err = { 0 };
    break_some();
    for (uint64_t step = 0; step < EPOCHS * PER_EPOCH; step++) {
        uint32_t world = step % 2 ? 2 : 4;
        json_t *after = NULL;
        uint64_t bad = 0;
        struct hub *hub = must_hub(1 + (int)step % 3);
        struct mapped m[4];
        for (uint32_t rank = 0; rank < world; rank++) {
            struct ask ask = { .settings = { "data.last=keep", "data.on_error=skip" },
                               .rank = rank,
                               .world = world,
                               .state = state };
            mapped_open(&m[rank], hub, &ask);
            ck_assert_uint_eq(m[rank].next, step);
        }
        for (uint32_t rank = 0; rank < world; rank++) {
            struct batch batch;
            ck_assert_int_eq(mapped_next(&m[rank], &batch), 1);
            for (uint32_t i = 0; i < batch.header->count; i++)
                if (batch.id[i] >= 0)
                    seen[step / PER_EPOCH][batch.id[i]]++;
            bad = batch.header->bad > bad ? batch.header->bad : bad;
            json_t *first = consumer_state(m[rank].consumer, &err);
            json_decref(after);
            after = client_state(first, &batch, m[rank].now.place.steps_per_epoch);
            json_decref(first);
            mapped_close(&m[rank]);
        }
        hub_close(hub);
        json_decref(state);
        state = after;
    }
    json_decref(state);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        int missing = 0;
        for (int id = 0; id < IMAGES; id++) {
            ck_assert_int_le(seen[epoch][id], 1);
            missing += seen[epoch][id] == 0;
        }
        ck_assert_int_eq(missing, 3); /* the broken ones */
    }
}
END_TEST

START_TEST(two_hundred)
{
    enum { MANY = 200, EACH = 3 };
    static struct mapped m[MANY];
    struct batch_sums ours[STEPS] = { 0 };
    struct stream_options o = small_options();
    add_sums(&o, NULL, ours);
    struct hub *hub = must_hub(2);
    for (int i = 0; i < MANY; i++)
        mapped_open(&m[i], hub, &(struct ask){ .steps = 0 });
    for (int step = 0; step < EACH; step++)
        for (int i = 0; i < MANY; i++) {
            struct batch batch;
            ck_assert_int_eq(mapped_next(&m[i], &batch), 1);
            ck_assert_uint_eq(batch_sums_of(&batch, mapped_sample_bytes(&m[i])).content,
                              ours[step].content);
            mapped_release(&m[i], &batch);
        }
    for (int i = 0; i < MANY; i++)
        mapped_close(&m[i]);
    hub_close(hub);
}
END_TEST

/* What is counted adds up. */
START_TEST(counts)
{
    struct hub *hub = must_hub(2);
    struct batch_sums sums[STEPS] = { 0 };
    break_some();
    add_hub_sums(hub, &(struct ask){ .steps = STEPS }, sums);
    struct mapped m;
    struct batch batch;
    struct error err = { 0 };
    mapped_open(&m, hub, &(struct ask){ .steps = STEPS });
    ck_assert_int_eq(mapped_next(&m, &batch), 1);
    while (!mapped_has(&m))
        hub_serve(hub, 10);
    json_t *all = hub_stats(hub), *one = consumer_stats(m.consumer);
    json_t *stream = json_array_get(json_object_get(all, "streams"), 0);
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_ge(json_integer_value(json_object_get(all, "images")), STEPS * BATCH);
    ck_assert_int_ge(json_integer_value(json_object_get(all, "substituted")), 3);
    ck_assert_int_gt(json_integer_value(json_object_get(all, "bytes")), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(all, "consumers")), 1);
    ck_assert_int_ge(json_integer_value(json_object_get(stream, "ready")), 2);
    ck_assert_int_ge(json_integer_value(json_object_get(one, "held")), 2);
    ck_assert_int_ge(json_integer_value(json_object_get(one, "published")), 2);
    json_decref(all);
    json_decref(one);
    json_t *state = consumer_state(m.consumer, &err);
    ck_assert_int_eq(json_integer_value(json_object_get(state, "position")), 0);
    json_decref(state);
    mapped_close(&m);
    hub_close(hub);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("hub");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_loop_test(cases, same_bits_as_in_process, 0, 16);
    tcase_add_loop_test(cases, ranks_add_up, 0, 8);
    tcase_add_loop_test(cases, goes_on_from_a_state, 0, 4);
    tcase_add_loop_test(cases, shared_by_many, 0, 2);
    tcase_add_loop_test(cases, local_consumer, 0, 2);
    tcase_add_test(cases, every_sample_once);
    tcase_add_test(cases, two_hundred);
    tcase_add_test(cases, counts);
    return suite_run();
}
