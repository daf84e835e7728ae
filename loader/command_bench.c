/* nndata bench: how fast a recipe runs on a data set, from files to batches handed over. */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/thread.h"
#include "loader/command.h"

enum { DATA, THREADS, SECONDS, JSON, STATS };

static const struct param options[] = {
    [DATA] = { "data", PARAM_FILE, "", .help = "images, in place of data.train" },
    [THREADS] = { "threads", PARAM_INTEGER, "", .value = 0, .min = 0, .max = 1024,
                  .help = "in place of data.threads" },
    [SECONDS] = { "seconds", PARAM_NUMBER, "s", .value = 10, .min = 0.1, .max = 86400,
                  .help = "to measure, after the ring (and the cache) was filled" },
    [JSON] = { "json", PARAM_FILE, "", .help = "write the numbers to this file, too" },
    [STATS] = { "stats", PARAM_FLAG, "",
                .help = "say on standard error, once a second, where the time goes" },
    { 0 },
};

static const struct option_command command = {
    .program = "nndata bench",
    .usage = "CONFIG --data DATA [options]",
    .summary = "images per second of a recipe on a data set",
    .options = options,
    .positional_min = 1,
    .positional_max = 1,
    .notes =
        "Example:\n  nndata bench configs/imagenet_resnet.yaml --data photos --set data.batch=32 "
        "--threads 1 --seconds 5\n",
    .sections = { data_params },
    .section_names = { "data" },
};

struct result {
    uint64_t images;
    double seconds;
    struct stats_report stats;
};

/* Batches made before the clock starts are not counted: one ring of them is thrown away, and with a
 * cache the epoch that fills it. */
static int measure(struct stream *stream, uint64_t warm_up, double seconds, bool with_stats,
                   struct result *result, struct error *err)
{
    struct progress *progress = progress_open("bench", 0, "images", with_stats);
    struct command_timing stats;
    command_timing_begin(&stats, stream, false);
    double start = 0, now = 0;
    uint64_t images = 0;
    int rc = 1;
    for (uint64_t batches = 0; batches <= warm_up || now - start < seconds; batches++) {
        struct batch batch;
        rc = stream_next(stream, &batch, err);
        if (rc != 1)
            break;
        now = clock_seconds();
        if (batches == warm_up) {
            start = now;
            command_timing_begin(&stats, stream, with_stats);
        }
        if (batches > warm_up)
            images += batch.header->valid;
        stream_release(stream, &batch);
        progress_update(progress, images, NULL);
        command_timing_tick(&stats);
    }
    progress_close(progress);
    *result = (struct result){ images, now - start, command_timing_end(&stats) };
    return rc < 0 ? -1 : 0;
}

static json_t *result_json(const struct result *result, const struct pipeline *p, int threads,
                           const char *config, struct error *err)
{
    json_t *data = data_config_json(&p->data, err);
    json_t *recipe = data ? recipe_json(p->recipe, err) : NULL;
    if (!recipe) {
        json_decref(data);
        return NULL;
    }
    json_t *json =
        json_pack("{s:f, s:I, s:f, s:i, s:o, s:I, s:o, s:o, s:o, s:s}", "images_per_second",
                  (double)result->images / result->seconds, "images", (json_int_t)result->images,
                  "seconds", result->seconds, "threads", threads, "config", json_bytes(config),
                  "samples", (json_int_t)index_count(p->index), "data", data, "augment", recipe,
                  "stats", stats_json(&result->stats), "version", TENFOLD_VERSION);
    if (!json)
        error_set(err, ERROR_FAILED, NULL, "no memory for the result as JSON");
    return json;
}

static int bench(struct pipeline *p, const struct option_values *given, struct error *err)
{
    struct stream_options *o = &p->data.stream;
    if (given->given[THREADS])
        o->threads = (int)given->value[THREADS].integer;
    if (o->threads == 0)
        o->threads = thread_cpus();
    if (o->slots == 0)
        o->slots = 4;
    struct stream *stream;
    struct result result;
    const char *path = given->value[JSON].text;
    if ((path && file_check_out(path, err) < 0) ||
        stream_open(&stream, p->index, p->recipe, p->mix, o, err) < 0)
        return -1;
    uint64_t warm_up = (uint64_t)o->slots;
    if (o->cache != CACHE_NONE)
        warm_up += stream_steps_per_epoch(stream);
    int rc = measure(stream, warm_up, given->value[SECONDS].number, given->value[STATS].flag,
                     &result, err);
    stream_close(stream);
    if (rc < 0)
        return -1;
    printf("%.1f images/s  (%" PRIu64 " images in %.2f s, %d thread%s)\n",
           (double)result.images / result.seconds, result.images, result.seconds, o->threads,
           o->threads == 1 ? "" : "s");
    if (!path)
        return 0;
    json_t *json = result_json(&result, p, o->threads, given->positional[0], err);
    rc = json ? json_write(path, json, err) : -1;
    json_decref(json);
    return rc;
}

int command_bench(int argc, char **argv, struct error *err)
{
    static struct option_values given;
    int rc = option_read(&command, argc, argv, &given, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    struct command_input input;
    if (command_open(&input, &given, given.value[DATA].text, NULL, err) < 0)
        return -1;
    rc = bench(&input.pipeline, &given, err);
    command_close(&input);
    return rc;
}
