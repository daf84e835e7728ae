#include "augment/color_run.h"

#include <assert.h>

#include "augment/augmentation.h"
#include "base/simd.h"

bool color_uses_mean(const struct plan_color *entry)
{
    for (int r = 0; r < 3; r++)
        for (int c = 0; c < 3; c++)
            if (entry->mean[r][c] != 0)
                return true;
    return false;
}

void color_resolve(const struct plan_color *entry, const double mean[3], struct color_matrix *m)
{
    for (int r = 0; r < 3; r++) {
        double offset = entry->offset[r];
        for (int c = 0; c < 3; c++) {
            m->pixel[r][c] = (float)entry->pixel[r][c];
            offset += entry->mean[r][c] * mean[c];
        }
        m->offset[r] = (float)offset;
    }
}

VECTOR_CLONES static void apply(const struct color_matrix *m, size_t n, float *r, float *g,
                                float *b)
{
    for (size_t i = 0; i < n; i++) {
        float x = r[i], y = g[i], z = b[i];
        r[i] = m->pixel[0][0] * x + m->pixel[0][1] * y + m->pixel[0][2] * z + m->offset[0];
        g[i] = m->pixel[1][0] * x + m->pixel[1][1] * y + m->pixel[1][2] * z + m->offset[1];
        b[i] = m->pixel[2][0] * x + m->pixel[2][1] * y + m->pixel[2][2] * z + m->offset[2];
    }
}

void color_apply(const struct color_matrix *m, size_t n, float *r, float *g, float *b)
{
    apply(m, n, r, g, b);
}

static void run_matrix(const struct plan_color *entry, struct raster *raster)
{
    struct color_matrix m;
    double mean[3] = { 0 };
    if (color_uses_mean(entry))
        raster_mean(raster, mean);
    color_resolve(entry, mean, &m);
    size_t n = (size_t)raster_width(raster) * (size_t)raster_height(raster);
    float *planes = raster_planes(raster);
    color_apply(&m, n, planes, planes + n, planes + 2 * n);
}

int color_run(const struct plan *plan, struct raster *raster, struct error *err)
{
    for (int i = 0; i < plan->colors_used; i++) {
        const struct plan_color *entry = &plan->colors[i];
        assert(entry->kind != COLOR_CHAIN);
        if (entry->kind == COLOR_MATRIX)
            run_matrix(entry, raster);
        else if (augmentations[entry->op]->apply(entry, raster, err) < 0)
            return -1;
    }
    return 0;
}
