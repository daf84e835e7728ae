/*
 * Claim: bad images are substituted, skipped or end the run, always in the same place, always in
 * the books; every sample of an epoch is accounted for; pairs are mixed from both sides; slots may
 * be held, but not all; and options that do not fit together are refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/stream_data.h"
#include "tests/suite.h"

/* Every id of an epoch is delivered to exactly one rank exactly once, and the books agree. */
START_TEST(epoch_account)
{
    struct stream_options o = small_options();
    o.last = _i & 1 ? LAST_KEEP : LAST_DROP;
    o.on_error = _i & 2 ? ON_ERROR_SKIP : ON_ERROR_SUBSTITUTE;
    o.world = _i & 4 ? 4 : 1;
    o.steps = o.last == LAST_KEEP ? 6 : 5;
    break_some();
    uint64_t delivered = 0, substituted = 0, skipped = 0, dropped = 0, share = 0;
    int seen[IMAGES] = { 0 };
    for (o.rank = 0; o.rank < o.world; o.rank++) {
        struct stream *stream = must_open(&o, NULL);
        struct error err = { 0 };
        struct batch batch;
        while (stream_next(stream, &batch, &err) == 1) {
            ck_assert_uint_eq(batch.header->epoch, 0);
            for (uint32_t i = 0; i < batch.header->count; i++) {
                if (i >= batch.header->valid)
                    ck_assert_int_eq(batch.id[i], -1);
                if (batch.id[i] < 0) {
                    ck_assert_int_eq(batch.label[i], -1);
                    ck_assert_float_eq(batch.weight[i], 0);
                    const float *pixels = batch.images;
                    size_t values = (size_t)batch.height * (size_t)batch.width * 3;
                    for (size_t j = 0; j < values; j++)
                        ck_assert_float_eq(pixels[i * values + j], 0);
                    continue;
                }
                ck_assert_float_eq(batch.weight[i], 1);
                ck_assert_int_eq(batch.label[i], index_sample(data, (uint64_t)batch.id[i]).label);
                seen[batch.id[i]]++;
            }
            stream_release(stream, &batch);
        }
        struct account a = stream_account(stream);
        ck_assert(a.complete);
        ck_assert_uint_eq(a.before + a.delivered + a.substituted + a.skipped + a.dropped, a.share);
        delivered += a.delivered;
        substituted += a.substituted;
        skipped += a.skipped;
        dropped += a.dropped;
        share += a.share;
        stream_close(stream);
    }
    ck_assert_uint_eq(share, IMAGES);
    ck_assert_uint_eq(dropped, o.last == LAST_DROP ? IMAGES % BATCH : 0);
    ck_assert_uint_le(substituted + skipped, 3);
    ck_assert_uint_eq(o.on_error == ON_ERROR_SKIP ? substituted : skipped, 0);
    if (o.last == LAST_KEEP)
        ck_assert_uint_eq(substituted + skipped, 3);
    uint64_t total = 0;
    for (int id = 0; id < IMAGES; id++) {
        if (o.on_error == ON_ERROR_SKIP)
            ck_assert_int_le(seen[id], 1);
        total += (uint64_t)seen[id];
    }
    ck_assert_uint_eq(total, delivered + substituted);
}
END_TEST

/* Both partners hold the same mixture seen from their own side; a partner of a hole is left alone.
 */
