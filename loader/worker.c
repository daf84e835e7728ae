#include "loader/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loader/decode.h"

struct worker {
    struct thread_stats *stats;
    struct decoder *decoder;   /* owned */
    struct renderer *renderer; /* owned */
    struct buffer bytes;       /* owned: the file */
    struct plan *plans;        /* owned: one, or WORKER_TASKS once there was more than one */
    int plan_count;
    bool warned;
};

/* A sample on its way: its bytes, or its pixels where the cache has them, and then the pixels. */
struct load {
    uint64_t id;
    struct cached bytes;
    bool whole; /* the image below is all of it, and nothing is to be decoded */
    struct decode_info info;
    struct image image;
    int x, y; /* of the image's first pixel */
};

static int reserve_plans(struct worker *worker, int n, struct error *err)
{
    if (n <= worker->plan_count)
        return 0;
    struct plan *plans = memory_array((size_t)n, sizeof(*plans), err);
    if (!plans)
        return -1;
    free(worker->plans);
    worker->plans = plans;
    worker->plan_count = n;
    return 0;
}

int worker_open(struct worker **result, struct thread_stats *stats, struct error *err)
{
    struct worker *worker = memory_array(1, sizeof(*worker), err);
    if (!worker)
        return -1;
    worker->stats = stats;
    if (reserve_plans(worker, 1, err) < 0 || decoder_open(&worker->decoder, NULL, err) < 0 ||
        renderer_open(&worker->renderer, err) < 0) {
        worker_close(worker);
        return -1;
    }
    *result = worker;
    return 0;
}

static int draw(const struct worker_job *job, uint64_t id, uint32_t epoch,
                const struct decode_info *info, struct plan *plan, struct error *err)
{
    if (recipe_draw(job->recipe, id, epoch, info->width, info->height, plan, err) < 0)
        return -1;
    if (job->width && (plan->width != job->width || plan->height != job->height))
        return error_set(
            err, ERROR_DATA, NULL,
            "the recipe makes %d x %d of this image of %d x %d; all others are %d x %d",
            plan->width, plan->height, info->width, info->height, job->width, job->height);
    return 0;
}

static void count(struct worker *worker, enum stage stage)
{
    if (worker->stats)
        stats_stage(worker->stats, stage);
}

/* The file's bytes, from the cache or into the worker's buffer. */
static int read_bytes(struct worker *worker, const struct worker_job *job, struct load *load,
                      struct error *err)
{
    bool keeps = cache_kind(job->cache) == CACHE_BYTES;
    if (keeps && cache_get(job->cache, load->id, &load->bytes)) {
        if (worker->stats)
            stats_add(&worker->stats->cached, 1);
        return 0;
    }
    if (index_read(job->index, load->id, &worker->bytes, err) < 0)
        return -1;
    load->bytes = (struct cached){ .data = worker->bytes.data, .size = worker->bytes.size };
    if (worker->stats)
        stats_add(&worker->stats->bytes, load->bytes.size);
    if (keeps)
        cache_put(job->cache, load->id, &load->bytes);
    return 0;
}

static int read_header(struct worker *worker, struct load *load, struct error *err)
{
    return decode_header(worker->decoder, load->bytes.data, load->bytes.size, &load->info, err);
}

/* As far as the image's size. */
static int begin(struct worker *worker, const struct worker_job *job, struct load *load,
                 struct error *err)
{
    struct cached found;
    decoder_exif(worker->decoder, job->exif_apply);
    worker->warned = false;
    if (cache_kind(job->cache) == CACHE_PIXELS && cache_get(job->cache, load->id, &found)) {
        if (worker->stats)
            stats_add(&worker->stats->cached, 1);
        load->whole = true;
        load->info.width = found.width;
        load->info.height = found.height;
        load->image = (struct image){ (uint8_t *)found.data, found.width, found.height,
                                      3 * (size_t)found.width };
        return 0;
    }
    int rc = read_bytes(worker, job, load, err); /* names the file itself */
    count(worker, STAGE_READ);
    if (rc < 0)
        return -1;
    return read_header(worker, load, err) < 0 ? index_blame(job->index, load->id, err) : 0;
}

/* Decode all of an image, whose header was read, and keep it. 1: it is damaged somewhere; nothing
 * is kept. */
static int decode_to_keep(struct worker *worker, const struct worker_job *job, struct load *load)
{
    struct error damage = { 0 };
    struct image *image = &load->image;
    struct rect whole = { 0, 0, load->info.width, load->info.height };
    size_t row = 3 * (size_t)whole.width, size = row * (size_t)whole.height;
    if (decode_pixels(worker->decoder, whole, image, &load->x, &load->y, &damage) < 0 ||
        decode_warnings(worker->decoder))
        return 1;
    if (image->stride == row && image->width == whole.width && image->height == whole.height)
        cache_put(job->cache, load->id,
                  &(struct cached){ image->pixels, size, image->width, image->height });
    return 0;
}

