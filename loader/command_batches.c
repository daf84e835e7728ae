/* nndata batches: what a stream delivers, as a line per batch. */
#include <inttypes.h>
#include <stdio.h>

#include "loader/command.h"

enum { DATA, THREADS, START, COUNT, RANK, WORLD, STATS };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "",
               .help = "images, in place of data.train: ImageFolder directory, tar, folder of "
                       "tars, or name-{0000..0009}.tar" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "in place of data.threads" },
    [START] = { "start", PARAM_INTEGER, "steps", .value = 0, .min = 0, .max = 1e15,
                .help = "first step" },
    [COUNT] = { "count", PARAM_INTEGER, "steps", .value = 0, .min = 0, .max = 1e15,
                .help = "how many; 0: to the end of the epoch" },
    [RANK] = { "rank", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1e6,
               .help = "which part of every batch" },
    [WORLD] = { "world", PARAM_INTEGER, "", .value = 1, .min = 1, .max = 1e6,
                .help = "of how many parts" },
    [STATS] = { "stats", PARAM_FLAG, "",
                .help = "say on standard error, once a second, where the time goes" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata batches",
    .usage = "CONFIG --data DATA [options]",
    .summary = "print a line per batch: step, checksum of its sample ids, checksum of its content",
    .options = options,
    .positional_min = 1,
    .positional_max = 1,
    .notes =
        "Checksums are sums modulo 2^64 over places, so those of all ranks of a step add up to "
        "what\none rank alone would print. They do not depend on --threads.\n\n"
        "Example:\n  nndata batches configs/imagenet_resnet.yaml --data photos --set data.batch=32 "
        "--count 5\n",
    .sections = { data_params },
    .section_names = { "data" },
};

static void print_account(const struct account *a)
{
    fprintf(stderr,
            "epoch %u: %" PRIu64 " samples: %" PRIu64 " delivered (%" PRIu64
            " with a warning), %" PRIu64 " substituted, %" PRIu64 " skipped, %" PRIu64
            " dropped, %" PRIu64 " before the start%s\n",
            a->epoch, a->share, a->delivered, a->warnings, a->substituted, a->skipped, a->dropped,
            a->before, a->complete ? "" : "; the rest was not reached");
}

static int print_batches(struct stream *stream, bool with_stats, struct error *err)
{
    struct command_timing stats;
    command_timing_begin(&stats, stream, with_stats);
    struct batch batch;
    int rc;
    while ((rc = stream_next(stream, &batch, err)) == 1) {
        struct batch_sums sums = batch_checksum(stream, &batch);
        printf("%" PRIu64 " %016" PRIx64 " %016" PRIx64 "\n", batch.header->step, sums.ids,
               sums.content);
        stream_release(stream, &batch);
        command_timing_tick(&stats);
        struct account account = stream_account(stream);
        if (account.complete)
            print_account(&account);
    }
    struct account account = stream_account(stream);
    if (!account.complete)
        print_account(&account);
    (void)command_timing_end(&stats);
    return rc;
}

int command_batches(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    struct command_input input;
    if (command_open(&input, &given, given.value[DATA].text, NULL, err) < 0)
        return -1;
    const struct pipeline *p = &input.pipeline;
    struct stream_options o = p->data.stream;
    if (given.given[THREADS])
        o.threads = (int)given.value[THREADS].integer;
    o.start = (uint64_t)given.value[START].integer;
    o.steps = (uint64_t)given.value[COUNT].integer;
    o.rank = (uint32_t)given.value[RANK].integer;
    o.world = (uint32_t)given.value[WORLD].integer;
    if (o.steps == 0) {
        uint64_t epoch = stream_epoch_steps(index_count(p->index), &o);
        o.steps = epoch ? epoch - o.start % epoch : 1;
    }
    struct stream *stream;
    rc = stream_open(&stream, p->index, p->recipe, p->mix, &o, err);
    if (rc == 0) {
        rc = print_batches(stream, given.value[STATS].flag, err);
        stream_close(stream);
    }
    command_close(&input);
    return rc;
}
