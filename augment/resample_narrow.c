/*
 * How much a map shrinks the picture at the pixels of a row: what the filters are widened by. A map
 * whose Jacobian J (source by output) is P R, P symmetric and R a rotation, shrinks along the
 * eigenvectors of P by its eigenvalues; those below 1 enlarge and count as 1. Taken at the center
 * of every pixel, eight at a time: the divisions are what it costs.
 */
#include <float.h>
#include <math.h>

#include "augment/resample_map_private.h"
#include "base/simd.h"

enum { LANES = MAP_NARROWS };

/* Points on their way from the output to the source, and the Jacobian (a b; c d) of the way. */
struct lanes {
    double x[LANES], y[LANES], a[LANES], b[LANES], c[LANES], d[LANES];
};

/* Through a projective map. */
VECTOR_CLONES static void project(const double *m, struct lanes *l)
{
    const double m0 = m[0], m1 = m[1], m2 = m[2], m3 = m[3], m4 = m[4], m5 = m[5];
    const double m6 = m[6], m7 = m[7], m8 = m[8];
    for (int k = 0; k < LANES; k++) {
        double x = l->x[k], y = l->y[k], scale = 1 / (m6 * x + (m7 * y + m8));
        double to_x = (m0 * x + (m1 * y + m2)) * scale, to_y = (m3 * x + (m4 * y + m5)) * scale;
        double a = (m0 - to_x * m6) * scale, b = (m1 - to_x * m7) * scale;
        double c = (m3 - to_y * m6) * scale, d = (m4 - to_y * m7) * scale;
        double la = l->a[k], lb = l->b[k], lc = l->c[k], ld = l->d[k];
        l->x[k] = to_x;
        l->y[k] = to_y;
        l->a[k] = a * la + b * lc;
        l->b[k] = a * lb + b * ld;
        l->c[k] = c * la + d * lc;
        l->d[k] = c * lb + d * ld;
    }
}

/* Through a lens. */
VECTOR_CLONES static void look(const struct plan_lens *lens, struct lanes *l)
{
    const double center_x = lens->center_x, center_y = lens->center_y, radius = lens->radius;
    const double k1 = lens->k1, k2 = lens->k2, p1 = lens->p1, p2 = lens->p2, inverse = 1 / radius;
    for (int k = 0; k < LANES; k++) {
        double u = (l->x[k] - center_x) * inverse, v = (l->y[k] - center_y) * inverse;
        double uu = u * u, vv = v * v, uv = u * v, r2 = uu + vv, radial = 1 + r2 * (k1 + r2 * k2);
        double bent = 2 * k1 + 4 * k2 * r2; /* d radial / du = bent u */
        double a = radial + bent * uu + 2 * p1 * v + 6 * p2 * u;
        double b = bent * uv + 2 * p1 * u + 2 * p2 * v; /* and c */
        double d = radial + bent * vv + 6 * p1 * v + 2 * p2 * u;
        double la = l->a[k], lb = l->b[k], lc = l->c[k], ld = l->d[k];
        l->x[k] = center_x + radius * (u * radial + 2 * p1 * uv + p2 * (r2 + 2 * uu));
        l->y[k] = center_y + radius * (v * radial + p1 * (r2 + 2 * vv) + 2 * p2 * uv);
        l->a[k] = a * la + b * lc;
        l->b[k] = a * lb + b * ld;
        l->c[k] = b * la + d * lc;
        l->d[k] = b * lb + d * ld;
    }
}

/* S = J J^T has the eigenvalues l = mean +- half and, but for the sign, S = mean + half R with R R
 * = 1. A function g of it is (g(l1) + g(l2)) / 2 + (g(l1) - g(l2)) / 2 R. Rotations leave a trace
 * of rounding above 1, which is no shrinking; nor is what is not finite. In steps that hold no
 * branch, without which compilers make no vectors of them. */
VECTOR_CLONES static void narrow(const struct lanes *l, struct map_narrow *block)
{
    double apart[LANES], half[LANES], large[LANES], small[LANES], span[LANES], shrinks[LANES];
    for (int k = 0; k < LANES; k++) {
        double a = l->a[k], b = l->b[k], c = l->c[k], d = l->d[k];
        double xx = a * a + b * b, yy = c * c + d * d, xy = a * c + b * d, mean = (xx + yy) / 2;
        apart[k] = (xx - yy) / 2;
        half[k] = sqrt(apart[k] * apart[k] + xy * xy);
        block->xy[k] = xy;
        large[k] = mean + half[k];
        small[k] = mean - half[k];
    }
    for (int k = 0; k < LANES; k++) {
        small[k] = small[k] > 1 ? small[k] : 1;
        span[k] = half[k] > 0 ? half[k] : 1;
        shrinks[k] = large[k] > 1 + 1e-9 ? 1.0 : 0.0;
    }
    for (int k = 0; k < LANES; k++) {
        shrinks[k] = large[k] <= DBL_MAX ? shrinks[k] : 0.0;
        large[k] = 1 / sqrt(large[k]);
        small[k] = 1 / sqrt(small[k]);
    }
    for (int k = 0; k < LANES; k++) {
        double both = (large[k] + small[k]) / 2, turn = (large[k] - small[k]) / (2 * span[k]);
        block->xx[k] = both + turn * apart[k];
        block->xy[k] = turn * block->xy[k];
        block->yy[k] = both - turn * apart[k];
    }
    for (int k = 0; k < LANES; k++) {
        block->xx[k] = shrinks[k] > 0 ? block->xx[k] : 1;
        block->xy[k] = shrinks[k] > 0 ? block->xy[k] : 0;
        block->yy[k] = shrinks[k] > 0 ? block->yy[k] : 1;
    }
    for (int k = 0; k < LANES; k++) {
        double xx = block->xx[k], xy = block->xy[k], yy = block->yy[k];
        double across = fabs(xy), scale = 1 / (xx * yy - xy * xy);
        block->reach_x[k] = (fabs(yy) + across) * scale;
        block->reach_y[k] = (fabs(xx) + across) * scale;
    }
}

bool map_narrow_of(const double j[4], struct map_narrow *block)
{
    struct lanes l;
    for (int k = 0; k < LANES; k++) {
        l.a[k] = j[0];
        l.b[k] = j[1];
        l.c[k] = j[2];
        l.d[k] = j[3];
    }
    narrow(&l, block);
    return block->xx[0] != 1 || block->yy[0] != 1;
}

void map_narrow_block(const struct map_job *job, const int columns[MAP_NARROWS], int row,
                      struct map_narrow *block)
{
    struct lanes l;
    for (int k = 0; k < LANES; k++) {
        l.x[k] = columns[k] + 0.5;
        l.y[k] = row + 0.5;
        l.a[k] = l.d[k] = 1;
        l.b[k] = l.c[k] = 0;
    }
    project(job->post, &l);
    if (job->lens) {
        look(job->lens, &l);
        project(job->pre, &l);
    }
    narrow(&l, block);
}
