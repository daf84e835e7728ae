/*
 * Pixels by their taps, in integers: weights of 14 bits (cubic: from a table by the first 10 bits
 * of the position), first along rows, then down. Between the passes are POINT bits behind the
 * point: levels up to 1.25 * 255 with the cubic's overshoot still fit 16 bits, as the vector code
 * keeps them.
 */
#include <math.h>

#include "augment/resample_wide.h"
#include "base/simd.h"

enum { POINT = MAP_BETWEEN, LAST = MAP_POINT + POINT };

/* Keys' cubic (Keys, "Cubic Convolution Interpolation", 1981). */
static double cubic_value(double a, double x)
{
    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

void map_cubic_make(double a, int16_t cubic[(1 << CUBIC_POINT) + 1][4])
{
    for (int i = 0; i <= 1 << CUBIC_POINT; i++) {
        double x = (double)i / (1 << CUBIC_POINT);
        int rest = MAP_ONE;
        for (int k = 0; k < 4; k++)
            cubic[i][k] = (int16_t)floor(cubic_value(a, k - 1 - x) * MAP_ONE + 0.5);
        for (int k = 0; k < 4; k++)
            rest -= cubic[i][k];
        cubic[i][x < 0.5 ? 1 : 2] += (int16_t)rest; /* a level stays a level */
    }
}

static int clamp(int x, int low, int high)
{
    return x < low ? low : x > high ? high : x;
}

static const uint8_t *tap_at(const struct map_job *job, int x, int y)
{
    const struct rect *w = &job->window;
    x = clamp(x, w->x, w->x + w->width - 1);
    y = clamp(y, w->y, w->y + w->height - 1);
    return job->pixels + (ptrdiff_t)y * (ptrdiff_t)job->stride + 3 * (ptrdiff_t)x;
}

/* `taps` x `taps` pixels around (x, y) with the weights of each direction. */
static void weigh(const struct map_job *job, int taps, int x, int y, const int16_t *wx,
                  const int16_t *wy, uint8_t *out)
{
    int32_t half = job->cut_off ? 0 : 1 << (LAST - 1);
    int32_t sum[3] = { half, half, half };
    for (int j = 0; j < taps; j++) {
        int32_t row[3] = { 0 };
        for (int i = 0; i < taps; i++) {
            const uint8_t *pixel = tap_at(job, x + i, y + j);
            for (int c = 0; c < 3; c++)
                row[c] += pixel[c] * wx[i];
        }
        for (int c = 0; c < 3; c++)
            sum[c] += ((row[c] + (1 << (MAP_POINT - POINT - 1))) >> (MAP_POINT - POINT)) * wy[j];
    }
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)clamp(sum[c] >> LAST, 0, 255);
}

static const struct map_narrow unwidened = { { 1 }, { 0 }, { 1 }, { 1 }, { 1 } };

/* Pillow's resize leaves out the taps beyond the border, where its transform repeats the border. */
static bool at_border(const struct map_job *job, int x, int y)
{
    const struct rect *w = &job->window;
    return x - 1 < w->x || y - 1 < w->y || x + 3 > w->x + w->width || y + 3 > w->y + w->height;
}

static void sample_bicubic(const struct map_job *job, const struct map_taps *taps, int i,
                           uint8_t *out)
{
    int x = taps->x[i], y = taps->y[i];
    if (job->antialias && at_border(job, x, y)) {
        double at_x = x + 0.5 + (double)taps->fx[i] / MAP_ONE;
        double at_y = y + 0.5 + (double)taps->fy[i] / MAP_ONE;
        struct map_wide wide = map_wide_make(job->filter, &unwidened, 0);
        map_sample_wide(job, at_x, at_y, &wide, out);
        return;
    }
    weigh(job, 4, x - 1, y - 1, job->cubic[map_cubic_row(taps->fx[i])],
          job->cubic[map_cubic_row(taps->fy[i])], out);
}

void map_sample_plain(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out)
{
    for (int i = 0; i < n; i++, out += 3) {
        if (job->filter == FILTER_NEAREST) {
            const uint8_t *pixel = tap_at(job, taps->x[i], taps->y[i]);
            out[0] = pixel[0];
            out[1] = pixel[1];
            out[2] = pixel[2];
        } else if (job->filter == FILTER_BILINEAR) {
            const int16_t wx[2] = { (int16_t)(MAP_ONE - taps->fx[i]), (int16_t)taps->fx[i] };
            const int16_t wy[2] = { (int16_t)(MAP_ONE - taps->fy[i]), (int16_t)taps->fy[i] };
            weigh(job, 2, taps->x[i], taps->y[i], wx, wy, out);
        } else
            sample_bicubic(job, taps, i, out);
    }
}

void map_sample(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out)
{
#ifdef SIMD_X86
    if (n >= 8 && map_offsets_fit(job) && simd_level() >= SIMD_LEVEL_AVX2) {
        map_sample_avx2(job, taps, n, out);
        return;
    }
#endif
    map_sample_plain(job, taps, n, out);
}

void map_sample_at(const struct map_job *job, double x, double y, uint8_t *out)
{
    int32_t tap_x, tap_y, fx, fy;
    struct map_taps tap = { &tap_x, &tap_y, &fx, &fy, NULL, NULL };
    if (job->widened) {
        struct map_wide wide = map_wide_make(job->filter, &job->narrow, 0);
        map_sample_wide(job, x, y, &wide, out);
        return;
    }
    map_tap(job->filter, x, y, &tap, 0);
    map_sample(job, &tap, 1, out);
}
