#include "loader/replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "loader/decode_whole.h"
#include "loader/order.h"

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

/* One sample before it is mixed. */
struct view {
    uint64_t id;
    struct image original, made; /* owned pixels; made: levels, without the output stage */
    void *tensor;                /* owned */
    struct plan plan;
};

/* What was decided about the sample and its partner. */
struct pairing {
    const char *none; /* why there is no partner; NULL: there is one */
    uint64_t partner;
    bool second; /* the partner comes first in the pair */
    struct mix_draw draw;
};

/* The plan's picture in levels, without the output stage. */
static int render_levels(const struct worker_job *job, struct view *v, struct error *err)
{
    static const struct output_form form = { DTYPE_U8, LAYOUT_NHWC };
    struct renderer *renderer;
    struct plan seen = v->plan;
    plan_drop_output(&seen);
    v->made = (struct image){ NULL, seen.width, seen.height, 3 * (size_t)seen.width };
    if (!(v->made.pixels = memory_array((size_t)seen.height, v->made.stride, err)) ||
        renderer_open(&renderer, err) < 0)
        return -1;
    int rc =
        render(renderer, &seen, job->resampler, &v->original, 0, 0, &form, v->made.pixels, err);
    renderer_close(renderer);
    return rc;
}

static int make(const struct worker_job *job, struct worker *worker, uint32_t epoch, struct view *v,
                struct error *err)
{
    struct decode_options options = { .exif_apply = job->exif_apply };
    if (decode_whole(job->index, v->id, &options, &v->original, err) < 0)
        return -1;
    /* For its size; the worker draws the same again. */
    if (recipe_draw(job->recipe, v->id, epoch, v->original.width, v->original.height, &v->plan,
                    err) < 0)
        return index_blame(job->index, v->id, err);
    v->tensor = memory_array(1, output_bytes(&job->form, v->plan.width, v->plan.height), err);
    if (!v->tensor || worker_render(worker, job, v->id, epoch, v->tensor, err) < 0)
        return -1;
    v->plan = *worker_plan(worker);
    return render_levels(job, v, err);
}

static void discard(struct view *v)
{
    free(v->tensor);
    free(v->made.pixels);
    free(v->original.pixels);
}

/* As the stream pairs: positions i and i xor 1 of a global batch. */
static struct pairing find_partner(const struct replay_job *r, const struct plan *plan, uint64_t id,
                                   uint32_t epoch)
{
    uint64_t count = index_count(r->job.index);
    struct order order = order_make(count, r->options->order_seed, r->options->shuffle);
    uint64_t position = order_of(&order, epoch, id), batch = position / r->options->batch;
    struct pairing p = { .second = position & 1 };
    if (batch >= stream_epoch_steps(count, r->options))
        p.none = "the sample is in no batch of this epoch";
    else if ((position ^ 1) >= count)
        p.none = "the sample is the last one and has no partner";
    else {
        p.partner = order_at(&order, epoch, position ^ 1);
        p.draw = mix_draw(r->mix, batch, position & ~UINT64_C(1), epoch, plan->width, plan->height);
        if (p.draw.kind == MIX_NONE)
            p.none = "drawn: this pair is not mixed";
    }
    return p;
}

static void mix_views(const struct replay_job *r, const struct pairing *p, struct view *own,
                      struct view *partner)
{
    static const struct output_form levels = { DTYPE_U8, LAYOUT_NHWC };
    struct view *a = p->second ? partner : own, *b = p->second ? own : partner;
    int width = own->plan.width, height = own->plan.height;
    mix_apply(&p->draw, &r->job.form, width, height, a->tensor, b->tensor);
    mix_apply(&p->draw, &levels, width, height, a->made.pixels, b->made.pixels);
}

