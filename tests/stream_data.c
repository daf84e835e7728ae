#include "tests/stream_data.h"

#include <check.h>
#include <string.h>

#include "augment/mix.h"
#include "base/config.h"

struct tiny tiny;
struct index *data;
struct recipe *recipe;
struct mix *mix, *mix_or_cut;

static const char config_text[] = "augment:\n"
                                  "  - scale_jitter: {min: 24, max: 40}\n"
                                  "  - random_crop: {size: 20, padding: 2}\n"
                                  "  - hflip\n"
                                  "  - brightness: 0.4\n"
                                  "  - pca_color\n"
                                  "  - cutout: {size: 6}\n"
                                  "  - normalize\n"
                                  "mix:\n"
                                  "  - mixup: {alpha: 1, lambda: pair}\n"
                                  "both:\n"
                                  "  - mixup: {alpha: 1, lambda: pair, p: 0.8}\n"
                                  "  - cutmix: {lambda: pair}\n";

void stream_data_make(void)
{
    struct error err = { 0 };
    tiny_make(&tiny, &(struct tiny_shape){ 3, IMAGES, 40, 32, 1 });
    struct config *config;
    ck_assert_int_eq(config_parse(&config, config_text, strlen(config_text), "test", &err), 0);
    ck_assert_msg(recipe_open(&recipe, node_get(config_root(config), "augment"), 5, &err) == 0,
                  "%s: %s", err.place, err.message);
    ck_assert_int_eq(mix_open(&mix, node_get(config_root(config), "mix"), 5, &err), 0);
    ck_assert_int_eq(mix_open(&mix_or_cut, node_get(config_root(config), "both"), 5, &err), 0);
    ck_assert_msg(index_open(&data, tiny.root, NULL, &err) == 0, "%s", err.message);
    config_close(config);
}

void stream_data_remove(void)
{
    index_close(data);
    mix_close(mix);
    mix_close(mix_or_cut);
    recipe_close(recipe);
    tiny_remove(&tiny);
}

struct stream_options small_options(void)
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

struct stream *must_open(const struct stream_options *o, const struct mix *mixing)
{
    struct stream *stream;
    struct error err = { 0 };
    ck_assert_msg(stream_open(&stream, data, recipe, mixing, o, &err) == 0, "%s: %s", err.place,
                  err.message);
    return stream;
}

void add_sums(const struct stream_options *o, const struct mix *mixing, struct batch_sums *sums)
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

void break_some(void)
{
    for (int i = 10; i < 40; i += 13)
        tiny_break(&tiny, i);
    index_close(data);
    struct error err = { 0 };
    ck_assert_int_eq(index_open(&data, tiny.root, NULL, &err), 0);
}
