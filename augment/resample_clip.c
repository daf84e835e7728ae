/*
 * Which output pixels lie in the frames of a plan, and where the others are taken. The test is
 * Pillow's: the pixel's center, on the same positions that the taps are found by.
 */
#include <math.h>

#include "augment/affine.h"
#include "augment/resample_map_private.h"
#include "base/simd.h"

bool map_inside(const struct plan_clip *clip, double x, double y)
{
    const double *m = clip->map;
    double u = m[0] * x + (m[1] * y + m[2]), v = m[3] * x + (m[4] * y + m[5]);
    double w = m[6] * x + (m[7] * y + m[8]);
    return u >= 0 && v >= 0 && u < clip->width * w && v < clip->height * w;
}

int map_inside_run(const struct plan_clip *clip, const struct map_taps *taps, int i, int n,
                   bool inside)
{
    int begin = i;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        i += map_inside_run_avx2(clip, taps, i, n, inside);
#endif
    while (i < n && map_inside(clip, taps->bent_x[i], taps->bent_y[i]) == inside)
        i++;
    return i - begin;
}

/* Cut [*begin, *end) to the columns i with 0 <= x + i dx < size. */
static void line_span(int64_t x, int64_t dx, int64_t size, int *begin, int *end)
{
    if (dx == 0) {
        *end = x < 0 || x >= size ? *begin : *end;
        return;
    }
    /* As if upwards: from the first i with i |dx| >= low to the last with i |dx| <= high. */
    int64_t low = dx > 0 ? -x : x - (size - 1), high = dx > 0 ? size - 1 - x : x;
    int64_t step = dx > 0 ? dx : -dx;
    int64_t first = low > 0 ? (low - 1) / step + 1 : 0, last = high < 0 ? 0 : high / step + 1;
    *begin = first > *begin ? (int)(first < *end ? first : *end) : *begin;
    *end = last < *end ? (int)(last > *begin ? last : *begin) : *end;
}

void map_clip_span(const struct map_job *job, const struct plan_clip *clip, int row, int *begin,
                   int *end)
{
    const double *m = clip->map;
    double y = row + 0.5;
    *begin = 0;
    *end = job->width;
    if (map_is_affine(m)) {
        struct map_line line = map_line_make(m, job->filter, row);
        int64_t width = (int64_t)clip->width << line.bits;
        int64_t height = (int64_t)clip->height << line.bits;
        line_span((int64_t)line.x, (int64_t)line.dx, width, begin, end);
        line_span((int64_t)line.y, (int64_t)line.dy, height, begin, end);
        return;
    }
    while (*begin < *end && !map_inside(clip, *begin + 0.5, y))
        ++*begin;
    while (*end > *begin && !map_inside(clip, *end - 0.5, y))
        --*end;
}

/* The span of a frame without the half pixel at its borders from which on points are moved. */
static void unmoved_span(const struct map_job *job, const struct plan_clip *clip, int row,
                         int *begin, int *end)
{
    struct plan_clip inner = *clip;
    if (clip->fill.mode != FILL_CONSTANT) {
        for (int c = 0; c < 3; c++) { /* (u, v) - w / 2 */
            inner.map[c] -= clip->map[6 + c] / 2;
            inner.map[3 + c] -= clip->map[6 + c] / 2;
        }
        inner.width--;
        inner.height--;
    }
    map_clip_span(job, &inner, row, begin, end);
}

void map_inner_span(const struct map_job *job, int row, int span[2])
{
    span[0] = 0;
    span[1] = job->width;
    for (int k = 0; k < job->clips_used; k++) {
        int begin = 0, end = 0;
        if (!job->clips[k].behind_lens)
            unmoved_span(job, &job->clips[k], row, &begin, &end);
        span[0] = begin > span[0] ? begin : span[0];
        span[1] = end < span[1] ? end : span[1];
    }
    if (span[0] >= span[1])
        span[0] = span[1] = 0;
}

/* A coordinate in a frame of `size` pixels, moved into it: to the center of the border pixel, or
 * reflected about it. */
static double moved(enum plan_fill_mode mode, double x, int size)
{
    double last = size - 1, t = x - 0.5;
    if (mode == FILL_EDGE || size == 1)
        return t < 0 ? 0.5 : t > last ? last + 0.5 : x;
    t = fmod(fabs(t), 2 * last);
    return 0.5 + (t > last ? 2 * last - t : t);
}

/* Ask frame k about the point that its map takes; move it where the frame ends in edge or
 * reflection. False: it gets the frame's constant. */
static bool ask(const struct map_job *job, int k, double *x, double *y)
{
    const struct plan_clip *clip = &job->clips[k];
    double at_x, at_y;
    bool finite = affine_point(clip->map, *x, *y, &at_x, &at_y);
    if (clip->fill.mode == FILL_CONSTANT)
        return map_inside(clip, *x, *y);
    double to_x = finite ? moved(clip->fill.mode, at_x, clip->width) : 0.5;
    double to_y = finite ? moved(clip->fill.mode, at_y, clip->height) : 0.5;
    if ((to_x != at_x || to_y != at_y) && job->returns[k])
        affine_point(job->back[k], to_x, to_y, x, y);
    return true;
}

const struct plan_clip *map_follow(const struct map_job *job, double *x, double *y)
{
    int k = job->clips_used - 1;
    for (; k >= 0 && !job->clips[k].behind_lens; k--)
        if (!ask(job, k, x, y))
            return &job->clips[k];
    map_bend(job, x, y);
    for (; k >= 0; k--)
        if (!ask(job, k, x, y))
            return &job->clips[k];
    map_unbent(job, x, y);
    return NULL;
}