START_TEST(mixing)
{
    struct stream_options o = small_options();
    o.on_error = ON_ERROR_SKIP;
    o.last = LAST_KEEP;
    o.steps = 6;
    break_some();
    struct stream *plain = must_open(&o, NULL), *mixed = must_open(&o, mix);
    struct error err = { 0 };
    struct batch a, b;
    int pairs = 0, alone = 0;
    while (stream_next(plain, &a, &err) == 1 && stream_next(mixed, &b, &err) == 1) {
        size_t values = (size_t)a.height * (size_t)a.width * 3;
        for (uint32_t i = 0; i < a.header->count; i++) {
            uint32_t j = i ^ 1;
            const float *own = (const float *)a.images + i * values;
            const float *partner = (const float *)a.images + j * values;
            const float *result = (const float *)b.images + i * values;
            ck_assert_int_eq(a.id[i], b.id[i]);
            ck_assert_int_eq(a.label[i], b.label[i]);
            if (a.id[i] < 0 || a.id[j] < 0) {
                ck_assert_float_eq(b.lambda[i], 1);
                ck_assert_int_eq(b.label_b[i], b.label[i]);
                ck_assert_mem_eq(own, result, values * sizeof(float));
                alone++;
                continue;
            }
            ck_assert_int_eq(b.label_b[i], a.label[j]);
            ck_assert_float_eq(b.lambda[i], b.lambda[j]);
            for (size_t k = 0; k < values; k++)
                ck_assert_float_eq_tol(
                    result[k], b.lambda[i] * own[k] + (1 - b.lambda[i]) * partner[k], 1e-4f);
            pairs++;
        }
        stream_release(plain, &a);
        stream_release(mixed, &b);
    }
    ck_assert_int_gt(pairs, 60);
    ck_assert_int_ge(alone, 6 * BATCH - IMAGES);
    stream_close(plain);
    stream_close(mixed);
}
END_TEST

/* The run ends at the same batch with the same message whatever the threads, and stays ended. */
START_TEST(fail)
{
    struct stream_options o = small_options();
    char path[128];
    o.on_error = ON_ERROR_FAIL;
    snprintf(path, sizeof(path), "%s.jsonl", tiny.root);
    o.ledger = path;
    break_some();
    int first_steps = -1;
    char first_place[512] = "";
    for (o.threads = 1; o.threads <= 9; o.threads += 4) {
        struct stream *stream = must_open(&o, NULL);
        struct error err = { 0 };
        struct batch batch;
        int steps = 0, rc;
        while ((rc = stream_next(stream, &batch, &err)) == 1) {
            stream_release(stream, &batch);
            steps++;
        }
        ck_assert_int_eq(rc, -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        if (first_steps < 0) {
            first_steps = steps;
            snprintf(first_place, sizeof(first_place), "%s", err.place);
        }
        ck_assert_int_eq(steps, first_steps);
        ck_assert_str_eq(err.place, first_place);
        ck_assert_int_eq(stream_next(stream, &batch, &err), -1);
        stream_close(stream);
        json_t *line = json_read(path, &err);
        ck_assert_msg(line != NULL, "%s", err.message);
        ck_assert_str_eq(json_string_value(json_object_get(line, "event")), "failed");
        ck_assert_int_eq(json_integer_value(json_object_get(line, "step")), steps);
        json_decref(line);
        ck_assert_int_eq(remove(path), 0);
    }
}
END_TEST

START_TEST(too_many_bad)
{
    struct stream_options o = small_options();
    o.max_bad = 2.0 / IMAGES;
    o.last = LAST_KEEP;
    break_some();
    struct stream *stream = must_open(&o, NULL);
    struct error err = { 0 };
    struct batch batch;
    int rc, steps = 0;
    while ((rc = stream_next(stream, &batch, &err)) == 1) {
        stream_release(stream, &batch);
        steps++;
    }
    ck_assert_int_eq(rc, -1);
    ck_assert_int_lt(steps, 6);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.message, "max_bad") && strstr(err.place, ".png"), "%s: %s", err.place,
                  err.message);
    stream_close(stream);
}
END_TEST

