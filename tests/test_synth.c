/*
 * Claim: the generated data set is the same bytes for any number of threads, a picture of a class
 * the same however many there are; every file decodes; classes are even; a folder in use is refused
 * and nothing is left of what failed. And the commands show and ops do what they say on it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "augment/render.h"
#include "base/config.h"
#include "base/file.h"
#include "loader/decode.h"
#include "loader/show.h"
#include "loader/synth.h"
#include "tests/scratch.h"
#include "tests/suite.h"
#include "tests/tiny.h"

static struct index *make(const char *name, struct synth_options o)
{
    struct error err = { 0 };
    struct index *index;
    char train[300];
    o.quiet = true;
    ck_assert_msg(synth_write(name, &o, &err) == 0, "%s: %s", err.place, err.message);
    snprintf(train, sizeof(train), "%s/train", name);
    ck_assert_msg(index_open(&index, train, NULL, &err) == 0, "%s: %s", err.place, err.message);
    return index;
}

static bool same_bytes(const struct index *a, uint64_t id, const struct index *b, uint64_t other)
{
    struct buffer x = { 0 }, y = { 0 };
    struct error err = { 0 };
    ck_assert_int_eq(index_read(a, id, &x, &err), 0);
    ck_assert_int_eq(index_read(b, other, &y, &err), 0);
    bool same = x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    buffer_release(&x);
    buffer_release(&y);
    return same;
}

static int64_t find(const struct index *index, const char *key)
{
    for (uint64_t id = 0; id < index_count(index); id++)
        if (strcmp(index_sample(index, id).key, key) == 0)
            return (int64_t)id;
    return -1;
}

START_TEST(deterministic)
{
    struct index *one = make("one", (struct synth_options){ 10, 40, 10, 3, 1, 0, NULL });
    struct index *three = make("three", (struct synth_options){ 10, 40, 10, 3, 3, 0, NULL });
    struct index *more = make("more", (struct synth_options){ 10, 60, 0, 3, 2, 0, NULL });
    struct index *other = make("other", (struct synth_options){ 10, 40, 10, 4, 2, 0, NULL });
    int differ = 0;
    ck_assert_str_eq(index_hash(one), index_hash(three));
    for (uint64_t id = 0; id < 40; id++) {
        ck_assert(same_bytes(one, id, three, id));
        const char *key = index_sample(one, id).key;
        int64_t in_more = find(more, key), in_other = find(other, key);
        ck_assert_int_ge(in_more, 0);
        ck_assert(same_bytes(one, id, more, (uint64_t)in_more));
        differ += in_other < 0 || !same_bytes(one, id, other, (uint64_t)in_other);
    }
    ck_assert_int_eq(differ, 40);
    index_close(one);
    index_close(three);
    index_close(more);
    index_close(other);
}
END_TEST

START_TEST(pictures)
{
    struct index *index = make("data", (struct synth_options){ 10, 200, 0, 0, 2, 0, NULL });
    struct decoder *decoder;
    struct error err = { 0 };
    struct buffer bytes = { 0 };
    int classes[10] = { 0 }, jpeg = 0, wide = 0;
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    for (uint64_t id = 0; id < 200; id++) {
        struct decode_info info;
        struct image image;
        int x, y;
        classes[index_sample(index, id).label]++;
        ck_assert_int_eq(index_read(index, id, &bytes, &err), 0);
        ck_assert_int_eq(decode_header(decoder, bytes.data, bytes.size, &info, &err), 0);
        ck_assert_int_eq(decode_pixels(decoder, (struct rect){ 0, 0, info.width, info.height },
                                       &image, &x, &y, &err),
                         0);
        ck_assert_ptr_null(decode_warnings(decoder));
        ck_assert(info.width >= 48 && info.width <= 160 && info.height >= 48 && info.height <= 160);
        jpeg += info.kind == DECODE_JPEG;
        wide += info.width > info.height;
    }
    for (int c = 0; c < 10; c++)
        ck_assert_int_eq(classes[c], 20);
    ck_assert(jpeg > 140 && jpeg < 198);
    ck_assert(wide > 60 && wide < 170);
    buffer_release(&bytes);
    decoder_close(decoder);
    index_close(index);
}
END_TEST

START_TEST(refused)
{
    struct error err = { 0 };
    struct synth_options o = { .classes = 3, .train = 3, .quiet = true };
    ck_assert_int_eq(file_make_folders("used/x", &err), 0);
    ck_assert_int_eq(synth_write("used", &o, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_eq(file_write("file", "x", 1, &err), 0);
    ck_assert_int_eq(synth_write("file", &o, &err), -1);
    ck_assert_int_eq(synth_write("no/such/folder/below/file", &o, &err), 0);
    o.train = 2;
    ck_assert_int_eq(synth_write("few", &o, &err), -1);
    ck_assert_msg(strstr(err.message, "one a class"), "%s", err.message);
    o.train = 3;
    o.classes = 11;
    ck_assert_int_eq(synth_write("many", &o, &err), -1);
    ck_assert(!file_exists("few") && !file_exists("many"));
}
END_TEST

START_TEST(interrupted)
{
    static volatile sig_atomic_t stop = 1;
    struct synth_options o = { .classes = 2, .train = 40, .quiet = true, .stop = &stop };
    struct error err = { 0 };
    ck_assert_int_eq(synth_write("never", &o, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_INTERRUPTED);
    ck_assert_int_eq(system("test -z \"$(ls)\""), 0); /* neither it nor what was begun */
}
END_TEST

