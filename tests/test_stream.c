/*
 * Claim: what a stream delivers depends on files, recipe, seeds, epoch and id alone: the checksums
 * are the same for 1, 2, 7 and 32 threads, for 1, 2 and 8 ranks put together, after a seek and
 * after resuming from the state. Bad images are substituted, skipped or end the run, always in the
 * same place, always in the books; and every sample of an epoch is accounted for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "augment/mix.h"
#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "loader/stream.h"
#include "tests/suite.h"
#include "tests/tiny.h"

enum { IMAGES = 83, BATCH = 16, STEPS = 12 }; /* 5 batches an epoch and 3 samples more */

static struct tiny tiny;
static struct index *data;
static struct recipe *recipe;
static struct mix *mix;

static const char config_text[] = "augment:\n"
                                  "  - scale_jitter: {min: 24, max: 40}\n"
                                  "  - random_crop: {size: 20, padding: 2}\n"
                                  "  - hflip\n"
                                  "  - brightness: 0.4\n"
                                  "  - pca_color\n"
                                  "  - cutout: {size: 6}\n"
                                  "  - normalize\n"
                                  "mix:\n"
                                  "  - mixup: {alpha: 1, lambda: pair}\n";

static void make_data(void)
{
    tiny_make(&tiny, &(struct tiny_shape){ 3, IMAGES, 40, 32, 1 });
}

static void remove_data(void)
{
    tiny_remove(&tiny);
}

static void open_data(void)
{
    struct error err = { 0 };
    struct config *config;
    ck_assert_int_eq(config_parse(&config, config_text, strlen(config_text), "test", &err), 0);
    ck_assert_msg(recipe_open(&recipe, node_get(config_root(config), "augment"), 5, &err) == 0,
                  "%s: %s", err.place, err.message);
    ck_assert_int_eq(mix_open(&mix, node_get(config_root(config), "mix"), 5, &err), 0);
    ck_assert_msg(index_open(&data, tiny.root, NULL, &err) == 0, "%s", err.message);
    config_close(config);
}

static void close_data(void)
{
    index_close(data);
    mix_close(mix);
    recipe_close(recipe);
}

static struct stream_options small(void)
{
    struct stream_options o = stream_defaults();
    o.batch = BATCH;
    o.order_seed = 3;
    o.augment_seed = 5;
    o.threads = 2;
    o.steps = STEPS;
    o.max_bad = 1;
    return o;
}

static struct stream *must_open(const struct stream_options *o, const struct mix *mixing)
{
    struct stream *stream;
    struct error err = { 0 };
    ck_assert_msg(stream_open(&stream, data, recipe, mixing, o, &err) == 0, "%s: %s", err.place,
                  err.message);
    return stream;
}

/* Add the sums of every step to sums[step]. */
static void add_sums(const struct stream_options *o, const struct mix *mixing,
                     struct batch_sums *sums)
{
    struct error err = { 0 };
    struct stream *stream = must_open(o, mixing);
    for (uint64_t step = o->start; step < o->start + o->steps; step++) {
        struct batch batch;
        ck_assert_msg(stream_next(stream, &batch, &err) == 1, "%s", err.message);
        ck_assert_uint_eq(batch.header->step, step);
        struct batch_sums s = batch_checksum(stream, &batch);
        sums[step].ids += s.ids;
        sums[step].content += s.content;
        stream_release(stream, &batch);
    }
    struct batch batch;
    ck_assert_int_eq(stream_next(stream, &batch, &err), 0);
    stream_close(stream);
}

static void same_sums(const struct batch_sums *a, const struct batch_sums *b, uint64_t from)
{
    for (uint64_t step = from; step < STEPS; step++) {
        ck_assert_msg(a[step].ids == b[step].ids, "ids of step %d", (int)step);
        ck_assert_msg(a[step].content == b[step].content, "content of step %d", (int)step);
    }
}

/* By mixing, last batch and on_error. Three images are broken for the latter. */
static struct stream_options variant(int i, const struct mix **mixing)
{
    struct stream_options o = small();
    *mixing = i & 1 ? mix : NULL;
    o.last = i & 2 ? LAST_KEEP : LAST_DROP;
    o.on_error = i & 4 ? ON_ERROR_SKIP : ON_ERROR_SUBSTITUTE;
    o.form = i & 8 ? (struct output_form){ DTYPE_F32, LAYOUT_NHWC } : o.form;
    return o;
}

static void break_some(void)
{
    for (int i = 10; i < 40; i += 13)
        tiny_break(&tiny, i);
    index_close(data);
    struct error err = { 0 };
    ck_assert_int_eq(index_open(&data, tiny.root, NULL, &err), 0);
}

START_TEST(threads_do_not_matter)
{
    static const int threads[] = { 2, 7, 32 };
    struct batch_sums one[STEPS] = { 0 };
    const struct mix *mixing;
    struct stream_options o = variant(_i, &mixing);
    break_some();
    o.threads = 1;
    add_sums(&o, mixing, one);
    for (int t = 0; t < 3; t++) {
        struct batch_sums many[STEPS] = { 0 };
        o.threads = threads[t];
        o.slots = t + 1;
        add_sums(&o, mixing, many);
        same_sums(one, many, 0);
    }
}
END_TEST

