#include "augment/resample_wide.h"

#include "base/simd.h"

/* The triangle, and the cubic of Pillow's resize (a = -0.5). */
static inline float kernel(enum plan_filter filter, float x)
{
    x = fabsf(x);
    if (filter == FILTER_BILINEAR)
        return 1 - x > 0 ? 1 - x : 0;
    if (x < 1)
        return (1.5f * x - 2.5f) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5f : 0;
}

static float add_lanes(const float l[WIDE_LANES])
{
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

void map_sample_wide_plain(const struct map_job *job, double x, double y,
                           const struct map_wide *wide, uint8_t *out)
{
    float total[WIDE_LANES] = { 0 }, sum[3][WIDE_LANES] = { 0 };
    float xx = (float)wide->xx, xy = (float)wide->xy, yy = (float)wide->yy;
    int top, bottom, first, last;
    wide_rows(job, wide, y, &top, &bottom);
    for (int row = top; row <= bottom; row++) {
        float dy = (float)(row + 0.5 - y), u = xy * dy, v = yy * dy;
        wide_columns(job, wide, x, row + 0.5 - y, &first, &last);
        const uint8_t *line = job->pixels + (ptrdiff_t)row * (ptrdiff_t)job->stride;
        for (int at = first; at <= last; at += WIDE_LANES) {
            const uint8_t *pixel = line + 3 * (ptrdiff_t)at;
            float start = (float)(at + 0.5 - x);
            for (int k = 0; k < WIDE_LANES && at + k <= last; k++, pixel += 3) {
                float dx = start + (float)k;
                float weight =
                    kernel(wide->filter, xx * dx + u) * kernel(wide->filter, xy * dx + v);
                total[k] += weight;
                for (int c = 0; c < 3; c++)
                    sum[c][k] += weight * pixel[c];
            }
        }
    }
    const float sums[3] = { add_lanes(sum[0]), add_lanes(sum[1]), add_lanes(sum[2]) };
    map_wide_finish(job, x, y, add_lanes(total), sums, out);
}

void map_wide_finish(const struct map_job *job, double x, double y, float total, const float sum[3],
                     uint8_t *out)
{
    const struct rect *w = &job->window;
    float half = job->cut_off ? 0 : 0.5f;
    for (int c = 0; c < 3 && total > 1e-6f; c++) {
        float level = sum[c] / total + half;
        out[c] = (uint8_t)(level > 0 ? level < 255 ? level : 255 : 0);
    }
    if (!(total > 1e-6f)) {
        int column = (int)fmin(fmax(floor(x), w->x), w->x + w->width - 1);
        int row = (int)fmin(fmax(floor(y), w->y), w->y + w->height - 1);
        const uint8_t *pixel =
            job->pixels + (ptrdiff_t)row * (ptrdiff_t)job->stride + 3 * (ptrdiff_t)column;
        for (int c = 0; c < 3; c++)
            out[c] = pixel[c];
    }
}

void map_sample_wide(const struct map_job *job, double x, double y, const struct map_wide *wide,
                     uint8_t *out)
{
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2) {
        map_sample_wide_avx2(job, x, y, wide, out);
        return;
    }
#endif
    map_sample_wide_plain(job, x, y, wide, out);
}
