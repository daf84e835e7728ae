/*
 * Pixels by their taps, in integers: weights of 14 bits (cubic: from a table by the first 10 bits
 * of the position), first along rows, then down. Between the passes are POINT bits behind the
 * point: levels up to 1.25 * 255 with the cubic's overshoot still fit 16 bits, as the vector code
 * keeps them.
 *
 * Widened filters run in double: the taps of each row that the parallelogram around the point
 * covers, weights normalized by their sum.
 */
#include <math.h>

#include "augment/resample_map_private.h"

enum { POINT = 6, LAST = 2 * MAP_POINT - (MAP_POINT - POINT) };

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

/* The x between *low and *high where |a x + b| < s; may be empty. */
static void narrow_span(double a, double b, double s, double *low, double *high)
{
    if (a == 0) {
        if (!(fabs(b) < s))
            *high = *low - 1;
        return;
    }
    double p = (-s - b) / a, q = (s - b) / a;
    *low = fmax(*low, fmin(p, q));
    *high = fmin(*high, fmax(p, q));
}

static double kernel(enum plan_filter filter, double x)
{
    if (filter == FILTER_BICUBIC)
        return cubic_value(-0.5, x);
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static void sample_wide(const struct map_job *job, double x, double y, const double narrow[3],
                        uint8_t *out)
{
    const struct rect *w = &job->window;
    double support = job->filter == FILTER_BICUBIC ? 2 : 1, total = 0, sum[3] = { 0 };
    double xx = narrow[0], xy = narrow[1], yy = narrow[2];
    double reach = support * (fabs(xx) + fabs(xy)) / (xx * yy - xy * xy);
    int top = (int)fmax(w->y, ceil(y - reach - 0.5));
    int bottom = (int)fmin(w->y + w->height - 1, floor(y + reach - 0.5));
    for (int row = top; row <= bottom; row++) {
        double dy = row + 0.5 - y, low = w->x + 0.5 - x, high = low + w->width - 1;
        narrow_span(xx, xy * dy, support, &low, &high);
        narrow_span(xy, yy * dy, support, &low, &high);
        int first = (int)fmin(fmax(ceil(x + low - 0.5 - 1e-6), w->x), w->x + w->width);
        int last = (int)fmax(fmin(floor(x + high - 0.5 + 1e-6), w->x + w->width - 1), w->x - 1);
        const uint8_t *pixel =
            job->pixels + (ptrdiff_t)row * (ptrdiff_t)job->stride + 3 * (ptrdiff_t)first;
        for (int column = first; column <= last; column++, pixel += 3) {
            double dx = column + 0.5 - x;
            double weight =
                kernel(job->filter, xx * dx + xy * dy) * kernel(job->filter, xy * dx + yy * dy);
            total += weight;
            for (int c = 0; c < 3; c++)
                sum[c] += weight * pixel[c];
        }
    }
    if (!(total > 1e-6)) { /* the point is far outside the window */
        const uint8_t *pixel = tap_at(job, (int)floor(x), (int)floor(y));
        for (int c = 0; c < 3; c++)
            out[c] = pixel[c];
        return;
    }
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)clamp((int)floor(sum[c] / total + (job->cut_off ? 0 : 0.5)), 0, 255);
}

static const double unwidened[3] = { 1, 0, 1 };

static int cubic_row(uint16_t f)
{
    return (f + (1 << (MAP_POINT - CUBIC_POINT - 1))) >> (MAP_POINT - CUBIC_POINT);
}

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
        sample_wide(job, at_x, at_y, unwidened, out);
        return;
    }
    weigh(job, 4, x - 1, y - 1, job->cubic[cubic_row(taps->fx[i])],
          job->cubic[cubic_row(taps->fy[i])], out);
}

void map_sample(const struct map_job *job, const struct map_taps *taps, int n, uint8_t *out)
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

void map_sample_at(const struct map_job *job, double x, double y, const double *narrow,
                   uint8_t *out)
{
    int32_t tap_x, tap_y;
    uint16_t fx, fy;
    struct map_taps tap = { &tap_x, &tap_y, &fx, &fy };
    if (narrow) {
        sample_wide(job, x, y, narrow, out);
        return;
    }
    map_tap(job->filter, x, y, &tap, 0);
    map_sample(job, &tap, 1, out);
}