/* The original, the partner where there is one, and what came of them, side by side. */
static int draw(struct canvas **picture, const struct view *own, const struct view *partner,
                struct error *err)
{
    const struct {
        const char *caption;
        const struct image *image;
    } cells[] = { { "original", &own->original },
                  { "partner", partner ? &partner->original : NULL },
                  { "as training saw it", &own->made } };
    int text = canvas_text_height(1) + 2, width = MARGIN, height = 0, x = MARGIN;
    for (int i = 0; i < 3; i++)
        if (cells[i].image) {
            width += cells[i].image->width + MARGIN;
            height = cells[i].image->height > height ? cells[i].image->height : height;
        }
    if (canvas_open(picture, width, height + text + 2 * MARGIN, PAPER, err) < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (cells[i].image) {
            canvas_text(*picture, x, MARGIN, INK, 1, cells[i].caption);
            canvas_image(*picture, cells[i].image, x, MARGIN + text);
            x += cells[i].image->width + MARGIN;
        }
    return 0;
}

static json_t *describe_mixing(const struct replay_job *r, const struct pairing *p,
                               const struct view *partner, struct error *err)
{
    if (!r->mix)
        return json_null();
    if (p->none)
        return json_string(p->none);
    struct sample sample = index_sample(r->job.index, p->partner);
    json_t *plan = plan_json(&partner->plan, err);
    const struct rect *box = &p->draw.box; /* empty where everything is blended */
    return plan ? json_pack("{s:s, s:f, s:[i,i,i,i], s:{s:I, s:s, s:I, s:o}}", "kind",
                            p->draw.kind == MIX_CUT ? "cutmix" : "mixup", "lambda", p->draw.lambda,
                            "box", box->x, box->y, box->width, box->height, "partner", "id",
                            (json_int_t)p->partner, "key", sample.key, "label",
                            (json_int_t)sample.label, "plan", plan)
                : NULL;
}

static json_t *describe(const struct replay_job *r, uint32_t epoch, const struct view *v,
                        const struct pairing *p, const struct view *partner, struct error *err)
{
    const struct worker_job *job = &r->job;
    struct sample sample = index_sample(job->index, v->id);
    const struct plan *plan = &v->plan;
    char place[600], hash[17];
    index_place(job->index, v->id, place, sizeof(place));
    snprintf(hash, sizeof(hash), "%016" PRIx64,
             hash64(v->tensor, output_bytes(&job->form, plan->width, plan->height)));
    json_t *mixing = describe_mixing(r, p, partner, err);
    json_t *json = mixing ? plan_json(plan, err) : NULL;
    if (!json)
        json_decref(mixing);
    else
        json = json_pack("{s:I, s:s, s:I, s:s, s:I, s:[i,i], s:s, s:s, s:s, s:o, s:o}", "id",
                         (json_int_t)v->id, "key", sample.key, "label", (json_int_t)sample.label,
                         "place", place, "epoch", (json_int_t)epoch, "size", plan->width,
                         plan->height, "dtype", dtype_name(job->form.dtype), "layout",
                         job->form.layout == LAYOUT_NCHW ? "nchw" : "nhwc", "hash", hash, "mixing",
                         mixing, "plan", json);
    if (!json && err->kind == ERROR_NONE)
        error_set(err, ERROR_FAILED, place, "cannot be described as JSON (is its name UTF-8?)");
    return json;
}

int replay(const struct replay_job *r, uint64_t id, uint32_t epoch, struct canvas **picture,
           json_t **description, struct error *err)
{
    struct worker *worker;
    struct view own = { .id = id }, partner = { 0 };
    struct pairing pairing = { .none = "" };
    if (worker_open(&worker, NULL, err) < 0)
        return -1;
    int rc = make(&r->job, worker, epoch, &own, err);
    if (rc == 0 && r->mix)
        pairing = find_partner(r, &own.plan, id, epoch);
    if (rc == 0 && !pairing.none) {
        partner.id = pairing.partner;
        rc = make(&r->job, worker, epoch, &partner, err);
        if (rc == 0)
            mix_views(r, &pairing, &own, &partner);
    }
    *description = rc == 0 ? describe(r, epoch, &own, &pairing, &partner, err) : NULL;
    rc = *description ? draw(picture, &own, pairing.none ? NULL : &partner, err) : -1;
    if (rc < 0)
        json_decref(*description);
    discard(&own);
    discard(&partner);
    worker_close(worker);
    return rc;
}
