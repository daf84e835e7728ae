/*
 * Claim: the cache gives back what was put in, to any number of threads, within its budget; and a
 * stream with it, whatever it keeps and however little of it, makes the same batches and the same
 * ledger as one without.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/file.h"
#include "base/rng.h"
#include "loader/encode.h"
#include "tests/scale.h"
#include "tests/stream_data.h"
#include "tests/suite.h"

static struct cache *open_cache(uint64_t count, uint64_t budget)
{
    struct cache *cache;
    struct error err = { 0 };
    ck_assert_msg(cache_open(&cache, CACHE_BYTES, count, budget, &err) == 0, "%s", err.message);
    return cache;
}

/* What belongs to an id, for anybody who looks. */
static size_t fill(uint64_t id, uint8_t data[2000])
{
    size_t size = (size_t)(id * 37 % 2000);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(id + i * 7);
    return size;
}

static void put(struct cache *cache, uint64_t id)
{
    uint8_t data[2000];
    size_t size = fill(id, data);
    cache_put(cache, id, &(struct cached){ data, size, (int)id, 3 });
}

/* Is it there? If so it must be right. */
static bool look(const struct cache *cache, uint64_t id)
{
    uint8_t data[2000];
    size_t size = fill(id, data);
    struct cached found;
    if (!cache_get(cache, id, &found))
        return false;
    ck_assert_uint_eq(found.size, size);
    ck_assert_int_eq(found.width, (int)id);
    ck_assert_mem_eq(found.data, data, size);
    return true;
}

START_TEST(gives_back)
{
    struct cache *cache = open_cache(100, 1 << 20);
    for (uint64_t id = 0; id < 100; id++) {
        ck_assert(!look(cache, id));
        put(cache, id);
        ck_assert(look(cache, id));
    }
    for (uint64_t id = 0; id < 100; id++)
        ck_assert(look(cache, id));
    uint64_t used = cache_used(cache);
    put(cache, 7); /* there already */
    ck_assert_uint_eq(cache_used(cache), used);
    ck_assert_uint_eq(cache_items(cache), 100);
    cache_close(cache);
}
END_TEST

START_TEST(keeps_to_its_budget)
{
    struct cache *cache = open_cache(1000, 100000);
    for (uint64_t id = 0; id < 1000; id++)
        put(cache, id);
    ck_assert_uint_le(cache_used(cache), cache_budget(cache));
    ck_assert_uint_gt(cache_used(cache), 98000); /* small ones fill the rest */
    uint64_t there = 0, bytes = 0;
    for (uint64_t id = 0; id < 1000; id++)
        if (look(cache, id)) {
            there++;
            bytes += id * 37 % 2000;
        }
    ck_assert_uint_eq(there, cache_items(cache));
    ck_assert_uint_lt(bytes, cache_used(cache));
    ck_assert(!cache_has_room(cache, 100000) && !cache_has_room(cache, SIZE_MAX));
    cache_close(cache);
    struct error err = { 0 };
    ck_assert_int_eq(cache_open(&cache, CACHE_BYTES, UINT64_C(10000000000), 1 << 30, &err), -1);
    ck_assert_int_eq(err.kind, ERROR_USAGE);
    ck_assert_int_eq(cache_open(&cache, CACHE_BYTES, UINT64_MAX, 1 << 30, &err), -1);
    ck_assert_int_eq(cache_open(&cache, CACHE_BYTES, 10, 0, &err), 0); /* half of what is free */
    ck_assert_uint_gt(cache_budget(cache), 1 << 20);
    cache_close(cache);
}
END_TEST

enum { MANY = 3000 };

static void *hammer(void *argument)
{
    struct cache *cache = argument;
    static _Atomic uint64_t turn;
    struct rng rng = rng_start(rng_derive(1, "sample", "hammer", 0), turn++, 0);
    for (int i = 0; i < test_scaled(40000); i++) {
        uint64_t id = rng_below(&rng, MANY);
        if (!look(cache, id))
            put(cache, id);
    }
    return NULL;
}

START_TEST(many_threads)
{
    struct cache *cache = open_cache(MANY, 1500000); /* half of them fit */
    pthread_t threads[8];
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, cache), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    uint64_t there = 0;
    for (uint64_t id = 0; id < MANY; id++)
        there += look(cache, id);
    ck_assert_uint_eq(there, cache_items(cache));
    ck_assert_uint_le(cache_used(cache), cache_budget(cache));
    cache_close(cache);
}
END_TEST

/* Give image `i` a broken end behind its pixels, which is a warning. */
static void make_warn(int i)
{
    char path[128];
    struct error err = { 0 };
    struct buffer bytes = { 0 };
    tiny_path(&tiny, i, path);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, &bytes, &err), 0);
    bytes.data[bytes.size - 1] ^= 1;
    ck_assert_int_eq(file_write(path, bytes.data, bytes.size, &err), 0);
    buffer_release(&bytes);
}

static void run(struct stream_options *o, const struct mix *mixing, struct batch_sums *sums,
                struct buffer *ledger)
{
    struct error err = { 0 };
    char path[100];
    snprintf(path, sizeof(path), "%s/ledger.jsonl", tiny.root);
    (void)unlink(path);
    o->ledger = path;
    add_sums(o, mixing, sums);
    ck_assert_int_eq(file_read(path, FILE_LIMIT, ledger, &err), 0);
}