START_TEST(ranks_add_up)
{
    struct batch_sums one[STEPS] = { 0 };
    const struct mix *mixing;
    struct stream_options o = variant(_i, &mixing);
    break_some();
    add_sums(&o, mixing, one);
    for (o.world = 2; o.world <= 8; o.world *= 4) {
        struct batch_sums parts[STEPS] = { 0 };
        for (o.rank = 0; o.rank < o.world; o.rank++)
            add_sums(&o, mixing, parts);
        same_sums(one, parts, 0);
    }
}
END_TEST

START_TEST(seek)
{
    struct batch_sums all[STEPS] = { 0 };
    const struct mix *mixing;
    struct stream_options o = variant(_i, &mixing);
    break_some();
    add_sums(&o, mixing, all);
    for (uint64_t start = 1; start < STEPS; start += 3) {
        struct batch_sums rest[STEPS] = { 0 };
        o.start = start;
        o.steps = STEPS - start;
        add_sums(&o, mixing, rest);
        same_sums(all, rest, start);
    }
}
END_TEST

/* Stop after any step, also at an epoch's end, and go on with another number of ranks. */
START_TEST(resume)
{
    struct batch_sums all[STEPS] = { 0 };
    const struct mix *mixing;
    struct stream_options o = variant(_i, &mixing);
    struct error err = { 0 };
    add_sums(&o, mixing, all);
    for (uint64_t stop = 0; stop < STEPS; stop++) {
        struct stream *stream = must_open(&o, mixing);
        for (uint64_t step = 0; step < stop; step++) {
            struct batch batch;
            ck_assert_int_eq(stream_next(stream, &batch, &err), 1);
            stream_release(stream, &batch);
        }
        json_t *state = stream_state(stream, &err);
        ck_assert_ptr_nonnull(state);
        stream_close(stream);
        struct batch_sums rest[STEPS] = { 0 };
        struct stream_options again = variant(_i, &mixing);
        again.world = 2;
        for (again.rank = 0; again.rank < 2; again.rank++) {
            ck_assert_msg(stream_resume(state, data, recipe, mixing, &again, &err) == 0, "%s",
                          err.message);
            again.steps = STEPS - again.start;
            ck_assert_uint_eq(again.start, stop);
            add_sums(&again, mixing, rest);
        }
        same_sums(all, rest, stop);
        json_decref(state);
    }
}
END_TEST

/* A state that does not fit is refused, by the key that does not. */
START_TEST(resume_refused)
{
    static const struct {
        const char *key, *value;
    } cases[] = {
        { "version", "2" },
        { "dataset", "\"00\"" },
        { "recipe", "\"00\"" },
        { "order_seed", "4" },
        { "augment_seed", "0" },
        { "shuffle", "false" },
        { "batch", "32" },
        { "last", "\"keep\"" },
        { "epoch", "-1" },
        { "position", "8" },
        { "position", "80" },
        { "position", "\"x\"" },
        { "epoch", "4294967296000" },
        { "bad", "null" },
    };
    struct stream_options o = small();
    struct error err = { 0 };
    struct stream *stream = must_open(&o, NULL);
    json_t *state = stream_state(stream, &err);
    stream_close(stream);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *wrong = json_deep_copy(state);
        json_object_set_new(wrong, cases[i].key, json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        ck_assert_int_eq(stream_resume(wrong, data, recipe, NULL, &o, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_DATA);
        ck_assert_msg(strstr(err.message, cases[i].key) || strstr(err.message, "beginning"), "%s",
                      err.message);
        json_decref(wrong);
    }
    ck_assert_int_eq(stream_resume(state, data, recipe, mix, &o, &err), -1); /* now with mixing */
    json_decref(state);
}
END_TEST

/* Every id of an epoch is delivered to exactly one rank exactly once, and the books agree. */
START_TEST(epoch_account)
{
    struct stream_options o = small();
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
    struct stream_options o = small();
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
    struct stream_options o = small();
    o.on_error = ON_ERROR_FAIL;
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
    }
}
END_TEST

START_TEST(too_many_bad)
{
    struct stream_options o = small();
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
    struct stream_options o = small();
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
    struct stream_options o = small();
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
        struct stream_options o = small();
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
    struct stream_options o = small();
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
    TCase *cases = suite_cases("stream");
    tcase_add_checked_fixture(cases, make_data, remove_data);
    tcase_add_checked_fixture(cases, open_data, close_data);
    tcase_add_loop_test(cases, threads_do_not_matter, 0, 16);
    tcase_add_loop_test(cases, ranks_add_up, 0, 8);
    tcase_add_loop_test(cases, seek, 0, 4);
    tcase_add_loop_test(cases, resume, 0, 4);
    tcase_add_test(cases, resume_refused);
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
