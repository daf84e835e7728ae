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

/* Decoders know bytes, not files: put the sample's place in front of what they say. */
static int at_sample(const struct worker *worker, uint64_t id, struct error *err)
{
    struct error said = *err;
    char place[sizeof(err->place)];
    index_place(worker->job.index, id, place, sizeof(place));
    return error_set(err, said.kind, place, "%s%s%s", said.place, said.place[0] ? ": " : "",
                     said.message);
}

static int draw(struct worker *worker, uint64_t id, uint32_t epoch, const struct decode_info *info,
                struct error *err)
{
    const struct worker_job *job = &worker->job;
    if (recipe_draw(job->recipe, id, epoch, info->width, info->height, &worker->plan, err) < 0)
        return -1;
    if (job->width && (worker->plan.width != job->width || worker->plan.height != job->height))
        return error_set(
            err, ERROR_USAGE, NULL,
            "the recipe makes %d x %d of this image of %d x %d; all others are %d x %d",
            worker->plan.width, worker->plan.height, info->width, info->height, job->width,
            job->height);
    return 0;
}

int worker_render(struct worker *worker, uint64_t id, uint32_t epoch, void *out, struct error *err)
{
    const struct worker_job *job = &worker->job;
    struct decode_info info;
    struct image image;
    int x, y;
    worker->warned = false;
    if (index_read(job->index, id, &worker->bytes, err) < 0)
        return -1;
    if (decode_header(worker->decoder, worker->bytes.data, worker->bytes.size, &info, err) < 0 ||
        draw(worker, id, epoch, &info, err) < 0 ||
        decode_pixels(worker->decoder, plan_needs(&worker->plan), &image, &x, &y, err) < 0 ||
        render(worker->renderer, &worker->plan, job->resampler, &image, x, y, &job->form, out,
               err) < 0)
        return at_sample(worker, id, err);
    worker->warned = decode_warnings(worker->decoder) != NULL;
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