/* By cache, threads, mixing and budget: none at all, some, all of the images. */
START_TEST(same_batches)
{
    static const uint64_t budgets[] = { 2000, 100000, 1 << 22 };
    struct batch_sums without[STEPS] = { 0 }, with[STEPS] = { 0 };
    struct buffer ledger = { 0 }, again = { 0 };
    const struct mix *mixing = _i & 1 ? mix : NULL;
    struct stream_options o = small_options();
    o.on_error = _i & 2 ? ON_ERROR_SKIP : ON_ERROR_SUBSTITUTE;
    break_some();
    make_warn(1);
    make_warn(2);
    run(&o, mixing, without, &ledger);
    ck_assert(strstr(ledger.data, "warning") != NULL);
    o.cache = _i & 4 ? CACHE_PIXELS : CACHE_BYTES;
    o.cache_memory = budgets[_i / 8];
    o.threads = _i & 1 ? 1 : 7;
    run(&o, mixing, with, &again);
    for (int step = 0; step < STEPS; step++) {
        ck_assert_uint_eq(without[step].ids, with[step].ids);
        ck_assert_uint_eq(without[step].content, with[step].content);
    }
    ck_assert_str_eq(ledger.data, again.data);
    buffer_release(&ledger);
    buffer_release(&again);
}
END_TEST

/* Photographs of 256 x 256, the even ones cut off: crops above the cut are sound. */
static void make_photographs(const char *root)
{
    static uint8_t pixels[256 * 256 * 3];
    struct image image = { pixels, 256, 256, 3 * 256 };
    struct encode_form form = { .kind = ENCODE_JPEG, .quality = 80, .chroma = CHROMA_420 };
    struct buffer file = { 0 };
    struct error err = { 0 };
    struct rng rng = rng_start(rng_derive(2, "sample", "photographs", 0), 0, 0);
    for (int i = 0; i < 24; i++) {
        char path[200];
        for (size_t n = 0; n < sizeof(pixels); n++)
            pixels[n] = (uint8_t)(n / 768 + rng_below(&rng, 40));
        ck_assert_int_eq(encode_image(&image, &form, &file, &err), 0);
        snprintf(path, sizeof(path), "%s/%c", root, 'x' + i % 2);
        ck_assert_int_eq(file_make_folders(path, &err), 0);
        snprintf(path, sizeof(path), "%s/%c/%d.jpg", root, 'x' + i % 2, i);
        size_t size = i % 4 < 2 ? file.size : file.size * 6 / 10;
        ck_assert_int_eq(file_write(path, file.data, size, &err), 0);
    }
    buffer_release(&file);
}

/* A file that is damaged where this epoch's crop does not look passes with the cache, too, and in
 * the epochs behind. */
START_TEST(damage_elsewhere)
{
    char root[100];
    struct error err = { 0 };
    struct config *config;
    struct recipe *crops, *kept = recipe;
    struct index *photographs, *others = data;
    static const char text[] = "augment: [{random_crop: 48}]\n";
    snprintf(root, sizeof(root), "%s/photographs", tiny.root);
    make_photographs(root);
    ck_assert_int_eq(config_parse(&config, text, strlen(text), "test", &err), 0);
    ck_assert_int_eq(recipe_open(&crops, node_get(config_root(config), "augment"), 5, &err), 0);
    config_close(config);
    ck_assert_int_eq(index_open(&photographs, root, NULL, &err), 0);
    recipe = crops;
    data = photographs;
    struct batch_sums without[STEPS] = { 0 }, with[STEPS] = { 0 };
    struct buffer ledger = { 0 }, again = { 0 };
    struct stream_options o = small_options();
    o.on_error = _i ? ON_ERROR_SKIP : ON_ERROR_SUBSTITUTE;
    run(&o, NULL, without, &ledger);
    ck_assert(strstr(ledger.data, _i ? "skipped" : "substituted") != NULL);
    o.cache = CACHE_PIXELS;
    o.cache_memory = 1 << 24;
    run(&o, NULL, with, &again);
    for (int step = 0; step < STEPS; step++)
        ck_assert_uint_eq(without[step].content, with[step].content);
    ck_assert_str_eq(ledger.data, again.data);
    buffer_release(&ledger);
    buffer_release(&again);
    recipe = kept;
    data = others;
    index_close(photographs);
    recipe_close(crops);
}
END_TEST

/* That samples really come from there: the files may go. */
START_TEST(files_are_not_read_again)
{
    struct stream_options o = small_options();
    struct error err = { 0 };
    o.cache = _i ? CACHE_PIXELS : CACHE_BYTES;
    o.cache_memory = 1 << 22;
    o.steps = 12;
    o.last = LAST_KEEP; /* six steps an epoch */
    o.slots = 1;
    struct stream *stream = must_open(&o, NULL);
    for (int step = 0; step < 12; step++) {
        struct batch batch;
        ck_assert_msg(stream_next(stream, &batch, &err) == 1, "%s: %s", err.place, err.message);
        if (step == 5)
            for (int i = 0; i < IMAGES; i++)
                tiny_break(&tiny, i);
        stream_release(stream, &batch);
    }
    struct account account = stream_account(stream);
    ck_assert(account.complete && account.epoch == 1);
    ck_assert_uint_eq(account.delivered, IMAGES);
    struct stats_sum sum = stream_stats(stream);
    ck_assert_uint_eq(sum.cache_items, IMAGES);
    ck_assert_uint_eq(sum.cached, IMAGES);
    ck_assert_uint_eq(sum.samples, 2 * IMAGES);
    stream_close(stream);
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("cache");
    tcase_add_checked_fixture(cases, stream_data_make, stream_data_remove);
    tcase_add_test(cases, gives_back);
    tcase_add_test(cases, keeps_to_its_budget);
    tcase_add_test(cases, many_threads);
    tcase_add_loop_test(cases, same_batches, 0, 24);
    tcase_add_loop_test(cases, damage_elsewhere, 0, 2);
    tcase_add_loop_test(cases, files_are_not_read_again, 0, 2);
    return suite_run();
}
