/*
 * Claim: every augmentation has a strip whose lines a recipe takes, and the catalogue holds them
 * all; a replayed sample is, to the bit, what the stream hands to training.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/augmentation.h"
#include "base/file.h"
#include "base/hash.h"
#include "loader/catalogue.h"
#include "loader/replay.h"
#include "loader/stream.h"
#include "loader/strip.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/tiny.h"

START_TEST(every_augmentation_has_a_strip)
{
    struct image image;
    struct error err = { 0 };
    char line[400];
    ck_assert_int_eq(strip_picture(&image, STRIP_LEAF, &err), 0);
    for (size_t i = 0; augmentations[i]; i++) {
        struct canvas *strip;
        if (augmentations[i]->table != TABLE_NONE) {
            ck_assert_int_eq(strip_draw(&strip, augmentations[i], &image, &err), -1);
            continue;
        }
        ck_assert_ptr_nonnull(strip_line(augmentations[i], 1, line, sizeof(line)));
        ck_assert_int_eq(strncmp(line, augmentations[i]->name, strlen(augmentations[i]->name)), 0);
        ck_assert_msg(strip_draw(&strip, augmentations[i], &image, &err) == 0, "%s: %s", err.place,
                      err.message);
        struct image pixels = canvas_pixels(strip);
        ck_assert_int_ge(pixels.width, 2 * STRIP_SIDE);
        canvas_close(strip);
    }
    free(image.pixels);
}
END_TEST

START_TEST(the_catalogue_holds_them_all)
{
    struct image image;
    struct buffer page = { 0 };
    struct error err = { 0 };
    char name[100];
    ck_assert_int_eq(strip_picture(&image, STRIP_FLOWER, &err), 0);
    ck_assert_msg(catalogue_write("cat", &image, &err) == 0, "%s", err.message);
    ck_assert_int_eq(file_read("cat/index.html", FILE_LIMIT, &page, &err), 0);
    for (size_t i = 0; augmentations[i]; i++) {
        snprintf(name, sizeof(name), ">%s</h2>", augmentations[i]->name);
        ck_assert_msg(strstr(page.data, name) != NULL, "no %s", name);
        snprintf(name, sizeof(name), "cat/%s.png", augmentations[i]->name);
        ck_assert_int_eq(file_exists(name), augmentations[i]->table == TABLE_NONE);
    }
    const struct mix_about *mixing;
    for (size_t i = 0; (mixing = mix_about(i)); i++) {
        snprintf(name, sizeof(name), ">%s</h2>", mixing->name);
        ck_assert_msg(strstr(page.data, name) != NULL, "no %s", name);
        snprintf(name, sizeof(name), "cat/%s.png", mixing->name);
        ck_assert(file_exists(name));
    }
    buffer_release(&page);
    free(image.pixels);
}
END_TEST

static const char config_text[] = "augment:\n"
                                  "  - random_resized_crop: {size: 12}\n"
                                  "  - hflip\n"
                                  "  - pca_color\n"
                                  "  - normalize\n";

static const char mix_text[] = "mix:\n"
                               "  - mixup: {alpha: 1, lambda: pair, p: 0.8}\n"
                               "  - cutmix: {alpha: 1, lambda: pair}\n";

/* Without mixing, and with both kinds of it. */
START_TEST(a_replay_is_what_training_saw)
{
    enum { BATCH = 10, EPOCH = 3 };
    struct mix *mix = NULL;
    struct config *mixing;
    struct tiny tiny;
    struct index *index;
    struct config *config;
    struct recipe *recipe;
    struct stream *stream;
    struct batch batch;
    struct error err = { 0 };
    tiny_make(&tiny, &(struct tiny_shape){ .classes = 2, .images = 20, .width = 20, .height = 16 });
    ck_assert_int_eq(index_open(&index, tiny.root, NULL, &err), 0);
    ck_assert_int_eq(config_parse(&config, config_text, strlen(config_text), "t", &err), 0);
    ck_assert_int_eq(recipe_open(&recipe, node_get(config_root(config), "augment"), 5, &err), 0);
    struct stream_options o = stream_defaults();
    o.batch = BATCH;
    o.augment_seed = 5;
    o.start = EPOCH * 20 / BATCH;
    ck_assert_int_eq(config_parse(&mixing, mix_text, strlen(mix_text), "m", &err), 0);
    if (_i)
        ck_assert_msg(mix_open(&mix, node_get(config_root(mixing), "mix"), (uint64_t)_i, &err) == 0,
                      "%s", err.message);
    ck_assert_int_eq(stream_open(&stream, index, recipe, mix, &o, &err), 0);
    ck_assert_int_eq(stream_next(stream, &batch, &err), 1);
    struct replay_job job = {
        .job = { .index = index, .recipe = recipe, .resampler = o.resampler, .form = o.form },
        .mix = mix,
        .options = &o,
    };
    for (int i = 0; i < BATCH; i++) {
        struct canvas *picture;
        json_t *description;
        char hash[17];
        size_t bytes = output_bytes(&o.form, 12, 12);
        snprintf(hash, sizeof(hash), "%016" PRIx64,
                 hash64((const uint8_t *)batch.images + (size_t)i * bytes, bytes));
        ck_assert_msg(replay(&job, (uint64_t)batch.id[i], EPOCH, &picture, &description, &err) == 0,
                      "%s", err.message);
        ck_assert_str_eq(json_string_value(json_object_get(description, "hash")), hash);
        ck_assert_int_eq(json_integer_value(json_object_get(description, "label")), batch.label[i]);
        ck_assert(json_is_object(json_object_get(description, "plan")));
        const json_t *mixed = json_object_get(description, "mixing");
        ck_assert_int_eq(json_is_object(mixed), _i && batch.lambda[i] < 1);
        if (json_is_object(mixed))
            ck_assert_int_eq(
                json_integer_value(json_object_get(json_object_get(mixed, "partner"), "label")),
                batch.label_b[i]);
        json_decref(description);
        canvas_close(picture);
    }
    stream_close(stream);
    mix_close(mix);
    config_close(mixing);
    recipe_close(recipe);
    config_close(config);
    index_close(index);
    tiny_remove(&tiny);
}
END_TEST

START_TEST(samples_are_found_by_key_or_number)
{
    struct tiny tiny;
    struct index *index;
    struct error err = { 0 };
    uint64_t id;
    tiny_make(&tiny, &(struct tiny_shape){ .classes = 2, .images = 9, .width = 5, .height = 5 });
    ck_assert_int_eq(index_open(&index, tiny.root, NULL, &err), 0);
    for (uint64_t i = 0; i < index_count(index); i++) {
        ck_assert_int_eq(replay_find(index, index_sample(index, i).key, &id, &err), 0);
        ck_assert_uint_eq(id, i);
    }
    ck_assert_int_eq(replay_find(index, "8", &id, &err), 0);
    ck_assert_uint_eq(id, 8);
    static const char *const wrong[] = { "9", "-1", "zzz", "", "1.5" };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_int_eq(replay_find(index, wrong[i], &id, &err), -1);
        ck_assert_int_eq(err.kind, ERROR_USAGE);
    }
    index_close(index);
    tiny_remove(&tiny);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("strip");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, every_augmentation_has_a_strip);
    tcase_add_test(cases, the_catalogue_holds_them_all);
    tcase_add_loop_test(cases, a_replay_is_what_training_saw, 0, 4);
    tcase_add_test(cases, samples_are_found_by_key_or_number);
    return suite_run();
}
