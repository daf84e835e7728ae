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

/* Columns [begin, end) of a row by their taps. */
static void sample_taps(const struct map_job *job, const struct map_taps *taps, int row, int begin,
                        int end, uint8_t *out)
{
    if (job->widened)
        sample_wide(job, taps, 0, end - begin, job->narrow, out + 3 * (size_t)begin);
    else if (job->antialias && job->filter != FILTER_NEAREST && !job->affine)
        sample_blocks(job, taps, row, begin, end, out);
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
