#include "loader/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/decode.h"

struct worker {
    struct worker_job job;
    struct decoder *decoder;   /* owned */
    struct renderer *renderer; /* owned */
    struct buffer bytes;       /* owned: the file */
    struct plan plan;
    bool warned;
};

int worker_open(struct worker **result, const struct worker_job *job, struct error *err)
{
    struct worker *worker = memory_array(1, sizeof(*worker), err);
    if (!worker)
        return -1;
    worker->job = *job;

    struct decode_options options = { .exif_apply = job->exif_apply };
    if (decoder_open(&worker->decoder, &options, err) < 0 ||
        renderer_open(&worker->renderer, err) < 0) {
        worker_close(worker);
        return -1;
    }
    renderer_tables(worker->renderer, recipe_tables(job->recipe));
    *result = worker;
    return 0;
}

static int draw(struct worker *worker, uint64_t id, uint32_t epoch, const struct decode_info *info,
                struct error *err)
{
    const struct worker_job *job = &worker->job;
    if (recipe_draw(job->recipe, id, epoch, info->width, info->height, &worker->plan, err) < 0)
        return -1;
    if (job->width && (worker->plan.width != job->width || worker->plan.height != job->height))
        return error_set(
            err, ERROR_DATA, NULL,
            "the recipe makes %d x %d of this image of %d x %d; all others are %d x %d",
            worker->plan.width, worker->plan.height, info->width, info->height, job->width,
            job->height);
    return 0;
}

static void count(struct worker *worker, enum stage stage)
{
    if (worker->job.stats)
        stats_stage(worker->job.stats, stage);
}

/* The file's bytes, from the cache or into the worker's buffer. */
static int read_bytes(struct worker *worker, uint64_t id, struct cached *bytes, struct error *err)
{
    const struct worker_job *job = &worker->job;
    bool keeps = cache_kind(job->cache) == CACHE_BYTES;
    if (keeps && cache_get(job->cache, id, bytes)) {
        if (job->stats)
            stats_add(&job->stats->cached, 1);
        return 0;
    }
    if (index_read(job->index, id, &worker->bytes, err) < 0)
        return -1;
    *bytes = (struct cached){ .data = worker->bytes.data, .size = worker->bytes.size };
    if (job->stats)
        stats_add(&job->stats->bytes, bytes->size);
    if (keeps)
        cache_put(job->cache, id, bytes);
    return 0;
}

/* Decode all of an image, whose header was read, and keep it. 1: it is damaged somewhere; nothing
 * is kept. */
static int decode_to_keep(struct worker *worker, uint64_t id, const struct decode_info *info,
                          struct image *image, int *x, int *y)
{
    struct error damage = { 0 };
    struct rect whole = { 0, 0, info->width, info->height };
    size_t row = 3 * (size_t)info->width, size = row * (size_t)info->height;
    if (decode_pixels(worker->decoder, whole, image, x, y, &damage) < 0 ||
        decode_warnings(worker->decoder))
        return 1;
    if (image->stride == row && image->width == info->width && image->height == info->height)
        cache_put(worker->job.cache, id,
                  &(struct cached){ image->pixels, size, image->width, image->height });
    return 0;
}

/* Decode what the plan needs, or all of an image that the cache will keep. One that is damaged
 * somewhere is not kept and is decoded as if there were no cache: what is refused or warned of in
 * an epoch must not depend on it. */
static int decode(struct worker *worker, uint64_t id, const struct cached *bytes,
                  struct decode_info *info, struct image *image, int *x, int *y, struct error *err)
{
    struct cache *cache = worker->job.cache;
    if (cache_kind(cache) == CACHE_PIXELS &&
        cache_has_room(cache, 3 * (size_t)info->width * (size_t)info->height)) {
        if (decode_to_keep(worker, id, info, image, x, y) == 0)
            return 0;
        if (decode_header(worker->decoder, bytes->data, bytes->size, info, err) < 0)
            return -1;
    }
    if (decode_pixels(worker->decoder, plan_needs(&worker->plan), image, x, y, err) < 0)
        return -1;
    worker->warned = decode_warnings(worker->decoder) != NULL;
    return 0;
}

/* The plan, and at least the pixels that it needs. */
static int prepare(struct worker *worker, uint64_t id, uint32_t epoch, struct image *image, int *x,
                   int *y, struct error *err)
{
    const struct worker_job *job = &worker->job;
    struct decode_info info = { 0 };
    struct cached found;
    if (cache_kind(job->cache) == CACHE_PIXELS && cache_get(job->cache, id, &found)) {
        if (job->stats)
            stats_add(&job->stats->cached, 1);
        info.width = found.width;
        info.height = found.height;
        *image = (struct image){ (uint8_t *)found.data, found.width, found.height,
                                 3 * (size_t)found.width };
        *x = *y = 0;
        return draw(worker, id, epoch, &info, err) < 0 ? index_blame(worker->job.index, id, err)
                                                       : 0;
    }
    int rc = read_bytes(worker, id, &found, err); /* names the file itself */
    count(worker, STAGE_READ);
    if (rc < 0)
        return -1;
    if (decode_header(worker->decoder, found.data, found.size, &info, err) < 0 ||
        draw(worker, id, epoch, &info, err) < 0 ||
        decode(worker, id, &found, &info, image, x, y, err) < 0)
        return index_blame(worker->job.index, id, err);
    return 0;
}

int worker_render(struct worker *worker, uint64_t id, uint32_t epoch, void *out, struct error *err)
{
    const struct worker_job *job = &worker->job;
    struct image image;
    int x, y;
    worker->warned = false;
    int rc = prepare(worker, id, epoch, &image, &x, &y, err);
    count(worker, STAGE_DECODE);
    if (rc < 0)
        return -1;
    rc =
        render(worker->renderer, &worker->plan, job->resampler, &image, x, y, &job->form, out, err);
    count(worker, STAGE_RENDER);
    if (rc < 0)
        return index_blame(worker->job.index, id, err);
    if (job->stats)
        stats_add(&job->stats->samples, 1);
    return 0;
}

const char *worker_warning(const struct worker *worker)
{
    return worker->warned ? decode_warnings(worker->decoder) : NULL;
}

const struct plan *worker_plan(const struct worker *worker)
{
    return &worker->plan;
}

void worker_close(struct worker *worker)
{
    if (!worker)
        return;
    renderer_close(worker->renderer);
    decoder_close(worker->decoder);
    buffer_release(&worker->bytes);
    free(worker);
}
