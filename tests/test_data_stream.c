/*
 * Claim: the first 50 batches of the ImageNet recipe over real photographs have the same checksums
 * with 1, 2 and 7 threads, for 1, 2 and 8 ranks put together, and after seeking to step 25.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "loader/pipeline.h"
#include "tests/suite.h"

enum { STEPS = 50, SEEK = 25 };

static struct config *config;
static struct pipeline pipeline;

static void setup(void)
{
    const char *folder = getenv("TENFOLD_DATA");
    ck_assert_msg(folder != NULL, "TENFOLD_DATA must name the folder of the real data");
    char photos[1024];
    struct error err = { 0 };
    snprintf(photos, sizeof(photos), "%s/photos", folder);
    ck_assert_msg(config_open(&config, "configs/imagenet_resnet.yaml", &err) == 0, "%s: %s",
                  err.place, err.message);
    ck_assert_int_eq(config_set(config, "data.batch=16", &err), 0);
    ck_assert_msg(pipeline_open(&pipeline, config, photos, &err) == 0, "%s: %s", err.place,
                  err.message);
}

static void teardown(void)
{
    pipeline_close(&pipeline);
    config_close(config);
}

static void add_sums(int threads, uint32_t rank, uint32_t world, uint64_t start,
                     struct batch_sums sums[STEPS])
{
    struct stream_options o = pipeline.data.stream;
    struct stream *stream;
    struct error err = { 0 };
    o.threads = threads;
    o.rank = rank;
    o.world = world;
    o.start = start;
    o.steps = STEPS - start;
    ck_assert_msg(stream_open(&stream, pipeline.index, pipeline.recipe, pipeline.mix, &o, &err) ==
                      0,
                  "%s: %s", err.place, err.message);
    struct batch batch;
    while (stream_next(stream, &batch, &err) == 1) {
        struct batch_sums s = batch_checksum(stream, &batch);
        sums[batch.header->step].ids += s.ids;
        sums[batch.header->step].content += s.content;
        stream_release(stream, &batch);
    }
    ck_assert_msg(err.kind == ERROR_NONE, "%s", err.message);
    stream_close(stream);
}

START_TEST(first_50_batches)
{
    struct batch_sums one[STEPS] = { 0 }, sums[STEPS] = { 0 };
    add_sums(1, 0, 1, 0, one);
    for (int i = 1; i < STEPS; i++)
        ck_assert_uint_ne(one[i].content, one[i - 1].content);
    for (int threads = 2; threads <= 7; threads += 5) {
        memset(sums, 0, sizeof(sums));
        add_sums(threads, 0, 1, 0, sums);
        ck_assert_mem_eq(one, sums, sizeof(one));
    }
    for (uint32_t world = 2; world <= 8; world *= 4) {
        memset(sums, 0, sizeof(sums));
        for (uint32_t rank = 0; rank < world; rank++)
            add_sums(2, rank, world, 0, sums);
        ck_assert_mem_eq(one, sums, sizeof(one));
    }
    memset(sums, 0, sizeof(sums));
    add_sums(2, 0, 1, SEEK, sums);
    ck_assert_mem_eq(one + SEEK, sums + SEEK, (STEPS - SEEK) * sizeof(one[0]));
}
END_TEST

int main(void)
{
    TCase *cases = suite_cases("data_stream");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, first_50_batches);
    return suite_run();
}