/* What is smaller than its box keeps its pixels, the original as well as the versions. */
START_TEST(small_original)
{
    static const char text[] = "augment: [{center_crop: 32}]";
    struct index *index;
    struct config *config;
    struct recipe *recipe;
    struct canvas *sheet;
    struct error err = { 0 };
    struct tiny tiny;
    struct show_options o = show_defaults();
    o.samples = o.versions = 1;
    tiny_make(&tiny, &(struct tiny_shape){ 1, 1, 32, 32, 0 });
    ck_assert_int_eq(index_open(&index, tiny.root, NULL, &err), 0);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_int_eq(recipe_open(&recipe, node_get(config_root(config), "augment"), 0, &err), 0);
    ck_assert_int_eq(show_sheet(&sheet, index, recipe, NULL, &o, &err), 0);
    struct image pixels = canvas_pixels(sheet);
    int times;
    struct rect original = show_box(recipe, &o, 0, 0, &times),
                version = show_box(recipe, &o, 0, 1, &times);
    ck_assert_int_gt(times, 1);
    for (int y = 0; y < version.height; y++)
        ck_assert_mem_eq(pixels.pixels + (size_t)(original.y + y) * pixels.stride + 3 * original.x,
                         pixels.pixels + (size_t)(version.y + y) * pixels.stride + 3 * version.x,
                         3 * (size_t)version.width);
    canvas_close(sheet);
    recipe_close(recipe);
    config_close(config);
    index_close(index);
    tiny_remove(&tiny);
}
END_TEST

/* A box of the sheet holds the pixels that the recipe makes, magnified. */
START_TEST(sheet)
{
    static const char text[] = "augment: [{scale_jitter: {min: 40, max: 50}}, {random_crop: 32}, "
                               "hflip, {cutout: 7}, normalize]";
    struct index *index = make("data", (struct synth_options){ 4, 12, 0, 0, 2, 0, NULL });
    struct config *config;
    struct recipe *recipe;
    struct canvas *sheet;
    struct error err = { 0 };
    struct show_options o = show_defaults();
    o.samples = 3;
    o.versions = 2;
    o.epoch = 5;
    o.plans = _i != 0;
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_int_eq(recipe_open(&recipe, node_get(config_root(config), "augment"), 0, &err), 0);
    ck_assert_msg(show_sheet(&sheet, index, recipe, NULL, &o, &err) == 0, "%s: %s", err.place,
                  err.message);
    struct image pixels = canvas_pixels(sheet);
    int times, found = 0;
    struct rect last = show_box(recipe, &o, 2, 2, &times);
    ck_assert_int_eq(last.width, 32 * times);
    ck_assert(last.x + last.width < pixels.width && last.y + last.height < pixels.height);
    /* The row's sample is one of the twelve: the one whose rendering fits. */
    struct decoder *decoder;
    struct renderer *renderer;
    struct buffer bytes = { 0 };
    ck_assert_int_eq(decoder_open(&decoder, NULL, &err), 0);
    ck_assert_int_eq(renderer_open(&renderer, &err), 0);
    for (uint64_t id = 0; id < 12; id++) {
        static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
        struct decode_info info;
        struct image image;
        struct plan plan;
        uint8_t out[32 * 32 * 3];
        int x, y;
        ck_assert_int_eq(index_read(index, id, &bytes, &err), 0);
        ck_assert_int_eq(decode_header(decoder, bytes.data, bytes.size, &info, &err), 0);
        ck_assert_int_eq(recipe_draw(recipe, id, 6, info.width, info.height, &plan, &err), 0);
        plan.output.normalize = false;
        ck_assert_int_eq(decode_pixels(decoder, plan_needs(&plan), &image, &x, &y, &err), 0);
        ck_assert_int_eq(render(renderer, &plan, o.resampler, &image, x, y, &form, out, &err), 0);
        bool same = true;
        for (int j = 0; j < last.height; j++)
            for (int i = 0; i < last.width; i++)
                same &= memcmp(pixels.pixels + (size_t)(last.y + j) * pixels.stride +
                                   3 * (size_t)(last.x + i),
                               out + 3 * (j / times * 32 + i / times), 3) == 0;
        found += same;
    }
    ck_assert_int_eq(found, 1);
    buffer_release(&bytes);
    renderer_close(renderer);
    decoder_close(decoder);
    canvas_close(sheet);
    recipe_close(recipe);
    config_close(config);
    index_close(index);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("synth");
    tcase_add_checked_fixture(cases, scratch_enter, scratch_leave);
    tcase_add_test(cases, deterministic);
    tcase_add_test(cases, pictures);
    tcase_add_test(cases, refused);
    tcase_add_test(cases, interrupted);
    tcase_add_test(cases, small_original);
    tcase_add_loop_test(cases, sheet, 0, 2);
    return suite_run();
}
