#include "loader/pack_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "loader/pack_tar.h"

enum { CLASS_SIZE = 1, TURN = 256 };             /* samples that a worker looks up at once */
static const uint64_t SIZE_MAX_BYTES = 1u << 30; /* what the index reads of one image */
static const uint64_t SHARDS_MAX = 100000;

/* The first turn of a worker that failed. */
struct trouble {
    struct error err;
    size_t turn;
};

struct survey {
    const struct index *index; /* borrowed */
    bool folder;               /* sizes are in the file system */
    struct pack_plan *plan;
    struct trouble *troubles; /* owned: one a worker */
};

static int look_up(const struct survey *survey, uint64_t id, struct error *err)
{
    struct sample sample = index_sample(survey->index, id);
    uint64_t size = sample.size;
    char place[4600];
    index_place(survey->index, id, place, sizeof(place));
    if (tar_check_key(sample.key, err) < 0) {
        snprintf(err->place, sizeof(err->place), "%.511s", place);
        return -1;
    }
    if (survey->folder) {
        struct stat info;
        if (stat(place, &info) < 0)
            return error_errno(err, place, "cannot look up");
        size = (uint64_t)info.st_size;
    }
    if (size > SIZE_MAX_BYTES)
        return error_set(err, ERROR_DATA, place, "has %" PRIu64 " bytes; at most 1 GB is accepted",
                         size);
    survey->plan->sizes[id] = (uint32_t)size;
    return 0;
}

static void turn(void *context, size_t i, int worker)
{
    const struct survey *survey = context;
    struct trouble *trouble = &survey->troubles[worker];
    struct error err;
    uint64_t count = index_count(survey->index), last = (i + 1) * TURN;
    for (uint64_t id = i * TURN; id < last && id < count; id++) {
        if (look_up(survey, id, &err) == 0)
            continue;
        if (trouble->err.kind == ERROR_NONE || i < trouble->turn)
            *trouble = (struct trouble){ err, i };
        return;
    }
}

static int find_sizes(struct pack_plan *plan, const struct index *index, struct pool *pool,
                      struct error *err)
{
    struct survey survey = { .index = index,
                             .folder = file_is_folder(index_sample(index, 0).file),
                             .plan = plan };
    int threads = pool_threads(pool);
    survey.troubles = memory_array((size_t)threads, sizeof(*survey.troubles), err);
    plan->sizes = memory_array((size_t)index_count(index), sizeof(*plan->sizes), err);
    if (!survey.troubles || !plan->sizes) {
        free(survey.troubles);
        return -1;
    }
    pool_run(pool, (size_t)((index_count(index) + TURN - 1) / TURN), turn, &survey);
    const struct trouble *first = NULL;
    for (int i = 0; i < threads; i++)
        if (survey.troubles[i].err.kind != ERROR_NONE &&
            (!first || survey.troubles[i].turn < first->turn))
            first = &survey.troubles[i];
    if (first)
        *err = first->err;
    free(survey.troubles);
    return first ? -1 : 0;
}

/* A shard is full when the next sample would take it beyond its size; it has at least one. */
static int cut(struct pack_plan *plan, uint64_t count, uint64_t shard_bytes, struct error *err)
{
    size_t capacity = 0;
    uint64_t used = 0;
    for (uint64_t id = 0; id <= count; id++) {
        uint64_t room = id < count ? tar_room(plan->sizes[id]) + tar_room(CLASS_SIZE) : 0;
        plan->source_bytes += id < count ? plan->sizes[id] : 0;
        bool starts = id == 0 || id == count || used + room > shard_bytes;
        used = starts ? room : used + room;
        if (!starts)
            continue;
        void *first = plan->first;
        if (memory_grow(&first, &capacity, (size_t)plan->shards + 1, sizeof(*plan->first), err) < 0)
            return -1;
        plan->first = first;
        plan->first[plan->shards] = id;
        plan->shards += id < count;
    }
    return plan->shards <= SHARDS_MAX
               ? 0
               : error_set(err, ERROR_USAGE, "--shard-size",
                           "makes %" PRIu64 " shards; at most %" PRIu64 " are accepted",
                           plan->shards, SHARDS_MAX);
}

static int describe(struct pack_plan *plan, const struct index *index, const struct pack_options *o,
                    struct error *err)
{
    static const char *const on_errors[] = { "keep", "skip", "fail" };
    plan->identity = json_pack(
        "{s:s, s:I, s:I, s:s, s:I, s:I, s:i, s:i, s:i, s:s}", "dataset", index_hash(index),
        "samples", (json_int_t)index_count(index), "source_bytes", (json_int_t)plan->source_bytes,
        "prefix", o->prefix, "shard_size", (json_int_t)o->shard_bytes, "shards",
        (json_int_t)plan->shards, "restart", o->form.restart, "max_short", o->form.max_short,
        "quality", o->form.quality, "on_error", on_errors[o->on_error]);
    return plan->identity ? 0
                          : error_set(err, ERROR_USAGE, "--prefix",
                                      "'%s' is no UTF-8, or there is no memory", o->prefix);
}

int pack_plan_make(struct pack_plan *plan, const struct index *index, struct pool *pool,
                   const struct pack_options *options, struct error *err)
{
    *plan = (struct pack_plan){ 0 };
    if (find_sizes(plan, index, pool, err) < 0 ||
        cut(plan, index_count(index), options->shard_bytes, err) < 0 ||
        describe(plan, index, options, err) < 0) {
        pack_plan_release(plan);
        return -1;
    }
    return 0;
}

uint64_t pack_plan_bytes(const struct pack_plan *plan, uint64_t s)
{
    uint64_t bytes = 0;
    for (uint64_t id = plan->first[s]; id < plan->first[s + 1]; id++)
        bytes += plan->sizes[id];
    return bytes;
}

void pack_plan_release(struct pack_plan *plan)
{
    json_decref(plan->identity);
    free(plan->first);
    free(plan->sizes);
    *plan = (struct pack_plan){ 0 };
}
