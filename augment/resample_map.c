/*
 * Row by row. Where frames end in a constant, a row shows the picture in one span of columns (they
 * are convex), found in advance, so that the loops over pixels ask nothing; what lies outside is
 * painted. Frames behind a lens are asked pixel by pixel, and where a frame ends in its edge or its
 * reflection, every point is followed through all frames.
 */
#include "augment/resample_map.h"

#include <stdlib.h>
#include <string.h>

#include "augment/plan_private.h"
#include "augment/resample_map_private.h"
#include "base/memory.h"

struct mapper {
    struct map_taps taps; /* owned: of one row */
    size_t capacity_x, capacity_y, capacity_fx, capacity_fy;
    int16_t transform[(1 << CUBIC_POINT) + 1][4], resize[(1 << CUBIC_POINT) + 1][4];
};

int mapper_open(struct mapper **mapper, struct error *err)
{
    *mapper = memory_array(1, sizeof(**mapper), err);
    if (!*mapper)
        return -1;
    map_cubic_make(-1, (*mapper)->transform);
    map_cubic_make(-0.5, (*mapper)->resize);
    return 0;
}

void mapper_close(struct mapper *m)
{
    if (!m)
        return;
    free(m->taps.fy);
    free(m->taps.fx);
    free(m->taps.y);
    free(m->taps.x);
    free(m);
}

static int reserve(struct mapper *m, size_t n, struct error *err)
{
    void *x = m->taps.x, *y = m->taps.y, *fx = m->taps.fx, *fy = m->taps.fy;
    if (memory_grow(&x, &m->capacity_x, n, sizeof(int32_t), err) < 0)
        return -1;
    m->taps.x = x;
    if (memory_grow(&y, &m->capacity_y, n, sizeof(int32_t), err) < 0)
        return -1;
    m->taps.y = y;
    if (memory_grow(&fx, &m->capacity_fx, n, sizeof(uint16_t), err) < 0)
        return -1;
    m->taps.fx = fx;
    if (memory_grow(&fy, &m->capacity_fy, n, sizeof(uint16_t), err) < 0)
        return -1;
    m->taps.fy = fy;
    return 0;
}

static void paint(uint8_t *row, int begin, int end, const uint8_t level[3])
{
    for (uint8_t *to = row + 3 * (size_t)begin; begin < end; begin++, to += 3) {
        to[0] = level[0];
        to[1] = level[1];
        to[2] = level[2];
    }
}

/* Columns [begin, end), all of which show the picture. */
static void sample_span(const struct map_job *job, struct map_taps *taps, int row, int begin,
                        int end, uint8_t *out)
{
    bool wide = job->antialias && job->filter != FILTER_NEAREST;
    if (!wide || (job->affine && !job->widened)) {
        map_taps_of_row(job, row, begin, end, taps);
        map_sample(job, taps, end - begin, out + 3 * (size_t)begin);
        return;
    }
    for (int i = begin; i < end; i++) {
        double x = i + 0.5, y = row + 0.5, narrow[3];
        const double *p = job->narrow;
        if (!job->affine)
            p = map_narrow(job, x, y, narrow) ? narrow : NULL;
        map_point(job, &x, &y);
        map_sample_at(job, x, y, p, out + 3 * (size_t)i);
    }
}

/* Frames behind a lens are not convex from here: *begin and *end become the first and behind the
 * last column that none of them hides. */
static void hide_behind(const struct map_job *job, int row, int *begin, int *end, uint8_t *out)
{
    int first = *end, last = *begin;
    for (int i = *begin; i < *end; i++) {
        bool shown = true;
        for (int k = 0; k < job->clips_used && job->clips[k].behind_lens; k++)
            if (!map_behind_inside(job, &job->clips[k], i, row)) {
                paint(out, i, i + 1, job->clips[k].fill.level);
                shown = false;
            }
        first = shown && i < first ? i : first;
        last = shown ? i + 1 : last;
    }
    *begin = first < last ? first : last;
    *end = last;
}

static void constant_row(const struct map_job *job, struct map_taps *taps, int row, uint8_t *out,
                         int span[2])
{
    int begins[PLAN_CLIPS], ends[PLAN_CLIPS], begin = 0, end = job->width;
    for (int k = 0; k < job->clips_used; k++) {
        if (job->clips[k].behind_lens)
            continue;
        map_clip_span(job, &job->clips[k], row, &begins[k], &ends[k]);
        begin = begins[k] > begin ? begins[k] : begin;
        end = ends[k] < end ? ends[k] : end;
    }
    end = end > begin ? end : begin;
    sample_span(job, taps, row, begin, end, out);
    span[0] = begin;
    span[1] = end;
    if (job->clips_used > 0 && job->clips[0].behind_lens)
        hide_behind(job, row, &span[0], &span[1], out);
    for (int k = 0; k < job->clips_used; k++) /* what a later frame hides comes on top */
        if (!job->clips[k].behind_lens) {
            paint(out, 0, begins[k], job->clips[k].fill.level);
            paint(out, ends[k], job->width, job->clips[k].fill.level);
        }
}

static void repeating_row(const struct map_job *job, int row, uint8_t *out, int span[2])
{
    span[0] = job->width;
    span[1] = 0;
    for (int i = 0; i < job->width; i++, out += 3) {
        double x = i + 0.5, y = row + 0.5;
        const struct plan_clip *hidden = map_follow(job, &x, &y);
        if (hidden) {
            paint(out, 0, 1, hidden->fill.level);
            continue;
        }
        span[0] = i < span[0] ? i : span[0];
        span[1] = i + 1;
        map_sample_at(job, x, y, job->widened ? job->narrow : NULL, out);
    }
    span[0] = span[0] < span[1] ? span[0] : span[1];
}

static int run(struct mapper *m, struct map_job *job, struct image *out, int (*spans)[2],
               struct error *err)
{
    const double *post = job->post;
    bool repeats = false;
    if (reserve(m, (size_t)job->width, err) < 0)
        return -1;
    for (int k = 0; k < job->clips_used; k++)
        repeats = repeats || job->clips[k].fill.mode != FILL_CONSTANT;
    job->cubic = job->antialias ? m->resize : m->transform;
    job->affine = !job->lens && post[6] == 0 && post[7] == 0 && post[8] == 1;
    if (job->affine && job->antialias) {
        const double slope[4] = { post[0], post[1], post[3], post[4] };
        job->widened = map_narrow_of(slope, job->narrow);
    }
    for (int row = 0; row < job->height; row++) {
        int span[2];
        uint8_t *to = out->pixels + (size_t)row * out->stride;
        if (repeats)
            repeating_row(job, row, to, span);
        else
            constant_row(job, &m->taps, row, to, span);
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
    return run(m, &job, out, spans, err);
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
    return run(m, &job, out, NULL, err);
}
