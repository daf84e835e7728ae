/*
 * A row's pixels between the columns that all frames show: by the way that fits the map, the filter
 * and whether it is widened.
 */
#include "augment/resample_wide.h"
#include "base/simd.h"

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

static void sample_one(const struct map_job *job, const struct map_taps *taps, int i,
                       const struct map_wide *wide, uint8_t *out)
{
    map_sample_wide(job, taps->x[i] + 0.5 + (double)taps->fx[i] / MAP_ONE,
                    taps->y[i] + 0.5 + (double)taps->fy[i] / MAP_ONE, wide, out);
}

/* `n` pixels by one filter that is widened. */
static void sample_wide(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out)
{
    struct map_wide wide = map_wide_make(job->filter, &job->narrow, 0);
    for (int i = 0; i < n; i++, out += 3)
        sample_one(job, taps, i, &wide, out);
}

static bool shrinks(const struct map_narrow *block, int k)
{
    return block->xx[k] != 1 || block->yy[k] != 1;
}

/* A row whose pixels have filters of their own. */
struct each {
    const struct map_job *job;
    const struct map_taps *taps;
    int row, begin;
    int bare; /* the columns from here on wait for the filter that is not widened */
    uint8_t *out;
};

/* Those that wait, up to column `end`. */
static void sample_bare(struct each *e, int end)
{
    struct map_taps taps = map_taps_from(e->taps, e->bare - e->begin);
    if (e->bare < end)
        map_sample(e->job, &taps, end - e->bare, e->out + 3 * (size_t)e->bare);
}

static void sample_block(struct each *e, int at, int end)
{
    int columns[MAP_NARROWS];
    struct map_narrow block;
    for (int k = 0; k < MAP_NARROWS; k++)
        columns[k] = at + k < end ? at + k : end - 1;
    map_narrow_block(e->job, columns, e->row, &block);
    for (int i = at; i < end; i++) {
        if (!shrinks(&block, i - at))
            continue;
        struct map_wide wide = map_wide_make(e->job->filter, &block, i - at);
        sample_bare(e, i);
        sample_one(e->job, e->taps, i - e->begin, &wide, e->out + 3 * (size_t)i);
        e->bare = i + 1;
    }
}

/* Where a map shrinks here more than there, each pixel is asked. To ask costs as much as the bare
 * filter, so blocks are passed over whose first and next block's first pixel do not shrink. */
static void sample_each(const struct map_job *job, const struct map_taps *taps, int row, int begin,
                        int end, uint8_t *out)
{
    enum { BLOCK = MAP_NARROWS, SPAN = (MAP_NARROWS - 1) * BLOCK };
    struct each e = { job, taps, row, begin, begin, out };
    for (int from = begin; from < end; from += SPAN) {
        int columns[MAP_NARROWS];
        struct map_narrow edges;
        for (int k = 0; k < MAP_NARROWS; k++)
            columns[k] = from + k * BLOCK < end ? from + k * BLOCK : end - 1;
        map_narrow_block(job, columns, row, &edges);
        for (int k = 0; k + 1 < MAP_NARROWS && from + k * BLOCK < end; k++) {
            int at = from + k * BLOCK, next = at + BLOCK < end ? at + BLOCK : end;
            if (shrinks(&edges, k) || shrinks(&edges, k + 1))
                sample_block(&e, at, next);
        }
    }
    sample_bare(&e, end);
}

/* Columns [begin, end) of a row by their taps. */
static void sample_taps(const struct map_job *job, const struct map_taps *taps, int row, int begin,
                        int end, uint8_t *out)
{
    if (job->widened)
        sample_wide(job, taps, end - begin, out + 3 * (size_t)begin);
    else if (job->antialias && job->filter != FILTER_NEAREST && !job->affine)
        sample_each(job, taps, row, begin, end, out);
    else
        map_sample(job, taps, end - begin, out + 3 * (size_t)begin);
}

/* Of n points on the lens's source side, the first that a frame shows and the one behind the last;
 * the others get its constant. */
static void hide(const struct plan_clip *clip, const struct map_taps *taps, int n, uint8_t *out,
                 int *from, int *to)
{
    *from = n;
    *to = 0;
    for (int i = 0; i < n;) {
        int shown = map_inside_run(clip, taps, i, n, true);
        *from = shown > 0 && i < *from ? i : *from;
        *to = shown > 0 ? i + shown : *to;
        i += shown;
        int hidden = map_inside_run(clip, taps, i, n, false);
        if (out)
            map_paint(out, i, i + hidden, clip->fill.level);
        i += hidden;
    }
}

/* The span of a row behind a lens, where frames are not convex: all that is shown lies in it. What
 * they hide is painted after the pixels are there. */
static void bent_span(const struct map_job *job, struct map_taps *taps, int row, int span[2],
                      uint8_t *out)
{
    int begin = span[0], n = span[1] - begin, first = 0, last = n, from, to;
    map_taps_of_row(job, row, begin, span[1], taps);
    for (int k = 0; k < job->clips_used && job->clips[k].behind_lens; k++) {
        hide(&job->clips[k], taps, n, NULL, &from, &to);
        first = from > first ? from : first;
        last = to < last ? to : last;
    }
    last = last > first ? last : first;
    span[0] = begin + first;
    span[1] = begin + last;
    struct map_taps shown = map_taps_from(taps, first);
    sample_taps(job, &shown, row, span[0], span[1], out);
    for (int k = 0; k < job->clips_used && job->clips[k].behind_lens; k++)
        hide(&job->clips[k], taps, n, out + 3 * (size_t)begin, &from, &to);
}

/* Columns span[0] to span[1] lie in all frames that are not behind a lens. */
void map_sample_span(const struct map_job *job, struct map_taps *taps, int row, int span[2],
                     uint8_t *out)
{
    if (job->clips_used > 0 && job->clips[0].behind_lens)
        bent_span(job, taps, row, span, out);
    else if (!job->boxed && !nearest_row(job, row, span[0], span[1], out)) {
        map_taps_of_row(job, row, span[0], span[1], taps);
        sample_taps(job, taps, row, span[0], span[1], out);
    }
}
