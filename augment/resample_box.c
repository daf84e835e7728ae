/*
 * A map that only scales and moves (or mirrors) is a resize of a box with fractional sides: the
 * separable resampler widens its filter at a fraction of what the general one needs.
 */
#include <math.h>

#include "augment/resample.h"
#include "augment/resample_map_private.h"

/* The rectangle of the output that all frames show, where they are rectangles of it, too. */
static bool shown_box(const struct map_job *job, struct rect *box)
{
    int left = 0, right = job->width, top = 0, bottom = job->height;
    for (int k = 0; k < job->clips_used; k++) {
        const struct plan_clip *clip = &job->clips[k];
        const double *m = clip->map;
        if (clip->behind_lens || m[1] != 0 || m[3] != 0 || m[6] != 0 || m[7] != 0 || m[8] != 1)
            return false;
        int begin = 0, end = 0, first = 0, last = job->height;
        for (; first < last && begin == end; first++)
            map_clip_span(job, clip, first, &begin, &end);
        first -= begin < end;
        left = begin > left ? begin : left;
        right = end < right ? end : right;
        for (begin = end = 0; last > first && begin == end; last--)
            map_clip_span(job, clip, last - 1, &begin, &end);
        last += begin < end;
        top = first > top ? first : top;
        bottom = last < bottom ? last : bottom;
    }
    *box = (struct rect){ left, top, right - left, bottom - top };
    return box->width > 0 && box->height > 0;
}

static void mirror_columns(const struct image *image)
{
    for (int y = 0; y < image->height; y++) {
        uint8_t *a = image->pixels + (size_t)y * image->stride;
        uint8_t *b = a + 3 * ((size_t)image->width - 1);
        for (; a < b; a += 3, b -= 3)
            for (int c = 0; c < 3; c++) {
                uint8_t level = a[c];
                a[c] = b[c];
                b[c] = level;
            }
    }
}

static void mirror_rows(const struct image *image)
{
    for (int y = 0; y < image->height / 2; y++) {
        uint8_t *a = image->pixels + (size_t)y * image->stride;
        uint8_t *b = image->pixels + (size_t)(image->height - 1 - y) * image->stride;
        for (int x = 0; x < 3 * image->width; x++) {
            uint8_t level = a[x];
            a[x] = b[x];
            b[x] = level;
        }
    }
}

int map_run_box(struct resampler *resampler, const struct map_job *job, const struct image *source,
                struct image *out, struct error *err)
{
    const double *p = job->post;
    struct rect box;
    if (!job->widened || p[1] != 0 || p[3] != 0 || fabs(p[0]) > job->window.width ||
        fabs(p[4]) > job->window.height || !shown_box(job, &box))
        return 0;
    /* As if not mirrored: what output W - 1 - x of it shows. */
    double scale[2] = { fabs(p[0]), fabs(p[4]) }, shift[2] = { p[2], p[5] };
    struct rect wanted = box;
    if (p[0] < 0) {
        shift[0] += p[0] * job->width;
        wanted.x = job->width - box.x - box.width;
    }
    if (p[4] < 0) {
        shift[1] += p[4] * job->height;
        wanted.y = job->height - box.y - box.height;
    }
    struct image part = { out->pixels + (size_t)box.y * out->stride + 3 * (size_t)box.x, box.width,
                          box.height, out->stride };
    if (resampler_box(resampler, job->filter, source, job->held.x, job->held.y, job->window, scale,
                      shift, wanted, &part, err) < 0)
        return -1;
    if (p[0] < 0)
        mirror_columns(&part);
    if (p[4] < 0)
        mirror_rows(&part);
    return 1;
}
