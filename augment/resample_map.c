/*
 * Row by row. Where frames end in a constant, a row shows the picture in one span of columns (they
 * are convex), found in advance, so that the loops over pixels ask nothing; what lies outside is
 * painted. Frames behind a lens are asked pixel by pixel, and where a frame ends in its edge or its
 * reflection, every point is followed through all frames.
 */
#include "augment/resample_map.h"

#include <stdlib.h>
#include <string.h>

#include "augment/affine.h"
#include "augment/plan_private.h"
#include "augment/resample.h"
#include "augment/resample_map_private.h"
#include "base/memory.h"

struct mapper {
    struct resampler *box; /* owned: for maps that only scale and move */
    int32_t *ints;         /* owned: taps of one row, four arrays */
    double *doubles;       /* owned: one row's points on the source side of a lens, two arrays */
    size_t ints_capacity, doubles_capacity;
    int16_t transform[(1 << CUBIC_POINT) + 1][4], resize[(1 << CUBIC_POINT) + 1][4];
};

int mapper_open(struct mapper **mapper, struct error *err)
{
    *mapper = memory_array(1, sizeof(**mapper), err);
    if (!*mapper)
        return -1;
    if (resampler_open(&(*mapper)->box, err) < 0) {
        mapper_close(*mapper);
        return -1;
    }
    map_cubic_make(-1, (*mapper)->transform);
    map_cubic_make(-0.5, (*mapper)->resize);
    return 0;
}

void mapper_close(struct mapper *m)
{
    if (!m)
        return;
    resampler_close(m->box);
    free(m->doubles);
    free(m->ints);
    free(m);
}

static int reserve(struct mapper *m, size_t width, struct map_taps *taps, struct error *err)
{
    void *ints = m->ints, *doubles = m->doubles;
    if (memory_grow(&ints, &m->ints_capacity, 4 * width, sizeof(*m->ints), err) < 0)
        return -1;
    m->ints = ints;
    if (memory_grow(&doubles, &m->doubles_capacity, 2 * width, sizeof(*m->doubles), err) < 0)
        return -1;
    m->doubles = doubles;
    *taps =
        (struct map_taps){ m->ints,    m->ints + width,   m->ints + 2 * width, m->ints + 3 * width,
                           m->doubles, m->doubles + width };
    return 0;
}

static void constant_row(const struct map_job *job, struct map_taps *taps, int row, uint8_t *out,
                         int span[2])
{
    int begins[PLAN_CLIPS], ends[PLAN_CLIPS];
    span[0] = 0;
    span[1] = job->width;
    for (int k = 0; k < job->clips_used; k++) {
        if (job->clips[k].behind_lens)
            continue;
        map_clip_span(job, &job->clips[k], row, &begins[k], &ends[k]);
        span[0] = begins[k] > span[0] ? begins[k] : span[0];
        span[1] = ends[k] < span[1] ? ends[k] : span[1];
    }
    span[1] = span[1] > span[0] ? span[1] : span[0];
    map_sample_span(job, taps, row, span, out);
    for (int k = 0; k < job->clips_used; k++) /* what a later frame hides comes on top */
        if (!job->clips[k].behind_lens) {
            map_paint(out, 0, begins[k], job->clips[k].fill.level);
            map_paint(out, ends[k], job->width, job->clips[k].fill.level);
        }
}

static void follow_columns(const struct map_job *job, int row, int begin, int end, uint8_t *out,
                           int span[2])
{
    for (int i = begin; i < end; i++) {
        double x = i + 0.5, y = row + 0.5;
        uint8_t *pixel = out + 3 * (size_t)i;
        const struct plan_clip *hidden = map_follow(job, &x, &y);
        if (hidden) {
            map_paint(pixel, 0, 1, hidden->fill.level);
            continue;
        }
        span[0] = i < span[0] ? i : span[0];
        span[1] = i + 1 > span[1] ? i + 1 : span[1];
        map_sample_at(job, x, y, pixel);
    }
}

