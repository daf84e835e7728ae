/*
 * Where an output pixel's center lies in the source. Affine maps step along a row in fixed point:
 * with 32 bits behind the point, or for nearest with 16 and each coefficient rounded by itself,
 * which is what Pillow's transform does, so that the same pixels are picked. Everything else is
 * double, pixel by pixel.
 */
#include <math.h>

#include "augment/affine.h"
#include "augment/plan_private.h"
#include "augment/resample_map_private.h"
#include "base/simd.h"

static uint64_t fixed(double x, int bits)
{
    return (uint64_t)(int64_t)floor(x * (double)((int64_t)1 << bits) + 0.5);
}

struct map_line map_line_make(const double m[9], enum plan_filter filter, int row)
{
    if (filter == FILTER_NEAREST && (m[1] != 0 || m[3] != 0)) {
        uint64_t j = (uint64_t)row;
        return (struct map_line){
            .x = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5, 16) + j * fixed(m[1], 16),
            .y = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5, 16) + j * fixed(m[4], 16),
            .dx = fixed(m[0], 16),
            .dy = fixed(m[3], 16),
            .bits = 16,
        };
    }
    double y = row + 0.5;
    return (struct map_line){
        .x = fixed(m[0] * 0.5 + (m[1] * y + m[2]), 32),
        .y = fixed(m[3] * 0.5 + (m[4] * y + m[5]), 32),
        .dx = fixed(m[0], 32),
        .dy = fixed(m[3], 32),
        .bits = 32,
    };
}

static double within_reach(double x)
{
    return x > -PLAN_REACH ? x < PLAN_REACH ? x : PLAN_REACH : -PLAN_REACH; /* NaN: the least */
}

static void project(const double m[9], double x, double y, double *to_x, double *to_y)
{
    double scale = map_is_affine(m) ? 1 : 1 / (m[6] * x + (m[7] * y + m[8]));
    *to_x = (m[0] * x + (m[1] * y + m[2])) * scale;
    *to_y = (m[3] * x + (m[4] * y + m[5])) * scale;
}

static void look(const struct plan_lens *l, double x, double y, double *to_x, double *to_y)
{
    double inverse = 1 / l->radius;
    double u = (x - l->center_x) * inverse, v = (y - l->center_y) * inverse;
    double uu = u * u, vv = v * v, uv = u * v, r2 = uu + vv;
    double radial = 1 + r2 * (l->k1 + r2 * l->k2);
    *to_x = l->center_x + l->radius * (u * radial + 2 * l->p1 * uv + l->p2 * (r2 + 2 * uu));
    *to_y = l->center_y + l->radius * (v * radial + l->p1 * (r2 + 2 * vv) + 2 * l->p2 * uv);
}

void map_bend(const struct map_job *job, double *x, double *y)
{
    project(job->post, *x, *y, x, y);
    if (job->lens)
        look(job->lens, *x, *y, x, y);
}

void map_unbent(const struct map_job *job, double *x, double *y)
{
    if (job->lens)
        project(job->pre, *x, *y, x, y);
    *x = within_reach(*x);
    *y = within_reach(*y);
}

void map_point(const struct map_job *job, double *x, double *y)
{
    map_bend(job, x, y);
    map_unbent(job, x, y);
}

void map_tap(enum plan_filter filter, double x, double y, struct map_taps *taps, int i)
{
    if (filter != FILTER_NEAREST) {
        x = x - 0.5 + 0.5 / MAP_ONE;
        y = y - 0.5 + 0.5 / MAP_ONE;
    }
    double left = floor(x), top = floor(y);
    taps->x[i] = (int32_t)left;
    taps->y[i] = (int32_t)top;
    taps->fx[i] = (int32_t)((x - left) * MAP_ONE);
    taps->fy[i] = (int32_t)((y - top) * MAP_ONE);
}

static void affine_row(const struct map_job *job, int row, int begin, int end,
                       struct map_taps *taps)
{
    struct map_line line = map_line_make(job->post, job->filter, row);
    int done = 0, point = line.bits - MAP_POINT;
    line.x += (uint64_t)begin * line.dx;
    line.y += (uint64_t)begin * line.dy;
    if (job->filter != FILTER_NEAREST) { /* from the first tap's center, to the nearest position */
        line.x += (1u << (31 - MAP_POINT)) - ((uint64_t)1 << 31);
        line.y += (1u << (31 - MAP_POINT)) - ((uint64_t)1 << 31);
    }
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        done = map_affine_row_avx2(&line, end - begin, taps);
#endif
    uint64_t x = line.x + (uint64_t)done * line.dx, y = line.y + (uint64_t)done * line.dy;
    for (int i = done; i < end - begin; i++, x += line.dx, y += line.dy) {
        taps->x[i] = (int32_t)((int64_t)x >> line.bits);
        taps->y[i] = (int32_t)((int64_t)y >> line.bits);
        taps->fx[i] = (int32_t)((x >> point) & (MAP_ONE - 1));
        taps->fy[i] = (int32_t)((y >> point) & (MAP_ONE - 1));
    }
}

static void bent_row(const struct map_job *job, int row, int begin, int end, struct map_taps *taps)
{
    int done = 0;
#ifdef SIMD_X86
    if (simd_level() >= SIMD_LEVEL_AVX2)
        done = map_bent_row_avx2(job, row, begin, end, taps);
#endif
    for (int i = done; i < end - begin; i++) {
        double x = begin + i + 0.5, y = row + 0.5;
        map_bend(job, &x, &y);
        if (job->lens) {
            taps->bent_x[i] = x;
            taps->bent_y[i] = y;
        }
        map_unbent(job, &x, &y);
        map_tap(job->filter, x, y, taps, i);
    }
}

void map_taps_of_row(const struct map_job *job, int row, int begin, int end, struct map_taps *taps)
{
    if (job->affine)
        affine_row(job, row, begin, end, taps);
    else
        bent_row(job, row, begin, end, taps);
}
