/*
 * Claim: a segment between restart markers whose bits are broken costs the samples that need it and
 * no other: they are substituted, skipped or end the run, and are in the ledger; a crop beside it
 * has the pixels that it has in the sound file. The same for any number of threads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/json.h"
#include "loader/decode_restart.h"
#include "tests/picture.h"
#include "tests/scratch.h"
#include "tests/stream_data.h"
#include "tests/suite.h"

enum { FILES = 48, RUINED = 4 }; /* every fourth file has a broken segment */

static struct index *sound, *broken;

/* Overwrite the beginning of the segment behind the 16th marker: of 5 x 6 segments of 48 x 16
 * pixels the second of the fourth row. */
static void ruin(struct picture_file *file)
{
    size_t at = 2;
    for (bool last = false; !last;) {
        last = file->bytes[at + 1] == 0xDA;
        at += 2 + ((size_t)file->bytes[at + 2] << 8 | file->bytes[at + 3]);
    }
    for (int n = 0; n < 16; n++)
        at = marker_find_plain(file->bytes, at, file->size) + 2;
    size_t end = marker_find_plain(file->bytes, at, file->size);
    memset(file->bytes + at, 0xAA, end - at);
}

static void make_folder(const char *folder, bool ruined)
{
    struct jpeg_form form = { .components = 3, .h = { 2 }, .v = { 2 }, .interval = 3 };
    struct error err = { 0 };
    char path[100];
    for (int i = 0; i < FILES; i++) {
        struct picture_file file;
        picture_write(&file, 240, 96, &form);
        if (ruined && i % RUINED == 0)
            ruin(&file);
        snprintf(path, sizeof(path), "%s/%c", folder, 'a' + i % 2);
        ck_assert_int_eq(file_make_folders(path, &err), 0);
        snprintf(path, sizeof(path), "%s/%c/%02d.jpg", folder, 'a' + i % 2, i);
        ck_assert_int_eq(file_write(path, file.bytes, file.size, &err), 0);
        free(file.bytes);
    }
}

static void setup(void)
{
    static const char text[] = "augment: [{random_crop: 32}, hflip, normalize]\n";
    struct config *config;
    struct error err = { 0 };
    scratch_enter();
    make_folder("sound", false);
    make_folder("broken", true);
    ck_assert_int_eq(index_open(&sound, "sound", NULL, &err), 0);
    ck_assert_int_eq(index_open(&broken, "broken", NULL, &err), 0);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_int_eq(recipe_open(&recipe, node_get(config_root(config), "augment"), 5, &err), 0);
    config_close(config);
}

static void teardown(void)
{
    recipe_close(recipe);
    index_close(sound);
    index_close(broken);
    scratch_leave();
}

/* Lines of the ledger; each must tell of `event` in a file of `broken`. */
static int count_lines(const char *text, const char *event)
{
    struct error err = { 0 };
    int lines = 0;
    for (const char *end; (end = strchr(text, '\n')); text = end + 1, lines++) {
        json_t *entry = json_parse(text, (size_t)(end - text), "ledger", &err);
        ck_assert_ptr_nonnull(entry);
        ck_assert_str_eq(json_string_value(json_object_get(entry, "event")), event);
        ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(entry, "place")), "broken"));
        ck_assert_ptr_nonnull(json_string_value(json_object_get(entry, "reason")));
        json_decref(entry);
    }
    return lines;
}

/* Samples of the broken files, by what became of them. */
struct tally {
    int gone, kept;
};

/* Compare a batch with the one of the sound files. */
static void compare(const struct batch *batch, const struct batch *other, struct tally *tally)
{
    size_t values = (size_t)batch->height * (size_t)batch->width * 3;
    for (uint32_t i = 0; i < batch->header->count; i++) {
        if (batch->id[i] != other->id[i]) {
            ck_assert_int_ge(other->id[i], 0);
            tally->gone++;
            continue;
        }
        ck_assert_mem_eq((const float *)batch->images + i * values,
                         (const float *)other->images + i * values, values * sizeof(float));
        const char *key = index_sample(broken, (uint64_t)batch->id[i]).key;
        tally->kept += strtol(strchr(key, '/') + 1, NULL, 10) % RUINED == 0;
    }
}

static struct tally run(struct stream_options *o, struct batch_sums *sums, struct buffer *ledger)
{
    struct tally tally = { 0 };
    struct error err = { 0 };
    struct batch batch, other;
    o->ledger = "ledger.jsonl";
    data = broken;
    struct stream *stream = must_open(o, NULL);
    o->ledger = NULL;
    data = sound;
    struct stream *beside = must_open(o, NULL);
    for (uint64_t step = 0; step < STEPS; step++) {
        ck_assert_msg(stream_next(stream, &batch, &err) == 1, "%s", err.message);
        ck_assert_msg(stream_next(beside, &other, &err) == 1, "%s", err.message);
        compare(&batch, &other, &tally);
        sums[step] = batch_checksum(stream, &batch);
        stream_release(stream, &batch);
        stream_release(beside, &other);
    }
    stream_close(stream);
    stream_close(beside);
    ck_assert_int_eq(file_read("ledger.jsonl", FILE_LIMIT, ledger, &err), 0);
    ck_assert_int_eq(unlink("ledger.jsonl"), 0);
    return tally;
}

START_TEST(only_those_that_need_it)
{
    static const char *const events[] = { "substituted", "skipped" };
    struct batch_sums one[STEPS] = { 0 }, many[STEPS] = { 0 };
    struct buffer ledger = { 0 }, again = { 0 };
    struct stream_options o = small_options();
    o.on_error = _i ? ON_ERROR_SKIP : ON_ERROR_SUBSTITUTE;
    o.threads = 1;
    struct tally tally = run(&o, one, &ledger);
    ck_assert_int_eq(count_lines(ledger.data, events[_i]), tally.gone);
    ck_assert_int_eq(tally.gone + tally.kept, STEPS * BATCH / RUINED);
    ck_assert_int_gt(tally.gone, 0);
    ck_assert_int_gt(tally.kept, 0);
    o.threads = 7;
    run(&o, many, &again);
    ck_assert_str_eq(ledger.data, again.data);
    for (int step = 0; step < STEPS; step++) {
        ck_assert_uint_eq(one[step].ids, many[step].ids);
        ck_assert_uint_eq(one[step].content, many[step].content);
    }
    buffer_release(&ledger);
    buffer_release(&again);
}
END_TEST

START_TEST(the_first_ends_the_run)
{
    struct stream_options o = small_options();
    struct error err = { 0 };
    struct batch batch;
    struct buffer ledger = { 0 };
    int rc;
    o.on_error = ON_ERROR_FAIL;
    o.ledger = "ledger.jsonl";
    data = broken;
    struct stream *stream = must_open(&o, NULL);
    while ((rc = stream_next(stream, &batch, &err)) == 1)
        stream_release(stream, &batch);
    ck_assert_int_eq(rc, -1);
    ck_assert_int_eq(err.kind, ERROR_DATA);
    ck_assert_msg(strstr(err.place, "broken/") != NULL, "%s", err.place);
    stream_close(stream);
    ck_assert_int_eq(file_read("ledger.jsonl", FILE_LIMIT, &ledger, &err), 0);
    ck_assert_int_eq(count_lines(ledger.data, "failed"), 1);
    buffer_release(&ledger);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("stream_restart");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, only_those_that_need_it, 0, 2);
    tcase_add_test(cases, the_first_ends_the_run);
    return suite_run();
}