/* Where some frame repeats its edge or reflection. What lies inside all frames goes the fast way.
 */
static void repeating_row(const struct map_job *job, struct map_taps *taps, int row, uint8_t *out,
                          int span[2])
{
    int inner[2];
    map_inner_span(job, row, inner);
    if (inner[0] < inner[1])
        map_sample_span(job, taps, row, inner, out);
    span[0] = inner[0] < inner[1] ? inner[0] : job->width;
    span[1] = inner[0] < inner[1] ? inner[1] : 0;
    follow_columns(job, row, 0, inner[0], out, span);
    follow_columns(job, row, inner[1], job->width, out, span);
    span[0] = span[0] < span[1] ? span[0] : span[1];
}

static int run(struct mapper *m, struct map_job *job, const struct image *source, struct image *out,
               int (*spans)[2], struct error *err)
{
    const double *post = job->post;
    struct map_taps taps;
    bool repeats = false;
    if (reserve(m, (size_t)job->width, &taps, err) < 0)
        return -1;
    for (int k = 0; k < job->clips_used; k++) {
        repeats = repeats || job->clips[k].fill.mode != FILL_CONSTANT;
        job->returns[k] = affine_invert(job->clips[k].map, job->back[k]);
    }
    job->cubic = job->antialias ? m->resize : m->transform;
    job->affine = !job->lens && map_is_affine(post);
    if (job->affine && job->antialias && job->filter != FILTER_NEAREST) {
        const double slope[4] = { post[0], post[1], post[3], post[4] };
        job->widened = map_narrow_of(slope, &job->narrow);
    }
    int boxed = repeats ? 0 : map_run_box(m->box, job, source, out, err);
    if (boxed < 0)
        return -1;
    job->boxed = boxed;
    for (int row = 0; row < job->height; row++) {
        int span[2];
        uint8_t *to = out->pixels + (size_t)row * out->stride;
        if (repeats)
            repeating_row(job, &taps, row, to, span);
        else
            constant_row(job, &taps, row, to, span);
        if (spans)
            memcpy(spans[row], span, sizeof(span));
    }
    return 0;
}

int mapper_plan(struct mapper *m, const struct plan *plan, const struct image *source, int origin_x,
                int origin_y, struct image *out, int (*spans)[2], struct error *err)
{
    struct map_job job = {
        .pixels = source->pixels - (ptrdiff_t)origin_y * (ptrdiff_t)source->stride -
                  3 * (ptrdiff_t)origin_x,
        .stride = source->stride,
        .held = { origin_x, origin_y, source->width, source->height },
        .window = plan->axis.window,
        .pre = plan->pre,
        .post = plan->post,
        .lens = plan->has_lens ? &plan->lens : NULL,
        .filter = plan->filter,
        .antialias = plan->antialias,
        .clips = plan->clips,
        .clips_used = plan->clips_used,
        .width = plan->width,
        .height = plan->height,
    };
    return run(m, &job, source, out, spans, err);
}

int mapper_stage(struct mapper *m, const struct image *picture, const double map[9],
                 enum plan_filter filter, const struct plan_fill *fill, struct image *out,
                 struct error *err)
{
    struct rect whole = { 0, 0, picture->width, picture->height };
    struct plan_clip clip = { .width = whole.width, .height = whole.height, .fill = *fill };
    if (!plan_reaches(map, out->width, out->height))
        return error_set(err, ERROR_USAGE, NULL, "a step of a chain sends the picture to infinity");
    memcpy(clip.map, map, sizeof(clip.map));
    struct map_job job = {
        .pixels = picture->pixels,
        .stride = picture->stride,
        .held = whole,
        .window = whole,
        .post = map,
        .filter = filter,
        .cut_off = true,
        .clips = &clip,
        .clips_used = 1,
        .width = out->width,
        .height = out->height,
    };
    return run(m, &job, picture, out, NULL, err);
}
