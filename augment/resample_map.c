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
#include "augment/resample.h"
#include "augment/resample_wide.h"
#include "base/memory.h"
#include "base/simd.h"

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

static void paint(uint8_t *row, int begin, int end, const uint8_t level[3])
{
    for (uint8_t *to = row + 3 * (size_t)begin; begin < end; begin++, to += 3) {
        to[0] = level[0];
        to[1] = level[1];
        to[2] = level[2];
    }
}

/* Nearest on an affine map in one go; false where something does not fit its 32 bits. */
static bool nearest_row(const struct map_job *job, int row, int begin, int end, uint8_t *out)
{
#ifdef SIMD_X86
    struct map_line line = map_line_make(job->post, job->filter, row);
    if (job->filter != FILTER_NEAREST || !job->affine || line.bits != 16 || !map_offsets_fit(job) ||
        simd_level() < SIMD_LEVEL_AVX2)
        return false;
    line.x += (uint64_t)begin * line.dx;
    line.y += (uint64_t)begin * line.dy;
    uint64_t columns = (uint64_t)(end - begin) + 8; /* whole groups */
    const int64_t ends[] = { (int64_t)line.x, (int64_t)(line.x + columns * line.dx),
                             (int64_t)line.y, (int64_t)(line.y + columns * line.dy) };
    for (int i = 0; i < 4; i++)
        if (ends[i] < INT32_MIN || ends[i] > INT32_MAX)
            return false;
    map_nearest_row_avx2(job, &line, end - begin, out + 3 * (size_t)begin);
    return true;
#else
    (void)job, (void)row, (void)begin, (void)end, (void)out;
    return false;
#endif
}

/* `n` pixels by one filter that is widened. */
static void sample_wide(const struct map_job *job, const struct map_taps *taps, int i, int n,
                        const double narrow[3], uint8_t *out)
{
    struct map_wide wide = map_wide_make(job->filter, narrow);
    for (; n > 0; i++, n--, out += 3)
        map_sample_wide(job, taps->x[i] + 0.5 + (double)taps->fx[i] / MAP_ONE,
                        taps->y[i] + 0.5 + (double)taps->fy[i] / MAP_ONE, &wide, out);
}

/* How a map shrinks changes slowly: it is asked once for each block of columns. */
enum { BLOCK = 8 };

static void sample_blocks(const struct map_job *job, const struct map_taps *taps, int row,
                          int begin, int end, uint8_t *out)
{
    int plain = begin; /* from here on nothing is widened */
    for (int at = begin, next; at < end; at = next) {
        double narrow[3], middle = at / BLOCK * BLOCK + BLOCK / 2;
        next = at / BLOCK * BLOCK + BLOCK < end ? at / BLOCK * BLOCK + BLOCK : end;
        middle = middle < begin ? begin + 0.5 : middle > end ? end - 0.5 : middle;
        if (!map_narrow(job, middle, row + 0.5, narrow))
            continue;
        struct map_taps before = map_taps_from(taps, plain - begin);
        map_sample(job, &before, at - plain, out + 3 * (size_t)plain);
        sample_wide(job, taps, at - begin, next - at, narrow, out + 3 * (size_t)at);
        plain = next;
    }
    struct map_taps rest = map_taps_from(taps, plain - begin);
    map_sample(job, &rest, end - plain, out + 3 * (size_t)plain);
}

/* Columns [begin, end), all of which show the picture. */
static void sample_span(const struct map_job *job, struct map_taps *taps, int row, int begin,
                        int end, uint8_t *out)
{
    if (job->boxed || nearest_row(job, row, begin, end, out))
        return;
    map_taps_of_row(job, row, begin, end, taps);
    if (job->widened)
        sample_wide(job, taps, 0, end - begin, job->narrow, out + 3 * (size_t)begin);
    else if (job->antialias && job->filter != FILTER_NEAREST && !job->affine)
        sample_blocks(job, taps, row, begin, end, out);
    else
        map_sample(job, taps, end - begin, out + 3 * (size_t)begin);
}

/* Frames behind a lens are not convex from here: *begin and *end become the first and behind the
 * last column that none of them hides. `taps` are those of columns *begin and on. */
static void hide_behind(const struct map_job *job, const struct map_taps *taps, int *begin,
                        int *end, uint8_t *out)
{
    int n = *end - *begin, first = 0, last = n;
    uint8_t *row = out + 3 * (size_t)*begin;
    for (int k = 0; k < job->clips_used && job->clips[k].behind_lens; k++) {
        int from = n, to = 0;
        for (int i = 0; i < n;) {
            int run = map_inside_run(&job->clips[k], taps, i, n);
            from = run > 0 && i < from ? i : from;
            to = run > 0 ? i + run : to;
            i += run;
            if (i < n)
                paint(row, i, i + 1, job->clips[k].fill.level);
            i++;
        }
        first = from > first ? from : first;
        last = to < last ? to : last;
    }
    *end = *begin + (last > first ? last : first);
    *begin += first;
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
        hide_behind(job, taps, &span[0], &span[1], out);
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

static int run(struct mapper *m, struct map_job *job, const struct image *source, struct image *out,
               int (*spans)[2], struct error *err)
{
    const double *post = job->post;
    struct map_taps taps;
    bool repeats = false;
    if (reserve(m, (size_t)job->width, &taps, err) < 0)
        return -1;
    for (int k = 0; k < job->clips_used; k++)
        repeats = repeats || job->clips[k].fill.mode != FILL_CONSTANT;
    job->cubic = job->antialias ? m->resize : m->transform;
    job->affine = !job->lens && post[6] == 0 && post[7] == 0 && post[8] == 1;
    if (job->affine && job->antialias && job->filter != FILTER_NEAREST) {
        const double slope[4] = { post[0], post[1], post[3], post[4] };
        job->widened = map_narrow_of(slope, job->narrow);
    }
    int boxed = repeats ? 0 : map_run_box(m->box, job, source, out, err);
    if (boxed < 0)
        return -1;
    job->boxed = boxed;
    for (int row = 0; row < job->height; row++) {
        int span[2];
        uint8_t *to = out->pixels + (size_t)row * out->stride;
        if (repeats)
            repeating_row(job, row, to, span);
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