/* A line for every bad place of two epochs, the same lines for 1 and 7 threads. */
START_TEST(ledger)
{
    char path[128], *texts[2];
    struct error err = { 0 };
    struct stream_options o = small_options();
    snprintf(path, sizeof(path), "%s.jsonl", tiny.root);
    o.ledger = path;
    o.last = LAST_KEEP;
    break_some();
    for (int i = 0; i < 2; i++) {
        o.threads = i ? 7 : 1;
        struct batch_sums sums[STEPS] = { 0 };
        add_sums(&o, NULL, sums);
        struct buffer text = { 0 };
        ck_assert_int_eq(file_read(path, FILE_LIMIT, &text, &err), 0);
        texts[i] = text.data;
        ck_assert_int_eq(remove(path), 0);
    }
    ck_assert_str_eq(texts[0], texts[1]);
    int lines = 0;
    for (char *line = strtok(texts[0], "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_t *entry = json_parse(line, strlen(line), "ledger", &err);
        ck_assert_ptr_nonnull(entry);
        ck_assert_str_eq(json_string_value(json_object_get(entry, "event")), "substituted");
        ck_assert_ptr_nonnull(json_string_value(json_object_get(entry, "reason")));
        ck_assert_ptr_nonnull(json_string_value(json_object_get(entry, "substitute")));
        ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(entry, "place")), ".png"));
        json_decref(entry);
    }
    ck_assert_int_eq(lines, 6);
    free(texts[0]);
    free(texts[1]);
}
END_TEST

/* Several batches may be held at once; holding all of them and asking for more is said, not hung.
 */
START_TEST(holding)
{
    struct stream_options o = small_options();
    o.slots = 3;
    struct stream *stream = must_open(&o, NULL);
    struct error err = { 0 };
    struct batch held[3], batch;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(stream_next(stream, &held[i], &err), 1);
    ck_assert_int_eq(stream_next(stream, &batch, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    stream_release(stream, &held[1]); /* out of order: the next still needs slot 0 */
    ck_assert_int_eq(stream_next(stream, &batch, &err), -1);
    stream_release(stream, &held[0]);
    ck_assert_int_eq(stream_next(stream, &batch, &err), 1);
    ck_assert_uint_eq(batch.header->step, 3);
    stream_close(stream); /* with batches held and threads at work */
}
END_TEST

START_TEST(refused)
{
    static const struct {
        uint32_t batch, rank, world;
        int mixing;
        enum dtype dtype;
        const char *says;
    } cases[] = {
        { 16, 0, 3, 0, DTYPE_F32, "evenly" },   { 16, 2, 2, 0, DTYPE_F32, "rank is 2" },
        { 6, 0, 2, 1, DTYPE_F32, "even" },      { 84, 0, 1, 0, DTYPE_F32, "larger than" },
        { 16, 0, 1, 0, DTYPE_U8, "normalize" }, { 0, 0, 1, 0, DTYPE_F32, "batch" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stream_options o = small_options();
        struct stream *stream;
        struct error err = { 0 };
        o.batch = cases[i].batch;
        o.rank = cases[i].rank;
        o.world = cases[i].world;
        o.form.dtype = cases[i].dtype;
        ck_assert_int_eq(stream_open(&stream, data, recipe, cases[i].mixing ? mix : NULL, &o, &err),
                         -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
        ck_assert_msg(strstr(err.message, cases[i].says), "%s", err.message);
    }
}
END_TEST

/* Tensors begin on pages. */
START_TEST(slot_layout)
{
    struct stream_options o = small_options();
    struct stream *stream = must_open(&o, mix);
    struct error err = { 0 };
    struct batch b;
    ck_assert_int_eq(stream_next(stream, &b, &err), 1);
    const void *starts[] = { b.header, b.images, b.label, b.label_b, b.lambda, b.id, b.weight };
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        ck_assert_uint_eq((uintptr_t)starts[i] % 4096, 0);
    ck_assert_uint_eq(sizeof(*b.header), 64);
    stream_close(stream);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("stream_books");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_loop_test(cases, epoch_account, 0, 8);
    tcase_add_test(cases, mixing);
    tcase_add_test(cases, fail);
    tcase_add_test(cases, too_many_bad);
    tcase_add_test(cases, ledger);
    tcase_add_test(cases, holding);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, slot_layout);
    return suite_run();
}
