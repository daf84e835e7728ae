#include "loader/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/decode_whole.h"

enum { MARGIN = 10, PAPER = 0xffffff, INK = 0x202020 };

/* Keys are in order of their bytes. */
int replay_find(const struct index *index, const char *text, uint64_t *id, struct error *err)
{
    uint64_t low = 0, high = index_count(index);
    int64_t number;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (strcmp(index_sample(index, middle).key, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *id = low;
    if (low < index_count(index) && strcmp(index_sample(index, low).key, text) == 0)
        return 0;
    if (!param_integer(text, &number) || number < 0 || (uint64_t)number >= index_count(index))
        return error_set(err, ERROR_USAGE, "--sample",
                         "is %s; must be a sample's key (%s, say) or its number 0..%" PRIu64, text,
                         index_sample(index, 0).key, index_count(index) - 1);
    *id = (uint64_t)number;
    return 0;
}

/* The plan's picture in levels, without the output stage. */
static int render_levels(const struct worker_job *job, const struct plan *plan,
                         const struct image *original, struct image *image, struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct renderer *renderer;
    struct plan seen = *plan;
    plan_drop_output(&seen);
    *image = (struct image){ NULL, plan->width, plan->height, 3 * (size_t)plan->width };
    if (!(image->pixels = memory_array((size_t)plan->height, image->stride, err)) ||
        renderer_open(&renderer, err) < 0)
        return -1;
    int rc = render(renderer, &seen, job->resampler, original, 0, 0, &form, image->pixels, err);
    renderer_close(renderer);
    return rc;
}

static int draw(struct canvas **picture, const struct image *original, const struct image *made,
                struct error *err)
{
    int height = original->height > made->height ? original->height : made->height;
    int text = canvas_text_height(1) + 2, width = original->width + made->width + 3 * MARGIN;
    if (canvas_open(picture, width, height + text + 2 * MARGIN, PAPER, err) < 0)
        return -1;
    canvas_text(*picture, MARGIN, MARGIN, INK, 1, "original");
    canvas_text(*picture, 2 * MARGIN + original->width, MARGIN, INK, 1, "as training saw it");
    canvas_image(*picture, original, MARGIN, MARGIN + text);
    canvas_image(*picture, made, 2 * MARGIN + original->width, MARGIN + text);
    return 0;
}

static json_t *describe(const struct worker_job *job, uint64_t id, uint32_t epoch,
                        const struct plan *plan, const void *tensor, struct error *err)
{
    struct sample sample = index_sample(job->index, id);
    char place[600], hash[17];
    index_place(job->index, id, place, sizeof(place));
    snprintf(hash, sizeof(hash), "%016" PRIx64,
             hash64(tensor, output_bytes(&job->form, plan->width, plan->height)));
    json_t *json = plan_json(plan, err);
    json = json ? json_pack("{s:I, s:s, s:I, s:s, s:I, s:[i,i], s:s, s:s, s:s, s:s, s:o}", "id",
                            (json_int_t)id, "key", sample.key, "label", (json_int_t)sample.label,
                            "place", place, "epoch", (json_int_t)epoch, "size", plan->width,
                            plan->height, "dtype", dtype_name(job->form.dtype), "layout",
                            job->form.layout == LAYOUT_NCHW ? "nchw" : "nhwc", "hash", hash,
                            "mixing", "left out", "plan", json)
                : NULL;
    if (!json && err->kind == ERROR_NONE)
        error_set(err, ERROR_FAILED, place, "cannot be described as JSON (is its name UTF-8?)");
    return json;
}

int replay(const struct worker_job *job, uint64_t id, uint32_t epoch, struct canvas **picture,
           json_t **description, struct error *err)
{
    struct worker *worker;
    struct image original = { NULL, 0, 0, 0 }, made = { NULL, 0, 0, 0 };
    void *tensor = NULL;
    if (worker_open(&worker, NULL, err) < 0)
        return -1;
    struct decode_options options = { .exif_apply = job->exif_apply };
    int rc = decode_whole(job->index, id, &options, &original, err);
    if (rc == 0) {
        struct plan plan; /* for its size; the worker draws the same again */
        rc = recipe_draw(job->recipe, id, epoch, original.width, original.height, &plan, err);
        if (rc < 0)
            index_blame(job->index, id, err);
        else
            tensor = memory_array(1, output_bytes(&job->form, plan.width, plan.height), err);
    }
    rc = tensor ? worker_render(worker, job, id, epoch, tensor, err) : -1;
    if (rc == 0)
        rc = render_levels(job, worker_plan(worker), &original, &made, err);
    if (rc == 0)
        rc = draw(picture, &original, &made, err);
    if (rc == 0) {
        *description = describe(job, id, epoch, worker_plan(worker), tensor, err);
        if (!*description) {
            canvas_close(*picture);
            rc = -1;
        }
    }
    free(tensor);
    free(made.pixels);
    free(original.pixels);
    worker_close(worker);
    return rc;
}