/* Decode what is needed, or all of an image that the cache will keep. One that is damaged somewhere
 * is not kept and is decoded as if there were no cache: what is refused or warned of in an epoch
 * must not depend on it. */
static int decode(struct worker *worker, const struct worker_job *job, struct rect need,
                  struct load *load, struct error *err)
{
    if (load->whole)
        return 0;
    if (worker->stats)
        stats_add(&worker->stats->decoded, 1);
    if (cache_kind(job->cache) == CACHE_PIXELS &&
        cache_has_room(job->cache, 3 * (size_t)load->info.width * (size_t)load->info.height)) {
        if (decode_to_keep(worker, job, load) == 0)
            return 0;
        if (read_header(worker, load, err) < 0)
            return -1;
    }
    if (decode_pixels(worker->decoder, need, &load->image, &load->x, &load->y, err) < 0)
        return -1;
    worker->warned = decode_warnings(worker->decoder) != NULL;
    return 0;
}

static int render_plan(struct worker *worker, const struct worker_job *job, const struct plan *plan,
                       const struct load *load, void *out, struct error *err)
{
    renderer_tables(worker->renderer, recipe_tables(job->recipe));
    return render(worker->renderer, plan, job->resampler, &load->image, load->x, load->y,
                  &job->form, out, err);
}

int worker_render(struct worker *worker, const struct worker_job *job, uint64_t id, uint32_t epoch,
                  void *out, struct error *err)
{
    struct load load = { .id = id };
    struct plan *plan = worker->plans;
    int rc = begin(worker, job, &load, err);
    if (rc == 0 && (draw(job, id, epoch, &load.info, plan, err) < 0 ||
                    decode(worker, job, plan_needs(plan), &load, err) < 0))
        rc = index_blame(job->index, id, err);
    count(worker, STAGE_DECODE);
    if (rc < 0)
        return -1;
    rc = render_plan(worker, job, plan, &load, out, err);
    count(worker, STAGE_RENDER);
    if (rc < 0)
        return index_blame(job->index, id, err);
    if (worker->stats)
        stats_add(&worker->stats->samples, 1);
    return 0;
}

static struct rect join(struct rect a, struct rect b)
{
    int x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
    int right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
    int bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;
    return (struct rect){ x, y, right - x, bottom - y };
}

/* Draw all plans; which of them fit in `fits`, and what these need. False: none does. */
static bool draw_together(struct worker *worker, const struct worker_task *tasks, int n,
                          uint32_t epoch, const struct load *load, bool *fits, struct rect *need)
{
    bool any = false;
    for (int i = 0; i < n; i++) {
        struct error said_alone = { 0 };
        fits[i] =
            draw(tasks[i].job, load->id, epoch, &load->info, &worker->plans[i], &said_alone) == 0;
        if (!fits[i])
            continue;
        struct rect needs = plan_needs(&worker->plans[i]);
        *need = any ? join(*need, needs) : needs;
        any = true;
    }
    return any;
}

void worker_render_together(struct worker *worker, struct worker_task *tasks, int n, uint64_t id,
                            uint32_t epoch)
{
    assert(n <= WORKER_TASKS);
    struct load load = { .id = id };
    struct error said_alone = { 0 };
    struct rect need = { 0 };
    bool fits[WORKER_TASKS];
    for (int i = 0; i < n; i++)
        tasks[i].done = false;
    bool good = reserve_plans(worker, WORKER_TASKS, &said_alone) == 0 &&
                begin(worker, tasks[0].job, &load, &said_alone) == 0 &&
                draw_together(worker, tasks, n, epoch, &load, fits, &need) &&
                decode(worker, tasks[0].job, need, &load, &said_alone) == 0 && !worker->warned;
    count(worker, STAGE_DECODE);
    if (!good)
        return;
    for (int i = 0; i < n; i++) {
        tasks[i].done = fits[i] && render_plan(worker, tasks[i].job, &worker->plans[i], &load,
                                               tasks[i].out, &said_alone) == 0;
        if (tasks[i].done && worker->stats)
            stats_add(&worker->stats->samples, 1);
    }
    count(worker, STAGE_RENDER);
}

const char *worker_warning(const struct worker *worker)
{
    return worker->warned ? decode_warnings(worker->decoder) : NULL;
}

const struct plan *worker_plan(const struct worker *worker)
{
    return worker->plans;
}

void worker_close(struct worker *worker)
{
    if (!worker)
        return;
    renderer_close(worker->renderer);
    decoder_close(worker->decoder);
    buffer_release(&worker->bytes);
    free(worker->plans);
    free(worker);
}
