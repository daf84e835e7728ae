/*
 * Claim: what a stream delivers depends on files, recipe, seeds, epoch and id alone: the checksums
 * are the same for 1, 2, 7 and 32 threads, for 1, 2 and 8 ranks put together, at every level of
 * vector code, after a seek and after resuming from the state.
 */
#include <string.h>

#include "base/config.h"
#include "base/simd.h"
#include "tests/stream_data.h"
#include "tests/suite.h"

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
    struct stream_options o = small_options();
    *mixing = i & 1 ? mix_or_cut : NULL;
    o.last = i & 2 ? LAST_KEEP : LAST_DROP;
    o.on_error = i & 4 ? ON_ERROR_SKIP : ON_ERROR_SUBSTITUTE;
    o.form = i & 8 ? (struct output_form){ DTYPE_F32, LAYOUT_NHWC } : o.form;
    return o;
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

START_TEST(levels_do_not_matter)
{
    static const enum dtype dtypes[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16 };
    struct batch_sums plain[STEPS] = { 0 };
    const struct mix *mixing;
    struct stream_options o = variant(_i, &mixing);
    o.form.dtype = dtypes[_i % 3];
    for (int level = SIMD_LEVEL_PLAIN; level < SIMD_LEVELS; level++) {
        struct batch_sums sums[STEPS] = { 0 };
        simd_limit((enum simd_level)level);
        add_sums(&o, mixing, level == SIMD_LEVEL_PLAIN ? plain : sums);
        if (level > SIMD_LEVEL_PLAIN)
            same_sums(plain, sums, 0);
    }
}
END_TEST

static struct recipe *must_recipe(const char *text)
{
    struct recipe *opened;
    struct config *config;
    struct error err = { 0 };
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_msg(recipe_open(&opened, node_get(config_root(config), "augment"), 5, &err) == 0,
                  "%s", err.message);
    config_close(config);
    return opened;
}

/* Every resampler, with color in floats and in tables, into every type and layout. */
START_TEST(levels_do_not_matter_to_any_form)
{
    static const char *const recipes[] = {
        "augment: [{random_resized_crop: {size: 25, filter: bicubic}}, hflip, hue, equalize]",
        "augment: [{random_resized_crop: 25}, color_jitter: {brightness: 0.4, saturation: 0.4}]",
        "augment: [{rotate: 40}, perspective: {p: 1}, center_crop: 25, contrast, posterize: 5]",
        "augment: [lens, {shear: {x: 30, filter: bicubic}}, center_crop: 25, pca_color]",
        "augment: [rotate: {filter: nearest}, center_crop: 25, gaussian_blur: 3, gaussian_noise]",
    };
    static const enum dtype dtypes[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16, DTYPE_U8 };
    struct recipe *kept = recipe;
    struct stream_options o = small_options();
    recipe = must_recipe(recipes[_i % 5]);
    o.resampler = _i / 5 ? RESAMPLER_FAST : RESAMPLER_EXACT;
    for (int form = 0; form < 8; form++) {
        struct batch_sums plain[STEPS] = { 0 };
        o.form = (struct output_form){ dtypes[form / 2], form % 2 ? LAYOUT_NHWC : LAYOUT_NCHW };
        for (int level = SIMD_LEVEL_PLAIN; level < SIMD_LEVELS; level++) {
            struct batch_sums sums[STEPS] = { 0 };
            simd_limit((enum simd_level)level);
            add_sums(&o, NULL, level == SIMD_LEVEL_PLAIN ? plain : sums);
            if (level > SIMD_LEVEL_PLAIN)
                same_sums(plain, sums, 0);
        }
    }
    recipe_close(recipe);
    recipe = kept;
}
END_TEST

/* Nor how far the reading goes ahead, nor that it ends with the stream wherever it is. */
START_TEST(reading_ahead_does_not_matter)
{
    static const uint32_t ahead[] = { 0, 1, 7, 100000 };
    struct batch_sums one[STEPS] = { 0 };
    const struct mix *mixing;
    struct stream_options o = variant(_i, &mixing);
    break_some();
    add_sums(&o, mixing, one);
    for (int i = 0; i < 4; i++) {
        struct batch_sums again[STEPS] = { 0 };
        o.read_ahead = ahead[i];
        o.slots = 1 + i;
        add_sums(&o, mixing, again);
        same_sums(one, again, 0);
        struct stream_options endless = o;
        endless.steps = 0;
        stream_close(must_open(&endless, mixing));
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
    struct stream_options o = small_options();
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

int main(void)
{
    TCase *cases = suite_cases("stream");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_loop_test(cases, threads_do_not_matter, 0, 16);
    tcase_add_loop_test(cases, levels_do_not_matter, 0, 16);
    tcase_add_loop_test(cases, levels_do_not_matter_to_any_form, 0, 10);
    tcase_add_loop_test(cases, reading_ahead_does_not_matter, 0, 4);
    tcase_add_loop_test(cases, ranks_add_up, 0, 8);
    tcase_add_loop_test(cases, seek, 0, 4);
    tcase_add_loop_test(cases, resume, 0, 4);
    tcase_add_test(cases, resume_refused);
    return suite_run();
}
